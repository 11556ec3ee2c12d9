"""A third engine and a source of its nets, in NumPy alone: one folder and one file, as anyone's.

With them whole conversions, searches and bundles are tested in a second or two, without
TensorFlow; and they prove that an engine is one folder and nothing else. `PLUG`, as the
sitecustomize of a Python, makes it find them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.work import forget

HOME = Path(__file__).parent
TARGET = HOME / "reference.toml"
# What a bundle of a generator holds.
FILES = {"manifest.json", "recipe.toml", "golden.npz", "generate.refnet"}
PLUG = f"""
import sys
if "edgekit.engines" not in sys.modules:
    import edgekit.engines, edgekit.sources
    edgekit.engines.__path__.append({str(HOME / "engines")!r})
    edgekit.sources.__path__.append({str(HOME / "sources")!r})
"""


@contextmanager
def plugged() -> Iterator[None]:
    """The engine and the source are there, in this process."""
    import edgekit.engines
    import edgekit.sources

    places = {edgekit.engines: HOME / "engines", edgekit.sources: HOME / "sources"}
    for package, place in places.items():
        package.__path__.append(str(place))
    forget()
    try:
        yield
    finally:
        for package, place in places.items():
            package.__path__.remove(str(place))
        forget()
