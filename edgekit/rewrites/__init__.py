"""Exact rewrites of lowered graphs: a folder for each engine, a file for each rewrite.

A rewrite is a module with `match` and `apply`, which replaces an op in place; its docstring holds
the mathematics. Results are equal to the last rounding.
"""
