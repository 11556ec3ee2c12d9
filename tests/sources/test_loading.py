"""Loading models: what they say of themselves, and what they may not do."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from edgekit.engines.litert.file import read_graph  # noqa: E402
from edgekit.engines.litert.pack import raise_versions  # noqa: E402
from edgekit.errors import InputError, ModelError  # noqa: E402
from edgekit.sources import Trust, open_parts, part_files  # noqa: E402
from tests.rewrites.graphs import outputs  # noqa: E402


def save(net: Any, folder: Path) -> Path:
    net.save(folder / "net.keras")
    return folder / "net.keras"


def test_outputs_given_as_a_dict_keep_their_names(tmp_path: Path) -> None:
    # Keras sorts the keys in net.outputs, but returns the dict as it was written.
    x = keras.Input((4,))
    mean = keras.layers.Dense(2, kernel_initializer="zeros", bias_initializer="ones")(x)
    spread = keras.layers.Dense(2, kernel_initializer="zeros")(x)
    net = keras.Model(x, {"z_mean": mean, "z_log_var": spread})
    part = open_parts({"encoder": save(net, tmp_path)}, Trust())["encoder"]
    values = part({part.info.inputs[0].name: np.zeros((1, 4), np.float32)})
    told = {t.name: float(v[0, 0]) for t, v in zip(part.info.outputs, values, strict=True)}
    assert told == {"z_mean": 1.0, "z_log_var": 0.0}


@pytest.mark.long
def test_a_file_is_what_its_content_says(tmp_path: Path) -> None:
    """Suffixes in capitals, an archive that was unpacked, HDF5 under the name of an archive."""
    x = keras.Input((4,), name="x")
    net = keras.Model(x, keras.layers.Dense(2)(x))
    archive = save(net, tmp_path)
    net.save(tmp_path / "net.h5")
    shutil.copyfile(archive, tmp_path / "A.KERAS")
    shutil.copyfile(tmp_path / "net.h5", tmp_path / "B.H5")
    shutil.copyfile(tmp_path / "net.h5", tmp_path / "c.keras")
    shutil.copyfile(tmp_path / "net.h5", tmp_path / "d.weights.h5")
    shutil.unpack_archive(archive, tmp_path / "e.keras", "zip")
    rows = np.ones((1, 4), np.float32)
    for name in ("A.KERAS", "B.H5", "c.keras", "d.weights.h5", "e.keras"):
        part = open_parts({"net": tmp_path / name}, Trust())["net"]
        np.testing.assert_array_equal(part({"x": rows})[0], net(rows), err_msg=name)


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_layers_that_are_called_in_training_mode_are_told(tmp_path: Path, suffix: str) -> None:
    """As pix2pix makes its noise; `predict` and edgekit leave it out, a plain call does not."""
    y = keras.Input((4,))
    inner = keras.Model(y, keras.layers.GaussianNoise(1.0, name="noise")(y, training=True))
    x = keras.Input((4,), name="x")
    net = keras.Model(x, keras.layers.Dropout(0.5, name="drop")(inner(x), training=True))
    net.save(tmp_path / f"net.{suffix}")
    part = open_parts({"net": tmp_path / f"net.{suffix}"}, Trust())["net"]
    told = "computed as model.predict does: without the training=True of the calls of drop, noise"
    assert part.info.remarks == (told,)
    rows = np.ones((2, 4), np.float32)
    np.testing.assert_array_equal(part({"x": rows})[0], net.predict(rows, verbose=0))


def test_ranges_come_from_the_layers(tmp_path: Path) -> None:
    net = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Rescaling(1 / 127.5, offset=-1),
            keras.layers.Conv2D(3, 1, activation="tanh"),
            keras.layers.Rescaling(127.5, offset=127.5),
        ]
    )
    info = open_parts({"net": save(net, tmp_path)}, Trust())["net"].info
    assert info.inputs[0].range == pytest.approx((0, 255))
    assert info.outputs[0].range == pytest.approx((0, 255))


def test_a_saved_model_that_writes_files_needs_trust(tmp_path: Path) -> None:
    module = tf.Module()

    def call(x: Any) -> dict[str, Any]:
        tf.print("stolen", output_stream=f"file://{tmp_path}/written")
        return {"y": x}

    module.call = tf.function(call, input_signature=[tf.TensorSpec((1, 2), name="x")])
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.call)
    with pytest.raises(ModelError, match=r"PrintV2.*--trust"):
        open_parts({"net": tmp_path / "saved"}, Trust())
    assert not (tmp_path / "written").exists()
    assert "net" in open_parts({"net": tmp_path / "saved"}, Trust(trust=True))


def test_an_exported_net_needs_none(tmp_path: Path) -> None:
    layers = keras.layers
    net = keras.Sequential(
        [keras.Input((3, 2)), layers.LSTM(4), layers.Dropout(0.5), layers.BatchNormalization()]
    )
    net.export(tmp_path / "exported", verbose=False)
    assert "net" in open_parts({"net": tmp_path / "exported"}, Trust())


def test_part_names_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "g.keras").touch()
    (tmp_path / "model.toml").write_text('[parts]\n"../escaped" = "g.keras"\n')
    with pytest.raises(InputError, match="part name"):
        part_files(tmp_path)


def test_old_runtimes_refuse_dynamic_int8_instead_of_computing_garbage(tmp_path: Path) -> None:
    from litert_quantizer import quantizer, recipe

    net = keras.Sequential(
        [
            keras.Input((4,), batch_size=1),
            keras.layers.Dense(4096),  # large weights: the quantizer stores them behind the table
            keras.layers.Reshape((32, 32, 4)),
            keras.layers.Conv2D(8, 3, padding="same"),
            keras.layers.DepthwiseConv2D(3, padding="same"),
        ]
    )
    path = tmp_path / "net.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(net).convert())
    tool = quantizer.Quantizer(str(path), recipe.dynamic_wi8_afp32())
    content = bytes(tool.quantize().quantized_model)
    path.write_bytes(content)
    assert max(op.version for op in read_graph(path).ops if op.name == "CONV_2D") < 5
    before = outputs(path, np.random.default_rng(0).standard_normal((1, 4)).astype(np.float32))
    path.write_bytes(raise_versions(content))
    versions = {op.name: op.version for op in read_graph(path).ops}
    assert versions["CONV_2D"] == 5
    assert versions["DEPTHWISE_CONV_2D"] == 6
    assert versions["FULLY_CONNECTED"] == 12
    x = np.random.default_rng(0).standard_normal((1, 4)).astype(np.float32)
    assert np.array_equal(outputs(path, x), before)


def test_an_input_that_is_sliced_first_is_no_error(tmp_path: Path) -> None:
    w = keras.Input((3, 16))
    x = keras.layers.Dense(8)(w[:, 1])
    net = keras.Model(w, x)
    assert open_parts({"net": save(net, tmp_path)}, Trust())["net"].info.inputs[0].range is None
