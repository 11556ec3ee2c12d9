"""Nets of half and double precision are computed in float32, and say so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
keras = pytest.importorskip("keras")

from edgekit.errors import ModelError  # noqa: E402
from edgekit.sources import Trust, open_parts  # noqa: E402
from edgekit.sources._keras_precision import to_float32  # noqa: E402


@pytest.fixture(autouse=True)
def policy() -> Iterator[None]:
    yield
    keras.config.set_dtype_policy("float32")


def net(**last: Any) -> Any:
    layers = keras.layers
    x = keras.Input((6,), name="x")
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(8), layers.BatchNormalization()])
    y = keras.ops.cast(inner(x) * 2.0, "float16")
    return keras.Model(x, layers.Dense(3, activation="tanh", **last)(y))


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("name", ["mixed_float16", "mixed_bfloat16", "float16", "float64"])
def test_computed_in_float32_with_a_remark(tmp_path: Path, name: str, suffix: str) -> None:
    keras.config.set_dtype_policy(name)
    saved = net(dtype="float32")
    path = tmp_path / f"net.{suffix}"
    saved.save(path)
    (part,) = open_parts({"net": path}, Trust()).values()
    (remark,) = part.info.remarks
    assert name in remark
    assert "computed in float32" in remark
    kinds = {t.dtype for t in (*part.info.inputs, *part.info.outputs)}
    kinds |= {str(np.asarray(value).dtype) for _, value in part.weights()}
    assert kinds == {"float32"}
    x = np.random.default_rng(0).normal(size=(4, 6)).astype("f")
    # bfloat16 has 8 bits of mantissa: the saved net itself is no closer to its float32 form.
    close = {"mixed_bfloat16": 5e-2, "float64": 2e-3}.get(name, 5e-3)
    found = np.asarray(part({"x": x})[0])
    np.testing.assert_allclose(found, np.asarray(saved(x)), atol=close)


def test_a_net_of_float32_has_no_remark(tmp_path: Path) -> None:
    x = keras.Input((6,))
    keras.Model(x, keras.layers.Dense(3)(x)).save(tmp_path / "net.keras")
    assert open_parts({"net": tmp_path / "net.keras"}, Trust())["net"].info.remarks == ()


@keras.saving.register_keras_serializable("edgekit-tests")
class Stubborn(keras.layers.Layer):
    """Does not pass on what it is given."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(name=kwargs.get("name"), dtype="float16")
        self.scale = self.add_weight(shape=(), initializer="ones")

    def call(self, x: Any) -> Any:
        return x * self.scale


def test_a_layer_that_insists_is_named(tmp_path: Path) -> None:
    x = keras.Input((6,))
    keras.Model(x, Stubborn(name="mine")(x)).save(tmp_path / "net.keras")
    with pytest.raises(ModelError, match=r"layer 'mine' \(Stubborn\) computes in float16 whatever"):
        open_parts({"net": tmp_path / "net.keras"}, Trust())


def test_every_form_of_a_policy() -> None:
    def policy(kind: str, **config: Any) -> dict[str, Any]:
        return {"class_name": kind, "config": config}

    forms = {
        "mixed_float16": "float32",
        "int8_from_mixed_bfloat16": "int8_from_float32",
        "int32": "int32",
    }
    for given, wanted in forms.items():
        tree = {"config": {"dtype": given}}
        to_float32(tree)
        assert tree["config"]["dtype"] == wanted
    tree = {"dtype": policy("Policy", name="mixed_float16")}
    assert to_float32(tree) == ("trained under mixed_float16; computed in float32",)
    assert tree == {"dtype": "float32"}
    places = {"a": policy("DTypePolicy", name="bfloat16"), "b": "float32"}
    tree = {"dtype": policy("DTypePolicyMap", default_policy="float16", policy_map=places)}
    to_float32(tree)
    assert tree["dtype"]["config"] == {
        "default_policy": "float32",
        "policy_map": {"a": "float32", "b": "float32"},
    }
