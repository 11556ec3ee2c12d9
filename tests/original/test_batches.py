"""Nets of a fixed batch get exactly that, and say so when another was asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
tf = pytest.importorskip("tensorflow")

from edgekit.errors import (  # noqa: E402
    InputError,
    ModelError,
)
from edgekit.families._base import PartInfo  # noqa: E402
from edgekit.model import (  # noqa: E402
    Signature,
    Tensor,
)
from edgekit.original.batches import with_batches  # noqa: E402
from edgekit.original.describe import traced  # noqa: E402
from edgekit.original.runner import (  # noqa: E402
    OriginalRunner,
    fixed_batch,
)
from edgekit.sources._tensorflow import TensorFlowPart  # noqa: E402


class Blocks(TensorFlowPart):
    """A net that reshapes to 4 rows, and adds each row's place in its batch."""

    path, trackable = Path("net"), None

    def __init__(self, seen: int | None, made: int | None = None) -> None:
        self.info = PartInfo(
            inputs=(Tensor(name="z", shape=(seen, 6), role="latent"),),
            outputs=(Tensor(name="sample", shape=(made, 2, 3)),),
        )

    def __call__(self, inputs: dict[str, Any]) -> list[Any]:
        places = tf.reshape(tf.range(4.0), (4, 1, 1))
        return [tf.reshape(tf.reshape(inputs["z"], (4, 2, 3)) + places, (-1, 2, 3))]

    def weights(self) -> list[tuple[str, Any]]:
        return []


def generate(part: Blocks) -> dict[str, Signature]:
    return {"generate": Signature(part="net", inputs=part.info.inputs, outputs=part.info.outputs)}


@pytest.mark.parametrize(("seen", "made"), [(4, None), (4, 4), (None, 4)])
def test_inputs_and_outputs_tell_of_a_fixed_batch(seen: int | None, made: int | None) -> None:
    part, remarks = Blocks(seen, made), list[str]()
    assert fixed_batch(part.info) == 4
    (signature,) = with_batches({"net": part.info}, generate(part), 1, remarks).values()
    assert signature.inputs[0].shape == (4, 6)
    assert bool(remarks) == (seen is None)
    with pytest.raises(InputError, match="--batch-size 8: the net 'net' takes batches of 4"):
        with_batches({"net": part.info}, generate(part), 8, remarks)


@pytest.mark.parametrize("rows", [1, 4, 6, 9])
def test_the_original_gets_whole_batches(rows: int) -> None:
    part = Blocks(4)
    signatures = with_batches({"net": part.info}, generate(part), 1, [])
    values = np.arange(rows * 6, dtype=np.float32).reshape(rows, 6)
    output = OriginalRunner({"net": part}, signatures).run("generate", {"z": values})["sample"]
    places = (np.arange(rows) % 4)[:, None, None]
    assert np.array_equal(output, values.reshape(rows, 2, 3) + places)


def test_a_batch_hidden_in_the_layers_is_found_by_trying() -> None:
    part, remarks = Blocks(None), list[str]()
    (signature,) = with_batches({"net": part.info}, generate(part), 1, remarks).values()
    found = traced({"net": part}, signature, remarks)
    assert found.inputs[0].shape == (4, 6)
    assert found.outputs[0].shape == (4, 2, 3)
    assert len(remarks) == 1
    assert "batches of 4" in remarks[0]
    (asked,) = with_batches({"net": part.info}, generate(part), 8, []).values()
    with pytest.raises(InputError, match="--batch-size 8: the net works with batches of 4"):
        traced({"net": part}, asked, [])


class Patches(Blocks):
    """A net that makes four rows of one."""

    def __call__(self, inputs: dict[str, Any]) -> list[Any]:
        return [tf.tile(tf.reshape(inputs["z"], (-1, 2, 3)), (4, 1, 1))]


def test_a_net_that_makes_more_rows_than_it_is_given_is_refused() -> None:
    part = Patches(None)
    (signature,) = with_batches({"net": part.info}, generate(part), 1, []).values()
    with pytest.raises(InputError, match="makes 4 rows of output 'sample' from a batch of 1"):
        traced({"net": part}, signature, [])


class Broken(Blocks):
    """A net that no batch mends."""

    tried = 0

    def __call__(self, inputs: dict[str, Any]) -> list[Any]:
        self.tried += 1
        return [lost(inputs["z"])]  # type: ignore[name-defined]  # noqa: F821


def test_other_batches_are_tried_for_shapes_only() -> None:
    part = Broken(None)
    (signature,) = with_batches({"net": part.info}, generate(part), 1, []).values()
    with pytest.raises(InputError, match="'lost' is not defined"):
        traced({"net": part}, signature, [])
    assert part.tried == 1


class OfFour(Blocks):
    """A net that only batches of four fit, and that says so in its own way."""

    def __init__(self, refuse: type[Exception]) -> None:
        super().__init__(None)
        self.refuse = refuse

    def __call__(self, inputs: dict[str, Any]) -> list[Any]:
        if inputs["z"].shape[0] != 4:
            raise self.refuse("four, please")
        return [tf.reshape(inputs["z"], (4, 2, 3))]


@pytest.mark.parametrize("refuse", [ValueError, IndexError, AssertionError])
def test_a_batch_is_found_however_a_layer_refuses_others(refuse: type[Exception]) -> None:
    part = OfFour(refuse)
    (signature,) = with_batches({"net": part.info}, generate(part), 1, []).values()
    assert traced({"net": part}, signature, []).inputs[0].shape == (4, 6)


class Wide(Blocks):
    """A net with one tensor between of as many bytes as it is told."""

    def __init__(self, size: int) -> None:
        super().__init__(None)
        self._values = size // 4

    def __call__(self, inputs: dict[str, Any]) -> list[Any]:
        wide = tf.broadcast_to(inputs["z"][:, :1], (1, self._values))
        return [tf.reshape(inputs["z"] + tf.reduce_sum(wide), (1, 2, 3))]


def test_a_tensor_larger_than_memory_is_refused_before_it_is_made() -> None:
    part = Wide(1 << 50)
    signature = with_batches({"net": part.info}, generate(part), 1, [])["generate"]
    told = r"^'net': the tensor 'BroadcastTo' \(1, 281474976710656\) takes .* GB, .* GB of mem"
    with pytest.raises(ModelError, match=told):
        traced({"net": part}, signature, [])
    small = Wide(1 << 20)
    assert traced({"net": small}, signature, []).outputs[0].shape == (1, 2, 3)
