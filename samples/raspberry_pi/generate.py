"""Generate images with a bundle and save them as one PNG.

python generate.py BUNDLE --count 16 --seed 7 -o images.png
"""

import argparse
import sys
import time
from pathlib import Path

import edgekit
from edgekit.data.images import grid, pictures, png, to_uint8
from edgekit.errors import EdgekitError, os_error


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, generate and save."""
    parser = argparse.ArgumentParser(description="Generate images with a bundle.")
    parser.add_argument("bundle", type=Path, help="folder that edgekit convert wrote")
    parser.add_argument("-n", "--count", type=int, default=16, help="how many (default: 16)")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same images (default: 0)")
    parser.add_argument("--label", type=int, help="class of a conditional net")
    parser.add_argument("--threads", type=int, help="engine threads (default: the target's)")
    parser.add_argument("-o", "--output", type=Path, default=Path("images.png"))
    asked = parser.parse_args(arguments)
    if asked.count < 1 or asked.seed < 0:
        parser.error("--count must be at least 1, --seed at least 0")
    try:
        print(generate(asked))
    except EdgekitError as error:
        sys.exit(f"generate.py: {error}")
    except OSError as error:
        sys.exit(f"generate.py: {os_error(error)}")


def generate(asked: argparse.Namespace) -> str:
    """Generate and save; gives a line that tells what was done."""
    net = edgekit.load(asked.bundle, threads=asked.threads)
    net.generate(count=1, label=asked.label)  # the first run loads the artifact
    start = time.perf_counter()
    samples = net.generate(count=asked.count, seed=asked.seed, label=asked.label)
    each = (time.perf_counter() - start) / asked.count
    images = pictures(samples)
    if images is None:
        sys.exit(f"generate.py: samples of shape {samples.shape[1:]} are no images")
    span = net.output_tensor(net.model, net.shown(net.model)).range
    asked.output.write_bytes(png(grid(to_uint8(images, span))))
    height, width = images.shape[1:3]
    return f"{asked.output}: {asked.count} images of {width}×{height}, {each * 1e3:.3g} ms each"


if __name__ == "__main__":
    main()
