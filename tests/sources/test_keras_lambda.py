"""Lambda layers that name a function instead of holding its code."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.errors import ModelError
from edgekit.sources import Trust
from edgekit.sources._keras_allowed import check_allowed

CODE = {"class_name": "__lambda__", "config": {"code": "AAAA", "defaults": None, "closure": None}}
OWN = """
import keras

@keras.saving.register_keras_serializable()
def lambda_own_waves(x, speed):
    return keras.ops.sin(speed * x)
"""


def named(name: str, module: str | None = "builtins", **more: Any) -> dict[str, Any]:
    return {"class_name": "function", "module": module, "config": name, **more}


def layer(function: Any, **config: Any) -> dict[str, Any]:
    config = {"name": "l", "function": function, **config}
    return {"class_name": "Lambda", "module": "keras.layers", "config": config}


def check(entry: dict[str, Any], *known: str) -> None:
    check_allowed(Path("net.keras"), entry, ("TFOpLambda",), known)


@pytest.mark.parametrize("function", [named("Custom>waves"), named("relu"), named("sin")])
def test_a_function_by_name_needs_no_trust(function: dict[str, Any]) -> None:
    check(layer(function, output_shape=[4]), "Custom>waves")


REFUSED = {
    "not defined": (layer(named("Custom>other")), "'Custom>other'.*--custom-objects"),
    "code": (layer(CODE), "holds code"),
    "code of the shape": (layer(named("Custom>waves"), output_shape=CODE), r"code .*\(l\)"),
    "bytecode": (layer(["AAAA", None, None]), "holds code"),
    "code as an argument": (layer(named("relu"), arguments={"a": CODE}), "holds code"),
    "of another module": (layer(named("system", "os")), "'system'.*--custom-objects"),
    "of Keras, under a name of the user's": (
        layer(named("get_file", "keras.utils", registered_name="Custom>waves")),
        "'keras.utils.get_file', which is no part",
    ),
    "of anywhere, under a name of the user's": (
        layer(named("system", "os", registered_name="Custom>waves")),
        "'system'",
    ),
    "a layer": (layer(named("TFSMLayer", "keras.layers")), "TFSMLayer"),
    "a layer that reads": (layer(named("StringLookup", "keras.layers")), "StringLookup"),
    "a stand-in of edgekit": (layer(named("TFOpLambda", None)), "TFOpLambda"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_function_that_stays_refused(what: str) -> None:
    entry, message = REFUSED[what]
    with pytest.raises(ModelError) as caught:
        check(entry, "Custom>waves")
    assert re.search(message, str(caught.value)), caught.value


def test_a_registered_function_is_loaded_from_the_users_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keras = pytest.importorskip("keras")
    from edgekit.sources._keras_load import load_net

    (tmp_path / "lambda_own.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    import lambda_own  # type: ignore[import-not-found]

    inputs = keras.Input((4,))
    made = keras.layers.Lambda(lambda_own.lambda_own_waves, arguments={"speed": 3.0})(inputs)
    keras.Model(inputs, made).save(tmp_path / "net.keras")
    for name in ("Custom>lambda_own_waves", "lambda_own"):
        keras.saving.get_custom_objects().pop(name, None)
        sys.modules.pop(name, None)
    with pytest.raises(ModelError, match=r"lambda_own_waves.*--custom-objects"):
        load_net(tmp_path / "net.keras", Trust())
    net, _ = load_net(tmp_path / "net.keras", Trust(custom_objects=("lambda_own",)))
    x = np.float32([[0, 0.1, 0.2, 0.3]])
    np.testing.assert_allclose(net(x), np.sin(3 * x), atol=1e-6)  # float32 of values up to 1


def test_a_global_that_is_lost_is_told_without_an_output_shape(tmp_path: Path) -> None:
    """Keras asks for the output_shape, and with it the net fails all the same."""
    keras = pytest.importorskip("keras")
    from edgekit.sources._keras_load import load_net

    space = {"gone": keras.ops}
    lost = eval("lambda x: gone.sin(x)", space)
    inputs = keras.Input((4,))
    keras.Model(inputs, keras.layers.Lambda(lost)(inputs)).save(tmp_path / "net.keras")
    with pytest.raises(ModelError, match="a Lambda uses the global `gone`") as caught:
        load_net(tmp_path / "net.keras", Trust(trust=True))
    assert "output_shape" not in str(caught.value)
