"""Pictures from arrays and back, in a model's own value range; writing needs NumPy only."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.model import Range

Array = NDArray[Any]


def to_uint8(images: Array, span: Range | None) -> NDArray[np.uint8]:
    """Values in `span` to 0…255, clipped; without a span, the values' own extremes are used."""
    low, high = span or (float(images.min()), float(images.max()))
    unit = (images.astype(np.float32) - low) / max(high - low, 1e-12)
    pixels: NDArray[np.uint8] = np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)
    return pixels


def from_uint8(images: NDArray[np.uint8], span: Range | None) -> NDArray[np.float32]:
    """Pixels 0…255 to float32 values in `span` (0…1 when unknown)."""
    low, high = span or (0.0, 1.0)
    return images.astype(np.float32) * np.float32((high - low) / 255) + np.float32(low)


def pictures(images: Array) -> Array | None:
    """Images as (N, H, W, C) with 1 or 3 channels, or None when rows are no pictures.

    Channels may come first, as PyTorch has them; (N, H, W) is grey.
    """
    if images.ndim == 3 and min(images.shape[1:]) >= 8:
        images = images[..., None]
    if images.ndim == 4 and images.shape[-1] not in (1, 3, 4) and images.shape[1] in (1, 3):
        images = images.transpose(0, 2, 3, 1)
    if images.ndim != 4 or images.shape[-1] not in (1, 3, 4):
        return None
    return images[..., :3] if images.shape[-1] == 4 else images


def grid(images: NDArray[np.uint8], columns: int | None = None, gap: int = 2) -> Array:
    """Pictures (N, H, W, C) laid out row by row on white, about as wide as high."""
    count, height, width, channels = images.shape
    columns = columns or int(np.ceil(np.sqrt(count)))
    lines = -(-count // columns)
    sheet = np.full(
        (lines * (height + gap) - gap, columns * (width + gap) - gap, channels), 255, np.uint8
    )
    for k, image in enumerate(images):
        y, x = (k // columns) * (height + gap), (k % columns) * (width + gap)
        sheet[y : y + height, x : x + width] = image
    return sheet


def png(image: NDArray[np.uint8]) -> bytes:
    """A picture (H, W, 1 or 3) as the content of a PNG file (ISO/IEC 15948)."""
    height, width, channels = image.shape
    kind = {1: 0, 3: 2}[channels]
    # Each line starts with its filter type, 0: none.
    lines = np.pad(image.reshape(height, width * channels), ((0, 0), (1, 0)))

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(lines.tobytes(), 9))
        + chunk(b"IEND", b"")
    )
