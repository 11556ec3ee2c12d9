"""A generator's signature, and a few of its samples as NumPy makes them."""

from __future__ import annotations

import numpy as np

from edgekit.model import Signature, Tensor
from tests.reference.net import generator

Z = np.random.default_rng(0).standard_normal((3, 8)).astype(np.float32)
MADE = generator()([Z])
GENERATE = Signature(
    part="net",
    inputs=(Tensor(name="z", shape=(1, 8), role="latent"),),
    outputs=(Tensor(name="sample", shape=(1, 8, 8, 1), range=(-1.0, 1.0)),),
)
