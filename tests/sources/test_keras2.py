"""Files of Keras 2 compute what they computed there."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
pytest.importorskip("keras")
h5py = pytest.importorskip("h5py")

from edgekit.errors import ModelError  # noqa: E402
from edgekit.sources import Trust, _keras2_fallback, check_parts, open_parts  # noqa: E402
from edgekit.sources._keras_weights import load_weights  # noqa: E402


def gan(k2: Any) -> Any:
    layers = k2.layers
    return k2.Sequential(
        [
            layers.Dense(32, use_bias=False, input_shape=(6,)),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Reshape((2, 2, 8)),
            layers.Conv2DTranspose(4, 5, strides=2, padding="same"),
            layers.ThresholdedReLU(0.1),
            layers.UpSampling2D(interpolation="bilinear"),
            layers.DepthwiseConv2D(3, padding="same"),
            layers.SeparableConv2D(3, 3, kernel_regularizer="l2", activation="hard_sigmoid"),
        ]
    )


def branches(k2: Any) -> Any:
    """Layers of one shape in parallel, a net called twice, names that Keras 3 refuses."""
    layers = k2.layers
    a, b = k2.Input((6,), name="in/a"), k2.Input((6,), name="b")
    x = k2.Input((6,))
    hidden = layers.Dense(6, activation="hard_sigmoid", name="first")(x)
    inner = k2.Model(x, layers.Dense(6, name="z/last")(hidden), name="inner")
    u, v = layers.Dense(6, name="u/d")(b), layers.Dense(6)(a)
    y = inner(layers.Add()([inner(v), layers.Dense(6)(u)]))
    frozen = layers.BatchNormalization()
    frozen.trainable = False
    y = layers.Reshape((3, 2))(layers.LeakyReLU(0.1)(frozen(y)))
    y, h, c = layers.LSTM(4, recurrent_activation="hard_sigmoid", return_state=True)(y)
    y = layers.LSTM(4)(layers.RepeatVector(2)(y), initial_state=[h, c])
    return k2.Model([b, a], y)


def functions(k2: Any) -> Any:
    """TensorFlow functions and operators between layers."""
    import tensorflow as tf

    image = k2.Input((4, 4, 8))
    x = tf.nn.depth_to_space(k2.layers.Conv2D(8, 1)(image), 2)
    x = 1.0 - tf.concat([x * 2.0, x / 3 + 1], -1)
    x = tf.reshape(x[:, 1:-1, ::2], [tf.shape(x)[0], 6, -1])
    x = tf.expand_dims(tf.matmul(x, x, transpose_b=True), -1)
    return k2.Model(
        image, tf.clip_by_value(tf.image.resize(tf.stack([x, -x], 1)[:, 0], (9, 9)), 0, 5)
    )


@pytest.mark.parametrize("suffix", ["h5", "keras"])
@pytest.mark.parametrize("make", [gan, branches, functions])
@pytest.mark.long
def test_outputs_are_those_of_keras_2(
    tmp_path: Path, make: Callable[[Any], Any], suffix: str
) -> None:
    k2 = pytest.importorskip("tf_keras")
    old = make(k2)
    random = np.random.default_rng(3)
    for weight in old.weights:
        low = 0.5 if "variance" in weight.name else -0.5
        weight.assign(random.uniform(low, 1, weight.shape))
    path = tmp_path / f"net.{suffix}"
    old.save(path)
    part = open_parts({"net": path}, Trust())["net"]
    inputs = [random.uniform(-1, 1, (2, *t.shape[1:])).astype("f") for t in part.info.inputs]
    expected = old(inputs if len(inputs) > 1 else inputs[0], training=False).numpy()
    names = [tensor.name for tensor in part.info.inputs]
    (found,) = part(dict(zip(names, inputs, strict=True)))
    # The same TensorFlow kernels compute both; only their order may differ.
    np.testing.assert_allclose(np.asarray(found), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("suffix", ["h5", "keras"])
def test_layers_that_keras_3_lost_are_computed_by_tf_keras(tmp_path: Path, suffix: str) -> None:
    k2 = pytest.importorskip("tf_keras")
    layers = k2.layers
    old = k2.Sequential([k2.Input((5, 5, 2)), layers.LocallyConnected2D(3, 3)])
    path = tmp_path / f"net.{suffix}"
    old.save(path)
    part = open_parts({"net": path}, Trust())["net"]
    assert any("loaded by tf_keras" in remark for remark in part.info.remarks)
    x = np.random.default_rng(0).normal(size=(2, 5, 5, 2)).astype("f")
    found = part({part.info.inputs[0].name: x})[0]
    np.testing.assert_allclose(np.asarray(found), old(x).numpy(), atol=1e-5)


def test_tf_keras_is_no_way_around_what_a_file_may_not_do(tmp_path: Path) -> None:
    pytest.importorskip("tf_keras")
    lost = dense("one", "linear", batch_input_shape=[None, 3]) | {"class_name": "CuDNNGRU"}
    path = old_h5(tmp_path / "old.h5", {"class_name": "Sequential", "config": [lost]}, {})
    with h5py.File(path, "a") as file:
        file["model_weights/one"] = h5py.ExternalLink("/etc/other.h5", "/x")
    with pytest.raises(ModelError, match="'one' in it is a ExternalLink"):
        open_parts({"net": path}, Trust())
    code = {"class_name": "Lambda", "config": {"name": "l", "function": ["AAAA", None, None]}}
    old_h5(path, {"class_name": "Sequential", "config": [lost, code]}, {})
    with pytest.raises(ModelError, match=r"holds code in Lambda layers \(l\)"):
        open_parts({"net": path}, Trust())


def old_h5(path: Path, config: Any, weights: dict[str, dict[str, Any]]) -> Path:
    """A file as Keras 2.2 wrote it."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config).encode()
        file.attrs["keras_version"] = b"2.2.4"
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in weights]
        for layer, arrays in weights.items():
            inner = group.create_group(layer)
            inner.attrs["weight_names"] = [f"{layer}/{name}:0".encode() for name in arrays]
            for name, array in arrays.items():
                inner[f"{layer}/{name}:0"] = array
    return path


