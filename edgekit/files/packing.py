"""Files packed as a zlib stream (RFC 1950): weights that are stored in more bits than they hold.

Their codes hardly repeat, so what is won is their entropy: DEFLATE comes as close to it as LZMA,
and packs and expands ten times as fast (`python -m tests.benchmarks.packing`).
"""

from __future__ import annotations

import zlib
from pathlib import Path

ENCODING = "zlib"  # how a manifest calls it, and what the file's name ends in
LEAST = 1 << 16  # bytes: what is smaller loads as fast as it can be
WORTH = 0.98  # of the size; what is not smaller than this stays as it is
CHUNK = 1 << 20
STRATEGIES = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY)


def packed(content: bytes) -> bytes | None:
    """The content packed as small as DEFLATE can; None where that is not worth it."""
    if len(content) < LEAST:
        return None
    smallest = min((deflated(content, strategy) for strategy in STRATEGIES), key=len)
    return smallest if len(smallest) < WORTH * len(content) else None


def deflated(content: bytes, strategy: int) -> bytes:
    """The content as a zlib stream: with matches of any length, of long ones alone, or of none."""
    packer = zlib.compressobj(level=9, memLevel=9, strategy=strategy)
    return packer.compress(content) + packer.flush()


def unpack(source: Path, target: Path, size: int) -> None:
    """Expand the file `source` into `target`, which will have `size` bytes.

    Raises:
        ValueError: it is no such stream, or one of another size; no more than `size` was written.
    """
    expander, written = zlib.decompressobj(), 0
    with source.open("rb") as stored, target.open("wb") as plain:
        try:
            while not expander.eof:
                chunk = expander.unconsumed_tail or stored.read(CHUNK)
                if not chunk and not expander.unconsumed_tail:
                    raise ValueError("it ends too early")
                content = expander.decompress(chunk, CHUNK)
                written += len(content)
                if written > size:
                    raise ValueError(f"it holds more than {size} bytes")
                plain.write(content)
        except zlib.error as error:
            raise ValueError(str(error)) from None
    if written != size:
        raise ValueError(f"it holds {written} bytes, not {size}")
