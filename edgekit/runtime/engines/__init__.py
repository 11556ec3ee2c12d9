"""Inference engines: one file each, importing only that engine.

An engine has `SUFFIX`, `check_installed()`, `describe(path) -> Signature` (what an artifact tells
of itself) and `load(path, signature, threads) -> Call` on arrays of the signature's shapes and
dtypes.
"""
