"""Inference engines: one file each, importing only that engine.

An engine has

- `SUFFIX` of its artifacts, and `files(path)`: all files of one, those beside it too;
- `MODULES`, any of which runs it, and `check_installed()`;
- `warm()`: import it, so that its own size and start are not counted as an artifact's;
- `describe(path) -> Signature`: what an artifact tells of itself;
- `load(path, signature, threads) -> Call` on arrays of the signature's shapes and dtypes; what a
  call returns is the caller's own. Two threads never run one call at a time.
"""
