"""Keras files that nobody vouches for: refused in one line, before Keras or TensorFlow see them."""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

h5py = pytest.importorskip("h5py")

from edgekit.errors import InputError, ModelError  # noqa: E402
from edgekit.sources import Trust, _keras_file, check_parts, identify  # noqa: E402
from edgekit.sources._keras_file import MOST_CONFIG, unpack  # noqa: E402

NET = {"module": "keras", "class_name": "Sequential", "config": {"name": "net", "layers": []}}


def entry(module: str | None, name: str, /, **config: Any) -> dict[str, Any]:
    return {"module": module, "class_name": name, "config": config, "registered_name": None}


def function(module: str, name: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def net(*layers: Any) -> dict[str, Any]:
    return NET | {"config": {"name": "net", "layers": list(layers)}}


def archive(path: Path, config: Any, method: int = zipfile.ZIP_DEFLATED, **more: bytes) -> Path:
    text = config if isinstance(config, (bytes, str)) else json.dumps(config)
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("config.json", text)
        for name, content in more.items():
            file.writestr(name.replace("__", "/"), content)
    return path


def refusal(path: Path, trust: Trust | None = None) -> str:
    with pytest.raises(InputError) as caught:
        check_parts({"net": path}, trust or Trust())
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < len(str(path)) + 400
    return message


def test_check_imports_no_framework(tmp_path: Path, python: Callable[[str], str]) -> None:
    path = archive(tmp_path / "net.keras", net(entry("keras.layers", "Dense", units=3)))
    program = f"""
import sys
from pathlib import Path
from edgekit.sources import Trust, check_parts
check_parts({{"net": Path({str(path)!r})}}, Trust())
print(sorted({{"tensorflow", "keras"}} & set(sys.modules)))
"""
    assert python(program) == "[]"


LAMBDA = {"class_name": "__lambda__", "config": {"code": "AAAA", "defaults": None, "closure": None}}
NOT_ALLOWED = {
    "lambda layer": (entry("keras.layers", "Lambda", name="l", function=LAMBDA), "Lambda.*--trust"),
    "lambda by its file": (
        entry("keras.src.layers.core.lambda_layer", "Lambda", name="l"),
        "Lambda layers .l.*--trust",
    ),
    "lambda as activation": (
        entry("keras.layers", "Dense", units=1, activation=LAMBDA),
        "holds code.*--trust",
    ),
    "another folder's graph": (
        entry("keras.layers", "TFSMLayer", name="t", filepath="/tmp/evil"),
        r"'t' \(TFSMLayer\) runs a SavedModel of another folder; pass --trust",
    ),
    "code by the name of a function": (function("keras.layers", "Lambda"), "holds code.*--trust"),
    "a graph by the name of a function": (
        function("keras.layers", "TFSMLayer"),
        r"\(TFSMLayer\) runs a SavedModel of another folder; pass --trust",
    ),
    "pickled torch": (entry("keras.layers", "TorchModuleWrapper", name="t"), "pickled.*--trust"),
    "words of a file": (
        entry("keras.layers", "StringLookup", name="s", vocabulary="/etc/passwd"),
        r"reads its vocabulary from a file \(/etc/passwd\)",
    ),
    "words of a custom layer": (
        entry("keras.layers", "Dense", inner={"name": "x", "vocabulary": {"class_name": "x"}}),
        "is not part of Keras|vocabulary",
    ),
    "a function that loads": (
        entry("keras.layers", "Dense", activation=function("keras.models", "load_model")),
        "keras.models.load_model', which is no part of a net",
    ),
    "a function that downloads": (
        entry("keras.layers", "Dense", activation=function("keras.utils", "get_file")),
        "keras.utils.get_file', which is no part of a net",
    ),
    "the switch of safe mode": (
        function("keras.config", "enable_unsafe_deserialization"),
        "which is no part of a net",
    ),
    "a deserializer": (function("keras.layers", "deserialize"), "which is no part of a net"),
    "an internal module": (entry("keras.src.utils.file_utils", "File"), "which is no part"),
    "another package": (entry("os", "system"), "--custom-objects package.module"),
    "a package of Keras' makers": (entry("keras_hub.src.x", "Y"), "--custom-objects"),
    "a type of TensorFlow": (entry("tensorflow", "__typespec__"), "--custom-objects"),
    "a module that is no text": (
        {"module": {}, "class_name": "Dense", "config": {}},
        "not part of Keras",
    ),
    "a class that is no text": ({"class_name": ["Dense"], "config": {}}, "a class that is no text"),
    "a name without end": (entry("keras.layers", "Dense", name="x" * 5000), "a name that is none"),
    "a name that cannot be shown": (entry("keras.layers", "Dense", name="\ud800"), "a name that"),
}


@pytest.mark.parametrize("what", NOT_ALLOWED)
def test_what_a_config_may_not_name(tmp_path: Path, what: str) -> None:
    inner, message = NOT_ALLOWED[what]
    error = refusal(archive(tmp_path / "net.keras", net(inner)))
    assert re.search(message, error), error


@pytest.mark.parametrize("place", ["build_config", "layers"])
def test_anything_at_any_place_is_looked_at(tmp_path: Path, place: str) -> None:
    config = NET | {place: {"a": [{"b": entry("os", "system")}]}}
    assert "'system'" in refusal(archive(tmp_path / "net.keras", config))


def test_losses_and_optimizers_are_not_built_and_may_be_anything(tmp_path: Path) -> None:
    config = NET | {"compile_config": {"loss": entry("my.losses", "Loss")}}
    check_parts({"net": archive(tmp_path / "net.keras", config)}, Trust())


def test_the_users_modules_give_what_they_define_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgekit.sources._keras_load import custom_objects

    (tmp_path / "own_layers.py").write_text(
        "import keras\nfrom os import system\nfrom shutil import rmtree\n"
        "from subprocess import Popen\n"
        "class Gain(keras.layers.Layer): pass\ndef twice(x): return 2 * x\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert set(custom_objects(["own_layers"])) == {"Gain", "twice"}
    finally:
        sys.modules.pop("own_layers", None)


def test_sizes_are_bounded_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path / "net.keras", b'{"a": "' + bytes(MOST_CONFIG + 1) + b'"}')
    assert path.stat().st_size < 1 << 20
    assert "has an architecture of 32 MB" in refusal(path)
    monkeypatch.setattr(_keras_file, "HARMLESS", 1 << 20)
    weights = archive(tmp_path / "w.keras", NET, **{"model.weights.h5": bytes(3 << 20)})
    assert "'model.weights.h5' unpacks to 3 MB" in refusal(weights)
    parts = {f"assets__{k}": bytes(1 << 20) for k in range(5)}  # none of them is too large
    many = archive(tmp_path / "many.keras", NET, **parts)
    assert "unpacks to 5 MB" in refusal(many)
    monkeypatch.setattr(_keras_file, "MOST_MEMBERS", 5)
    assert "holds 6 files" in refusal(many)


def test_arrays_are_bounded_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_keras_file, "HARMLESS", 1 << 20)
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("0", (1 << 18,), "f", chunks=(1 << 16,), compression="gzip")
        for k in range(1, 5):
            file[str(k)] = file["0"]  # one array that many layers would read
    with pytest.raises(_keras_file.Odd, match="unpacks to 5 MB"):
        _keras_file.check_hdf5(path)