def dense(name: str, activation: str, **more: Any) -> dict[str, Any]:
    initializer = {"class_name": "VarianceScaling", "config": {"distribution": "normal"}}
    config = {"name": name, "trainable": True, "units": 3, "activation": activation}
    return {
        "class_name": "Dense",
        "config": {**config, "use_bias": True, "kernel_initializer": initializer, **more},
    }


def test_a_file_of_keras_2_2_needs_no_keras_2(tmp_path: Path) -> None:
    """Layers in a mere list, the input's shape in the first, the old slope of hard_sigmoid."""
    random = np.random.default_rng(0)
    weights = {
        name: {"kernel": random.normal(size=(3, 3)).astype("f"), "bias": np.ones(3, "f")}
        for name in ("one", "two")
    }
    layers = [dense("one", "linear", batch_input_shape=[None, 3]), dense("two", "hard_sigmoid")]
    path = old_h5(tmp_path / "old.h5", {"class_name": "Sequential", "config": layers}, weights)
    part = open_parts({"net": path}, Trust())["net"]
    x = random.normal(size=(4, 3)).astype("f")
    hidden = x @ weights["one"]["kernel"] + 1
    expected = np.clip(0.2 * (hidden @ weights["two"]["kernel"] + 1) + 0.5, 0, 1)
    found = part({part.info.inputs[0].name: x})[0]
    np.testing.assert_allclose(np.asarray(found), expected, atol=1e-5)


def test_weights_of_layers_that_keras_3_cannot_tell_apart_are_refused(tmp_path: Path) -> None:
    weights = {name: {"kernel": np.ones((3, 3), "f")} for name in ("a/b", "a_b")}
    path = old_h5(tmp_path / "old.h5", {}, weights)
    with pytest.raises(ModelError, match=r"two layers called 'a_b'.*rename one"):
        load_weights(path, None)


def test_weights_go_to_the_layers_they_are_named_for(tmp_path: Path) -> None:
    """Not by the order in the file, which tells nothing of layers of one shape."""
    weights = {
        name: {"kernel": np.full((3, 3), value, "f"), "bias": np.zeros(3, "f")}
        for name, value in (("two", 2.0), ("one", 1.0))
    }
    layers = [dense("one", "linear", batch_input_shape=[None, 3]), dense("two", "sigmoid")]
    config = {"class_name": "Sequential", "config": {"name": "net", "layers": layers}}
    path = old_h5(tmp_path / "old.h5", config, weights)
    part = open_parts({"net": path}, Trust())["net"]
    found = {
        "/".join(name.split("/")[-2:]): float(np.asarray(value).max())
        for name, value in part.weights()
    }
    assert found["one/kernel"] == 1
    assert found["two/kernel"] == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"class_name": "LocallyConnected2D"}, "'LocallyConnected2D', which Keras 3 has no more"),
        ({"class_name": "Gain"}, "'Gain', which is not part of Keras; .*--custom-objects"),
    ],
)
def test_what_cannot_be_taken_over_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr(_keras2_fallback, "there", lambda _: False)  # no tf_keras
    layer = dense("one", "linear", batch_input_shape=[None, 3]) | change
    config = {"class_name": "Sequential", "config": [layer]}
    path = old_h5(tmp_path / "old.h5", config, {})
    with pytest.raises(ModelError, match=message):
        check_parts({"net": path}, Trust())


