"""Configs that ask for far more weights than their file holds: refused before Keras makes them."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
keras = pytest.importorskip("keras")
h5py = pytest.importorskip("h5py")

from keras import layers  # noqa: E402

from edgekit.errors import ModelError  # noqa: E402
from edgekit.sources import (  # noqa: E402
    Trust,
    open_parts,
)

SMALL = 777
# A net with a number that becomes a large one in the file.
ASKING: dict[str, Callable[[], Any]] = {
    "units": lambda: chain((8,), layers.Dense(SMALL)),
    "filters": lambda: chain((8, 8, 3), layers.Conv2DTranspose(SMALL, 3)),
    "kernel": lambda: chain((800, 3), layers.Conv1D(2, SMALL, padding="same")),
    "words": lambda: chain((3,), layers.Embedding(SMALL, 4)),
    "inner net": lambda: chain((8,), chain((8,), layers.Dense(4), layers.Dense(SMALL))),
    "Fourier": lambda: chain((4096, 1), layers.STFTSpectrogram(fft_length=SMALL)),
    "in a wrapper": lambda: chain((5, 8), layers.Bidirectional(layers.LSTM(SMALL))),
}


def chain(shape: tuple[int, ...], *steps: Any) -> Any:
    x = inputs = keras.Input(shape)
    for step in steps:
        x = step(x)
    return keras.Model(inputs, x)


def larger(config: str) -> str:
    return config.replace(str(SMALL), "1000000000")


def asking(folder: Path, net: Any, larger: Callable[[str], str] = larger) -> Path:
    net.save(folder / "small.keras")
    path = folder / "net.keras"
    with zipfile.ZipFile(folder / "small.keras") as small, zipfile.ZipFile(path, "w") as large:
        for name in small.namelist():
            content = small.read(name)
            if name == "config.json":
                content = larger(content.decode()).encode()
            large.writestr(name, content)
    return path


@pytest.mark.parametrize("what", ASKING)
@pytest.mark.long
def test_more_than_the_file_holds(tmp_path: Path, what: str) -> None:
    path = asking(tmp_path, ASKING[what]())
    asked = (
        r"which has [\d.e+]+ GB of weights \('.*' \(.*\)\), where the file holds [\d.]+ .?B; save"
    )
    with pytest.raises(ModelError, match=asked):
        open_parts({"net": path}, Trust())


def test_in_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "net.h5"
    ASKING["units"]().save(path)
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = larger(file.attrs["model_config"])
    with pytest.raises(ModelError, match=r"has 36 GB of weights .* the file holds [\d.]+ kB"):
        open_parts({"net": path}, Trust())


def test_a_config_that_does_not_fit_itself_is_not_built_up_to_there(tmp_path: Path) -> None:
    """The weights before the fault would be made, and they are larger than memory."""
    net = chain((8,), layers.Dense(SMALL), layers.Dense(4))
    units = f'"units": {SMALL}'
    path = asking(tmp_path, net, lambda config: config.replace(units, larger(units)))
    with pytest.raises(ModelError, match=r"cannot be loaded: .* expected axis -1 .* 1000000000"):
        open_parts({"net": path}, Trust())


def test_a_net_that_keeps_a_state_is_loaded(tmp_path: Path) -> None:
    """Its variables have values from the start, which a net of shapes alone cannot have."""
    x = keras.Input((5, 3), batch_size=2)
    net = keras.Model(x, layers.GRU(4, stateful=True)(x))
    net.save(tmp_path / "net.keras")
    part = open_parts({"net": tmp_path / "net.keras"}, Trust())["net"]
    rows = np.ones((2, 5, 3), np.float32)
    expected = net(rows)
    np.testing.assert_allclose(part({part.info.inputs[0].name: rows})[0], expected, rtol=1e-5)


def test_names_are_those_of_the_file(tmp_path: Path) -> None:
    """What Keras numbers by itself begins anew after the net of shapes."""
    net = chain((8,), layers.Dense(6, name="first"), layers.Reshape((2, 3)))
    net.save(tmp_path / "net.keras")
    config = json.loads(zipfile.ZipFile(tmp_path / "net.keras").read("config.json"))
    names = [layer["config"]["name"] for layer in config["config"]["layers"]]
    part: Any = open_parts({"net": tmp_path / "net.keras"}, Trust())["net"]
    assert [layer.name for layer in part._net.layers] == names
