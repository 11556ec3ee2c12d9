"""What is no plain file is refused before it is opened, and nothing large is read whole."""

import os
from pathlib import Path

import pytest

from edgekit.data.load import check_data
from edgekit.errors import InputError
from edgekit.measure.features import check_features
from edgekit.plan import recipe, target
from edgekit.sources import part_files
from edgekit.typed import Typed, read_toml

READERS = {
    "model": part_files,
    "data": lambda path: check_data(str(path)),
    "features": lambda path: check_features(str(path)),
    "recipe": lambda path: recipe.load(str(path)),
    "target": lambda path: target.load(str(path)),
}
SUFFIXES = {"model": ".keras", "data": ".npz", "features": ".tflite"}


def suffixed(path: Path, reader: str) -> Path:
    """A name that a reader takes for one of its own."""
    return path.with_name(path.name + SUFFIXES.get(reader, ".toml"))


@pytest.mark.parametrize("reader", READERS)
def test_pipes_and_devices(tmp_path: Path, reader: str) -> None:
    """To open a pipe would wait for ever, to read a device would never end."""
    pipe, device = suffixed(tmp_path / "pipe", reader), suffixed(tmp_path / "device", reader)
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    for path in (pipe, device):
        with pytest.raises(InputError, match="is a pipe or a device; give a file"):
            READERS[reader](path)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["n" * 5000, "nul\0", "loop"])
def test_names_that_cannot_be(tmp_path: Path, reader: str, name: str) -> None:
    path = suffixed(tmp_path / name, reader)
    if name == "loop":
        path.symlink_to(path.name)
    with pytest.raises(InputError) as caught:
        READERS[reader](path)
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


def test_a_pipe_inside_a_folder(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").touch()
    os.mkfifo(tmp_path / "variables")
    with pytest.raises(InputError, match="variables' is a pipe"):
        part_files(tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    os.mkfifo(data / "a.png")
    with pytest.raises(InputError, match=r"a\.png' is a pipe"):
        check_data(str(data))


class Any(Typed, frozen=True):
    """A file of any content."""

    value: object = None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"value = " + b"[" * 100_000, "is not valid TOML"),
        (b"value = " + b"{a=" * 100_000, "is not valid TOML"),
        (b".".join([b"a"] * 100_000) + b" = 1", "a key has too many parts"),
        (b'"a" . ' * 100_000 + b"a = 1", "a key has too many parts"),
        (b"[" + b"'a'." * 100_000 + b"a]", "a key has too many parts"),
        (b"value = 1" + b"0" * 5000, "is not valid TOML"),
        (b"value = '\xff'", "cannot be read"),
        (b"#" * (2 << 20), "is larger than 1 MiB"),
        (b"\0", "is not valid TOML"),
    ],
)
def test_hostile_toml(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_toml(tmp_path / "a.toml", Any, "recipe")
    assert "\n" not in str(caught.value)


def test_dots_in_text_and_comments_are_no_parts(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(f"# {'.' * 200}\nvalue = '{'a.' * 200}' # {'b.' * 200}\n")
    assert read_toml(tmp_path / "a.toml", Any, "recipe").value == "a." * 200