@pytest.mark.parametrize(
    ("metadata", "version"),
    [(None, ""), ({}, ""), ({"a": "x" * 5000, "keras_version": "2.15.0"}, "2.15.0")],
)
def test_an_unpacked_archive_tells_its_version_as_a_packed_one(
    metadata: Any, version: str, tmp_path: Path
) -> None:
    more = {} if metadata is None else {"metadata.json": json.dumps(metadata).encode()}
    packed = archive(tmp_path / "net.keras", NET, **more)
    folder = tmp_path / "folder.keras"
    with zipfile.ZipFile(packed) as file:
        file.extractall(folder)
    assert _keras_file.read(packed).version == _keras_file.read(folder).version == version


def test_metadata_that_is_none_is_damaged(tmp_path: Path) -> None:
    packed = archive(tmp_path / "net.keras", NET, **{"metadata.json": b"{"})
    folder = tmp_path / "folder.keras"
    with zipfile.ZipFile(packed) as file:
        file.extractall(folder)
    assert "no JSON" in refusal(packed)
    assert "no JSON" in refusal(folder)


ARCHIVES: dict[str, tuple[Any, str]] = {
    "deep": (b"[" * 100_000 + b"]" * 100_000, "nested without end"),
    "deep enough": (b'{"a":' * 400 + b"1" + b"}" * 400, "nested without end"),
    "latin": (b'{"class_name": "\xe9"}', "not UTF-8"),
    "words": (b"hello", "no JSON"),
    "list": (b"[]", "no object"),
}


@pytest.mark.parametrize("what", ARCHIVES)
def test_configs_that_are_none(tmp_path: Path, what: str) -> None:
    text, message = ARCHIVES[what]
    assert message in refusal(archive(tmp_path / "net.keras", text))


