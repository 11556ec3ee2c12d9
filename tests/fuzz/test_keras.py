"""Keras files, as far as they are read before Keras is."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

h5py = pytest.importorskip("h5py")

from edgekit.sources import Trust, keras  # noqa: E402

from .harness import EXAMPLES, fuzz  # noqa: E402
from .mutate import EDITS, broken_bytes, broken_tree, edited  # noqa: E402

LAYERS = [
    {
        "module": "keras.layers",
        "class_name": name,
        "config": {"name": name.lower(), "dtype": {"class_name": "DTypePolicy", "module": "keras",
                   "config": {"name": "float32"}}, **more},
        "registered_name": None,
    }
    for name, more in (
        ("InputLayer", {"batch_shape": [None, 4]}),
        ("Dense", {"units": 3, "activation": "relu", "kernel_initializer": {
            "module": "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": 1}}}),
        ("Lambda", {"function": {"class_name": "__lambda__", "config": {"code": "4wEA"}}}),
        ("TFSMLayer", {"filepath": "../../outside"}),
    )
]  # fmt: skip
NET = {
    "module": "keras",
    "class_name": "Sequential",
    "config": {"name": "net", "trainable": True, "layers": LAYERS[:2]},
    "registered_name": "Sequential",
    "compile_config": {"optimizer": "adam", "loss": {"class_name": "own"}},
}
HOSTILE = {**NET, "config": {"layers": LAYERS}}
METADATA = {"keras_version": "3.12.0", "date_saved": "2025-01-01@00:00:00"}
DEEP = [b"[" * 100_000, b'{"config": ' * 100_000, b"1" * 10_000]


def weights(config: bytes = b"{}") -> bytes:
    """A small HDF5 file, with a config as older files hold it."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["model_config"] = config.replace(b"\0", b"?")  # as HDF5 wants it
        file.attrs["keras_version"] = "2.15.0"
        file.create_dataset("layers/dense/vars/0", data=[[1.0, 2.0, 3.0]] * 4)
    return buffer.getvalue()


def archive(config: bytes, metadata: Any = METADATA, name: str = "config.json") -> bytes:
    """A sound archive around what may be a broken config."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, config)
        file.writestr("metadata.json", json.dumps(metadata))
        file.writestr("model.weights.h5", WEIGHTS)
    return buffer.getvalue()


WEIGHTS = weights()
TREES = st.one_of(broken_tree(NET), broken_tree(HOSTILE)).map(lambda t: json.dumps(t).encode())
CONFIGS = st.one_of(
    TREES, TREES, st.tuples(TREES, EDITS).map(lambda made: edited(*made)), st.sampled_from(DEEP)
)
NAMES = st.sampled_from(["config.json", "../config.json", "/config.json", "x\0", "assets/../../x"])
ARCHIVES = st.one_of(
    CONFIGS.map(archive),
    broken_bytes(archive(json.dumps(NET).encode())),
    st.tuples(TREES, broken_tree(METADATA), NAMES).map(lambda made: archive(*made)),
)

HDF5 = st.one_of(
    CONFIGS.map(lambda config: weights(config[:60_000])),  # as much as an attribute holds
    broken_bytes(weights(json.dumps(NET).encode())),
)


@pytest.mark.parametrize(
    ("kind", "name", "inputs"),
    [
        ("keras", "net.keras", ARCHIVES),
        ("h5", "net.h5", HDF5),
    ],
    ids=["keras", "h5"],
)
@EXAMPLES
def test_keras_files(
    place: Path, kind: str, name: str, inputs: st.SearchStrategy[bytes], examples: int
) -> None:
    def given(content: bytes) -> None:
        (place / name).write_bytes(content)
        keras.check(place / name, Trust())

    fuzz(kind, inputs, given, examples, place)


def test_what_is_broken_above_was_sound(place: Path) -> None:
    (place / "net.keras").write_bytes(archive(json.dumps(NET).encode()))
    (place / "net.h5").write_bytes(weights(json.dumps(NET).encode()))
    for name in ("net.keras", "net.h5"):
        keras.check(place / name, Trust())
