"""Why a net cannot be traced, and the advice that fits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
tf = pytest.importorskip("tensorflow")

from edgekit.errors import InputError  # noqa: E402
from edgekit.model import Signature, Tensor  # noqa: E402
from edgekit.original.describe import traced  # noqa: E402
from edgekit.sources import Trust, open_parts  # noqa: E402


def refusal(net: Any, folder: Path, size: int = 9) -> str:
    """What a user of the saved net is told."""
    net.save(folder / "net.keras")
    parts = open_parts({"net": folder / "net.keras"}, Trust(trust=True))
    image = parts["net"].info.inputs[0]
    inputs = (Tensor(name=image.name, shape=(1, size, size, 3)),)
    with pytest.raises(InputError) as raised:
        traced(parts, Signature(part="net", inputs=inputs, outputs=parts["net"].info.outputs), [])
    return str(raised.value)


def test_a_lambda_that_lost_a_name(tmp_path: Path) -> None:
    """The file holds the function's code alone; sizes are free, but do not help."""
    import keras

    image = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(12, 3, padding="same")(image)
    layer = keras.layers.Lambda(lambda x: tf.nn.depth_to_space(x, 2), output_shape=(None, None, 3))
    told = refusal(keras.Model(image, layer(x)), tmp_path)
    assert "name 'tf' is not defined; a Lambda uses the global `tf`" in told
    assert "keras.ops" in told and "--input-size" not in told

    library = tf
    layer = keras.layers.Lambda(
        lambda x: library.nn.depth_to_space(x, 2), output_shape=(None, None, 3)
    )
    told = refusal(keras.Model(image, layer(x)), tmp_path)
    assert "a Lambda uses a variable of the code around it" in told


@pytest.mark.long
def test_another_size_is_advised_where_it_helps(tmp_path: Path) -> None:
    """A U-Net of free size on an odd one; not where the size is the net's own."""
    import keras

    for side in (None, 8):
        image = keras.Input((side, side, 3))
        half = keras.layers.UpSampling2D()(keras.layers.MaxPooling2D()(image))
        told = refusal(keras.Model(image, keras.layers.Concatenate()([half, image])), tmp_path)
        assert "8 and 9" in told or "found shape=(1, 9, 9, 3)" in told
        assert ("--input-size" in told) == (side is None)


def test_weights_that_lead_to_no_output_are_not_counted(tmp_path: Path) -> None:
    """Else the check of lost weights would take what is left out for lost."""
    import keras

    image = keras.Input((8, 8, 3))
    kept = keras.layers.Conv2D(2, 1, name="kept")(image)
    aside = keras.layers.Conv2D(2, 3, name="aside")(keras.layers.Conv2D(40, 3)(image))
    keras.Model(image, [kept, aside]).save(tmp_path / "net.keras")
    (part,) = open_parts({"net": tmp_path / "net.keras"}, Trust()).values()
    inputs = (Tensor(name=part.info.inputs[0].name, shape=(1, 8, 8, 3)),)
    for taken, weights in ((part.info.outputs[:1], 3 * 2 + 2), (part.info.outputs, 1850)):
        signature = Signature(part="net", inputs=inputs, outputs=taken)
        assert part.weights_used([signature]) == weights