def test_archives_that_keras_did_not_write(tmp_path: Path) -> None:
    path = tmp_path / "net.keras"
    for escape in ("../../etc/evil", "/etc/evil", "assets/../../evil", "a\\..\\..\\evil"):
        archive(path, NET)
        with zipfile.ZipFile(path, "a") as file:
            file.writestr(escape, "x")
        assert "leads out of the archive" in refusal(path)
    archive(path, NET)
    with zipfile.ZipFile(path, "a") as file, pytest.warns(UserWarning):
        file.writestr("config.json", json.dumps(net(entry("os", "system"))))
    assert "holds 'config.json' twice" in refusal(path)
    assert "compression" in refusal(archive(path, NET, method=zipfile.ZIP_LZMA))
    content = bytearray(archive(path, NET, method=zipfile.ZIP_STORED).read_bytes())
    for start, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(start) + flags] |= 1
    path.write_bytes(content)
    assert "encrypted" in refusal(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("notes.txt", "x")
    assert "no Keras model: it holds no config.json" in refusal(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("net/config.json", json.dumps(NET))
    assert "zip the files, not their folder" in refusal(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("model.weights.h5", "x")
    assert "holds weights only" in refusal(path)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (7, "model_config is no text"),
        (np.zeros(5), "model_config is no text"),
        (np.array([b"a", b"b"]), "model_config is no text"),
        (b"\xff\xfe\xfa", "UTF-8"),
        ("[1]", "no object"),
        ("{}}", "no JSON"),
    ],
)
def test_odd_attributes_of_hdf5(tmp_path: Path, value: Any, message: str) -> None:
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file.attrs["model_config"] = value
    assert message in refusal(tmp_path / "net.h5")


def hdf5(fill: Callable[[Any], None]) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        fill(file)
    return buffer.getvalue()


def external(file: Any) -> None:
    file["layers"] = h5py.ExternalLink("/etc/other.h5", "/x")


def soft(file: Any) -> None:
    file["layers"] = h5py.SoftLink("/x")


def elsewhere(file: Any) -> None:
    file.create_dataset("x", (4,), "f", external=[("/etc/passwd", 0, 16)])


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((4,), "f")
    layout[:] = h5py.VirtualSource("/etc/other.h5", "x", (4,))
    file.create_virtual_dataset("x", layout)


def bomb(file: Any) -> None:
    file.create_dataset("x", (1 << 28,), "f", chunks=(1 << 20,), compression="gzip")


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (external, "'layers' in it is a ExternalLink"),
        (soft, "'layers' in it is a SoftLink"),
        (elsewhere, "'/x' in it is read from another file"),
        (virtual, "'/x' in it is read from another file"),
        (bomb, "'/x' unpacks to 1024 MB"),
    ],
)
def test_weights_that_are_elsewhere(
    tmp_path: Path, fill: Callable[[Any], None], message: str
) -> None:
    path = archive(tmp_path / "net.keras", NET, **{"model.weights.h5": hdf5(fill)})
    (tmp_path / "into").mkdir()
    with pytest.raises(ModelError) as caught:
        unpack(path, tmp_path / "into")
    assert message in str(caught.value)


FOREIGN = {
    "net.ckpt": (b"x", "is a TensorFlow checkpoint"),
    "net.index": (b"x", "is a TensorFlow checkpoint"),
    "net.ckpt.data-00000-of-00001": (b"x", "is a TensorFlow checkpoint"),
    "net.pb": (b"x", "a graph in a file of its own"),
    "net.pth": (b"x", "is of PyTorch"),
    "net.onnx": (b"x", "is ONNX"),
    "net.json": (b"{}", "an architecture without weights"),
    "net.zip": (b"PK", "unpack it"),
    "net.keras": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
    "net.h5": (b"<!DOCTYPE html><html></html>", "is a web page"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_files_are_said_to_be_what_they_are(tmp_path: Path, name: str) -> None:
    content, message = FOREIGN[name]
    (tmp_path / name).write_bytes(content)
    assert message in refusal(tmp_path / name)


def test_folders_are_said_to_be_what_they_are(tmp_path: Path) -> None:
    for inner, message in {
        "checkpoint": "holds a TensorFlow checkpoint",
        "variables": "has variables but no saved_model.pb",
        "model.weights.h5": "holds weights only",
        "net.h5": r"give the model in it \('net.h5'\)",
    }.items():
        folder = tmp_path / f"of {inner}"
        folder.mkdir()
        (folder / inner).touch()
        with pytest.raises(InputError, match=message):
            identify(folder)
    (tmp_path / "x.keras").mkdir()
    with pytest.raises(InputError, match=r"a folder without config.json"):
        identify(tmp_path / "x.keras")
