"""Inference engines: one file each, importing only that engine.

An engine has `SUFFIX`, `EXTRA`, `check_installed()` and
`load(path, signature, threads) -> Call` on arrays of the signature's shapes and dtypes.
"""
