"""Nets in NumPy as a user saves them, and their folders once they are described."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edgekit.model import Model
from edgekit.original.describe import Given, describe
from edgekit.sources import Trust
from tests.reference.net import Design, Layer, Net, generator


def describe_net(net: Net | Path, folder: Path, **said: Any) -> Model:
    """What edgekit takes a net, or what is saved at a path, to be; its folder is `described`."""
    path = net if isinstance(net, Path) else folder / "mine.net"
    if isinstance(net, Net):
        net.save(path)
    (folder / "described").mkdir()
    describe(folder / "described", path, Given(**said), Trust())
    return Model.load(folder / "described")


def encoder() -> Net:
    """From 8×8 grey pictures to four values between -1 and 1."""
    kernel = np.random.default_rng(1).standard_normal((64, 4)).astype(np.float32) / 8
    design = Design(inputs={"x": (8, 8, 1)}, output=(4,), layers=(Layer(activation="tanh"),))
    return Net(design, [kernel], [np.zeros(4, np.float32)])


def autoencoder(folder: Path) -> Path:
    """A folder with an encoder and a decoder, as model.toml says."""
    place = folder / "pair"
    place.mkdir()
    encoder().save(place / "down.net")
    generator(latent=4).save(place / "up.net")
    told = 'license = "MIT"\n[parts]\nencoder = "down.net"\ndecoder = "up.net"\n'
    (place / "model.toml").write_text(told)
    return place
