"""Enlarge a picture with an image-to-image bundle, or clean it, or restyle it.

python super_resolve.py BUNDLE photo.jpg -o large.png

The picture may be of any size: it goes through the net in overlapping tiles of the size that the
bundle was converted for.
"""

import argparse
import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import edgekit
from edgekit.errors import EdgekitError, os_error
from edgekit.images import from_uint8, png, to_uint8

PPM = re.compile(rb"P([56])(?:\s|#[^\n]*\n)+(\d+)\s+(\d+)\s+255\s", re.DOTALL)


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, transform the picture and save it."""
    parser = argparse.ArgumentParser(description="Enlarge a picture with a bundle.")
    parser.add_argument("bundle", type=Path, help="folder that edgekit convert wrote")
    parser.add_argument("picture", type=Path, help="any format with Pillow, .ppm without")
    parser.add_argument("-o", "--output", type=Path, default=Path("large.png"))
    parser.add_argument("--overlap", type=int, default=8, help="pixels tiles share (default: 8)")
    parser.add_argument("--threads", type=int, help="engine threads (default: the target's)")
    asked = parser.parse_args(arguments)
    try:
        print(super_resolve(asked))
    except EdgekitError as error:
        sys.exit(f"super_resolve.py: {error}")
    except OSError as error:
        sys.exit(f"super_resolve.py: {os_error(error)}")


def super_resolve(asked: argparse.Namespace) -> str:
    """Transform and save; gives a line that tells what was done."""
    net = edgekit.load(asked.bundle, threads=asked.threads)
    if net.model.family != "image-to-image":
        sys.exit(f"super_resolve.py: '{asked.bundle}' is a {net.model.family} net, "
                 "not image-to-image")  # fmt: skip
    signature = next(iter(net.model.signatures.values()))
    given, made = signature.inputs[0], signature.outputs[0]
    _, height, width, channels = given.shape
    if not 0 <= asked.overlap < min(height, width):
        sys.exit(f"super_resolve.py: --overlap must be below {min(height, width)}, the tile's side")
    image = from_uint8(read(asked.picture, channels), given.range)
    net.transform(np.zeros((1, height, width, channels), np.float32))  # loads the artifact
    start = time.perf_counter()
    result, tiles = tiled(net, image, (height, width), made.shape[1:], asked.overlap)
    seconds = time.perf_counter() - start
    asked.output.write_bytes(png(to_uint8(result, made.range)))
    rows, columns = result.shape[:2]
    return (f"{asked.output}: {image.shape[1]}×{image.shape[0]} to {columns}×{rows}, "
            f"{tiles} tiles, {seconds / tiles * 1e3:.3g} ms each")  # fmt: skip


def tiled(
    net: Any, image: Any, tile: tuple[int, int], out: tuple[int, ...], overlap: int
) -> tuple[Any, int]:
    """An image (H, W, C) through a net of fixed size, blended where tiles overlap.

    Returns the result and the number of tiles.
    """
    height, width = (max(n, side) for n, side in zip(image.shape[:2], tile, strict=True))
    short = height - image.shape[0], width - image.shape[1]
    padded = np.pad(image, ((0, short[0]), (0, short[1]), (0, 0)), mode="edge")
    scale = out[0] // tile[0], out[1] // tile[1]
    if (scale[0] * tile[0], scale[1] * tile[1]) != tuple(out[:2]):
        sys.exit(f"super_resolve.py: {tile} to {tuple(out[:2])} is no whole enlargement")
    total = np.zeros((height * scale[0], width * scale[1], out[2]), np.float32)
    weight = np.zeros((*total.shape[:2], 1), np.float32)
    window = np.minimum.outer(ramp(out[0], overlap * scale[0]), ramp(out[1], overlap * scale[1]))
    places = [(y, x) for y in starts(height, tile[0], overlap)
              for x in starts(width, tile[1], overlap)]  # fmt: skip
    for y, x in places:
        made = net.transform(padded[None, y : y + tile[0], x : x + tile[1]])[0]
        where = np.s_[y * scale[0] : y * scale[0] + out[0], x * scale[1] : x * scale[1] + out[1]]
        total[where] += made * window[..., None]
        weight[where] += window[..., None]
    result = total / weight
    return result[: image.shape[0] * scale[0], : image.shape[1] * scale[1]], len(places)


def starts(length: int, side: int, overlap: int) -> list[int]:
    """Where tiles begin, so that they cover the length; the last one ends with it."""
    return [*range(0, length - side, side - overlap), length - side]


def ramp(side: int, overlap: int) -> Any:
    """The weight of a tile along one side: up at its begin, down at its end, never zero."""
    near = np.minimum(np.arange(side) + 1, side - np.arange(side))
    return np.minimum(near / (overlap + 1), 1).astype(np.float32)


def read(path: Path, channels: int) -> Any:
    """A picture as pixels (H, W, channels)."""
    try:
        from PIL import Image
    except ImportError:
        return read_ppm(path, channels)
    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert({1: "L", 3: "RGB"}[channels]))
    except KeyError:
        sys.exit(f"super_resolve.py: the net takes {channels} channels, not 1 or 3")
    return pixels.reshape(*pixels.shape[:2], channels)


def read_ppm(path: Path, channels: int) -> Any:
    """A binary .ppm or .pgm, which needs no Pillow."""
    content = path.read_bytes()
    head = PPM.match(content)
    if not head:
        sys.exit(f"super_resolve.py: reading '{path}' needs Pillow (pip install pillow); "
                 "without it, give an 8-bit .ppm")  # fmt: skip
    found, width, height = {b"5": 1, b"6": 3}[head[1]], int(head[2]), int(head[3])
    pixels = np.frombuffer(content, np.uint8, height * width * found, offset=head.end())
    pixels = pixels.reshape(height, width, found)
    if found != channels:
        sys.exit(f"super_resolve.py: '{path}' has {found} channels, the net takes {channels}")
    return pixels


if __name__ == "__main__":
    main()
