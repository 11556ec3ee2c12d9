"""Enlarge a picture with an image-to-image bundle, or clean it, or restyle it.

python super_resolve.py BUNDLE photo.jpg -o large.png

The picture may be of any size: edgekit runs the net in overlapping tiles of the size that the
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
from edgekit.data.images import png, to_uint8
from edgekit.errors import EdgekitError, os_error

PPM = re.compile(rb"P([56])(?:\s|#[^\n]*\n)+(\d+)\s+(\d+)\s+255\s", re.DOTALL)


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, transform the picture and save it."""
    parser = argparse.ArgumentParser(description="Enlarge a picture with a bundle.")
    parser.add_argument("bundle", type=Path, help="folder that edgekit convert wrote")
    parser.add_argument("picture", type=Path, help="any format with Pillow, .ppm without")
    parser.add_argument("-o", "--output", type=Path, default=Path("large.png"))
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
    image = read(asked.picture, given.shape[3])
    start = time.perf_counter()
    # The shipped net normalizes over the picture, and was trained on pictures as small as a tile.
    result = net.transform(image, tiles=True)
    seconds = time.perf_counter() - start
    asked.output.write_bytes(png(to_uint8(result, made.range)))
    rows, columns = result.shape[:2]
    return f"{asked.output}: {image.shape[1]}×{image.shape[0]} to {columns}×{rows}, {seconds:.3g} s"


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
