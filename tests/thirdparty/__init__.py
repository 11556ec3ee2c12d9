"""Generative nets that others trained, rebuilt in Keras for tests and benchmarks.

Each net is one module with two functions: `build()` returns the Keras model, `golden()` returns
an input and the output expected for it. `python -m tests.thirdparty NAME` saves one as `.keras`.
Modules with a leading underscore are helpers. Weights are fetched, never committed. Keras is
imported by `build` alone, so that merely collecting these tests stays quick.
"""
