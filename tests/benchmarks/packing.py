"""What packing wins, and what it costs to load: `python -m tests.benchmarks.packing BUNDLE…`.

Prints for each bundle the size of its artifacts packed by several means, relative to their size
as an engine loads them, and how fast each packs and expands; then how long it takes to load the
bundle and how much memory, packed, expanded once for all, and plain: medians, in turns.
"""

from __future__ import annotations

import json
import lzma
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from edgekit.bundle.manifest import describe_files, write_manifest
from edgekit.bundle.opened import opened
from edgekit.bundle.reading import artifact_files, read_manifest
from edgekit.files.packing import packed

ROUNDS = 9
XZ = [{"id": lzma.FILTER_LZMA2, "preset": 6, "lc": 0, "lp": 0, "pb": 0}]
Pack = Callable[[bytes], bytes]
MEANS: dict[str, tuple[Pack, Pack]] = {
    "edgekit": (lambda content: packed(content) or content, zlib.decompress),
    "zlib -9": (lambda content: zlib.compress(content, 9), zlib.decompress),
    "xz -6": (lambda content: lzma.compress(content, preset=6), lzma.decompress),
    "xz, no context": (lambda content: lzma.compress(content, filters=XZ), lzma.decompress),
}
LOAD = """
import json, sys, time
from edgekit.measure.latency import peak, resident, warm_engine
from edgekit.runtime import load
warm_engine(sys.argv[2])
before, start = resident(), time.perf_counter()
load(sys.argv[1], unpacked=sys.argv[3] or None)
print(json.dumps([time.perf_counter() - start, peak() - before]))
"""


def seconds(function: Pack, content: bytes) -> tuple[float, bytes]:
    """How long a function takes, and what it gives."""
    start = time.perf_counter()
    found = function(content)
    return time.perf_counter() - start, found


def sizes(content: bytes) -> None:
    """Print what each means makes of an artifact."""
    for name, (pack, expand) in MEANS.items():
        took, small = seconds(pack, content)
        back = seconds(expand, small)[0] if small != content else 0.0
        rate = [f"{len(content) / 1e6 / each:6.1f} MB/s" if each else "–" for each in (took, back)]
        print(f"  {name:15} {len(small) / len(content):.3f}  packs {rate[0]}  expands {rate[1]}")


def plain_copy(bundle: Path, place: Path) -> Path:
    """The same bundle with nothing packed."""
    manifest = read_manifest(bundle)
    place.mkdir()
    for name, file in manifest.files.items():
        if not file.encoding:
            (place / name).write_bytes((bundle / name).read_bytes())
    with opened(bundle, manifest, manifest.artifacts[0]) as folder:
        for path in artifact_files(bundle, manifest, manifest.artifacts[0]):
            (place / path.name).write_bytes((folder / path.name).read_bytes())
    write_manifest(place, msgspec.structs.replace(manifest, files=describe_files(place)))
    return place


def loading(bundle: Path, engine: str, keep: str = "") -> tuple[float, float]:
    """Seconds and bytes that a fresh process takes to load a bundle."""
    command = [sys.executable, "-c", LOAD, str(bundle), engine, keep]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    took, memory = json.loads(done.stdout)
    return took, memory


def main(bundle: Path) -> None:
    """Print the figures of one bundle."""
    manifest = read_manifest(bundle)
    artifact = manifest.artifacts[0]
    with opened(bundle, manifest, artifact) as folder:
        paths = [folder / p.name for p in artifact_files(bundle, manifest, artifact)]
        content = b"".join(path.read_bytes() for path in paths)
    print(f"{bundle}: {len(content) / 1e6:.2f} MB as {artifact.engine} loads it")
    sizes(content)
    with tempfile.TemporaryDirectory() as scratch:
        plain = plain_copy(bundle, Path(scratch) / "plain")
        ways = {"packed": (bundle, ""), "expanded once": (bundle, scratch), "plain": (plain, "")}
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(ROUNDS + 1):
            for name, (place, keep) in ways.items():
                found[name].append(loading(place, artifact.engine, keep))
    for name, each in found.items():  # the first of each fills caches
        took, memory = (statistics.median(column) for column in zip(*each[1:], strict=True))
        print(f"  {name:15} loads in {took * 1e3:6.1f} ms, {memory / 1e6:6.1f} MB at most")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        main(Path(argument))
