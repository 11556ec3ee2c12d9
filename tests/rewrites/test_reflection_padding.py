"""Reflection padding against NumPy's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.engines.litert.file import read_graph
from edgekit.engines.litert.rewrites import reflection_padding
from tests.rewrites.graphs import keras, lowered, outputs, rewritten


@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
@pytest.mark.parametrize(
    "margins", [((1, 1), (1, 1)), ((3, 3), (3, 3)), ((0, 2), (4, 1)), ((0, 0), (1, 0))]
)
def test_as_numpy_pads(tmp_path: Path, mode: str, margins: Any) -> None:
    whole = ((0, 0), *margins, (0, 0))
    x = keras.Input((5, 6, 3), batch_size=2)
    net = keras.Model(x, keras.ops.pad(x, whole, mode=mode))
    new, count = rewritten(lowered(net, tmp_path), reflection_padding)
    assert count == 1
    assert {op.name for op in read_graph(new).ops} <= {"SLICE", "CONCATENATION"}
    value = np.random.default_rng(0).standard_normal((2, 5, 6, 3)).astype(np.float32)
    assert np.array_equal(outputs(new, value), np.pad(value, whole, mode=mode))


def test_wide_margins_are_left_alone(tmp_path: Path) -> None:
    x = keras.Input((40, 3), batch_size=1)
    net = keras.Model(x, keras.ops.pad(x, ((0, 0), (20, 20), (0, 0)), mode="reflect"))
    assert rewritten(lowered(net, tmp_path), reflection_padding)[1] == 0