def calling(layer: dict[str, Any]) -> dict[str, Any]:
    """A net with a layer that calls TensorFlow."""
    given = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3], "name": "x"}}
    call = {"name": "op", "inbound_nodes": [["x", 0, 0, {}]]}
    config = {
        "name": "net",
        "layers": [given | {"name": "x", "inbound_nodes": []}, layer | call],
        "input_layers": [["x", 0, 0]],
        "output_layers": [["op", 0, 0]],
    }
    return {"class_name": "Model", "config": config}


@pytest.mark.parametrize(
    "function",
    ["io.write_file", "py_function", "raw_ops.ReadFile", "print", "keras.models.load_model",
     "math.real.__globals__", "math.__class__", "compat.v1.io.gfile.remove"],
)  # fmt: skip
def test_functions_that_reach_outside_are_refused(tmp_path: Path, function: str) -> None:
    """Before anything is loaded, since tf_keras would call them."""
    layer = {"class_name": "TFOpLambda", "config": {"name": "op", "function": function}}
    path = old_h5(tmp_path / "old.h5", calling(layer), {})
    with pytest.raises(ModelError, match=f"calls the TensorFlow function '{function}', which does"):
        check_parts({"net": path}, Trust())


@pytest.mark.parametrize("op", ["ReadFile", "PyFunc", "WriteFile", "AssignVariableOp", "While"])
def test_ops_that_reach_outside_are_refused(tmp_path: Path, op: str) -> None:
    node = {"name": "op", "op": op, "input": ["x"]}
    layer = {"class_name": "TensorFlowOpLayer", "config": {"name": "op", "node_def": node}}
    path = old_h5(tmp_path / "old.h5", calling(layer), {})
    with pytest.raises(ModelError, match=f"calls the TensorFlow function '{op}', which does"):
        check_parts({"net": path}, Trust())


def test_a_node_in_a_text_is_refused(tmp_path: Path) -> None:
    """What is JSON of a harmless op may be another op's binary message to tf_keras."""
    node = json.dumps({"name": "op", "op": "Identity", "input": ["x"]})
    layer = {"class_name": "TensorFlowOpLayer", "config": {"name": "op", "node_def": node}}
    path = old_h5(tmp_path / "old.h5", calling(layer), {})
    with pytest.raises(ModelError, match=r"a node in a text.*--trust"):
        check_parts({"net": path}, Trust())


ALIEN: dict[str, dict[str, Any]] = {
    "module of a lost layer": {"module": "antigravity"},
    "module inside of TensorFlow": {"module": "tensorflow.python.x"},
    "registered name": {"module": "keras.src.utils", "registered_name": "get_file"},
    "inner function": {"inner": {"module": "os", "class_name": "function", "config": "relu"}},
    "inner name": {
        "inner": {"module": "keras.utils", "class_name": "function", "config": "get_file"}
    },
    "inner code": {"inner": {"class_name": "__lambda__", "config": {}}},
}


@pytest.mark.parametrize("what", ALIEN)
def test_tf_keras_takes_nothing_from_a_module_that_the_file_names(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Keras 3 does not see it: a layer that it lost, an argument that is dropped for it."""
    change = dict(ALIEN[what])
    inner = {"query_shape": change.pop("inner")} if "inner" in change else {}
    layer = {"class_name": "RandomHeight", "config": {"name": "one", **inner}} | change
    config = {"class_name": "Sequential", "config": {"name": "net", "layers": [layer]}}
    path = old_h5(tmp_path / "old.h5", config, {})
    monkeypatch.setitem(sys.modules, "tf_keras", None)  # not even imported
    with pytest.raises(ModelError, match=r"needs tf_keras and names .*--trust"):
        _keras2_fallback.open_in_keras_2(path, Trust())
