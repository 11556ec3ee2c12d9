"""Targets: a contract for every file of targets/, and what a user's own file may get wrong."""

import tomllib
from pathlib import Path

import pytest

from edgekit import plugin
from edgekit.errors import InputError
from edgekit.plan import recipe, target


@pytest.mark.parametrize("name", target.names())
def test_every_target(name: str) -> None:
    device = target.load(name)
    assert device.description
    assert device.engine in plugin.names("engines")
    assert device.threads >= 1
    assert device.memory_mb > 0
    assert {"architecture", "verified"} <= set(tomllib.loads(target.find(name).read_text()))
    assert device.precisions[0] == "float32", "the baseline of every comparison"
    assert len(set(device.precisions)) == len(device.precisions)


@pytest.mark.parametrize("name", target.names())
def test_precisions_name_recipes_for_the_engine(name: str) -> None:
    device = target.load(name)
    for precision in device.precisions:
        assert recipe.load(precision).passes(device.engine) is not None, precision


@pytest.mark.parametrize("name", target.names())
def test_a_target_fits_a_screen(name: str) -> None:
    assert len(target.find(name).read_text(encoding="utf-8").splitlines()) <= 40


def test_names_are_the_files_of_the_folder() -> None:
    folder = Path(__file__).parent.parent / "targets"
    assert target.names() == sorted(path.stem for path in folder.glob("*.toml"))
    assert {"raspberry-pi-4", "raspberry-pi-5", "intel-cpu"} <= set(target.names())


def test_unknown_name() -> None:
    with pytest.raises(InputError, match="did you mean 'raspberry-pi-5'"):
        target.load("raspbery-pi-5")


def test_a_users_own_file(tmp_path: Path) -> None:
    path = tmp_path / "board.toml"
    path.write_text('description = "My board"\nengine = "litert"\nprecisions = ["float32"]\n')
    assert target.load(str(path)) == target.Target(
        description="My board", engine="litert", precisions=("float32",)
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('description = "x"\nengine = "litert"\n', "missing required field `precisions`"),
        ('descripton = "x"\n', "did you mean 'description'"),
        ('description = "x"\nengine = "litert"\nprecisions = "int8"\n', r"`array`.*precisions"),
        ("description = \n", "is not valid TOML"),
        (
            'description = "x"\nengine = "lite-rt"\nprecisions = ["float32"]\n',
            "unknown engine 'lite-rt'; did you mean 'litert'",
        ),
        (
            'description = "x"\nengine = "__class__"\nprecisions = ["float32"]\n',
            "unknown engine '__class__'",
        ),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "board.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        target.load(str(path))
    assert str(path) in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"target '.*none\.toml' does not exist"):
        target.load(str(tmp_path / "none.toml"))
