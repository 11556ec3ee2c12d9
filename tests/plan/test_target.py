"""Targets: a contract for every file of targets/, and what a user's own file may get wrong."""

import tomllib
from pathlib import Path

import pytest

from edgekit import plugin
from edgekit.errors import InputError
from edgekit.plan import recipe, target


@pytest.mark.parametrize("name", target.names())
def test_every_target(name: str) -> None:
    found = target.load(name)
    assert found.description
    assert set(found.engines) <= set(plugin.names("engines"))
    assert found.device.threads >= 1
    assert found.limits.memory_mb > 0
    assert {"architecture", "verified"} <= set(tomllib.loads(target.find(name).read_text()))
    assert found.recipes[0] == "float32", "the baseline of every comparison"
    assert len(set(found.recipes)) == len(found.recipes)
    assert len(set(found.engines)) == len(found.engines)
    assert "[litert]" in found.install.format(engine="litert")


@pytest.mark.parametrize("name", target.names())
def test_every_recipe_serves_one_of_the_engines(name: str) -> None:
    found = target.load(name)
    for each in found.recipes:
        served = [recipe.load(each).passes(engine) is not None for engine in found.engines]
        assert any(served), each


@pytest.mark.parametrize("name", target.names())
def test_a_target_fits_a_screen(name: str) -> None:
    assert len(target.find(name).read_text(encoding="utf-8").splitlines()) <= 40


def test_names_are_the_files_of_the_folder() -> None:
    folder = Path(__file__).parents[2] / "targets"
    assert target.names() == sorted(path.stem for path in folder.glob("*.toml"))
    assert {"raspberry-pi-4", "raspberry-pi-5", "intel-cpu"} <= set(target.names())


def test_unknown_name() -> None:
    with pytest.raises(InputError, match="did you mean 'raspberry-pi-5'"):
        target.load("raspbery-pi-5")


def test_a_users_own_file(tmp_path: Path) -> None:
    path = tmp_path / "board.toml"
    path.write_text('description = "My board"\nengines = ["litert"]\nrecipes = ["float32"]\n')
    assert target.load(str(path)) == target.Target(
        description="My board", engines=("litert",), recipes=("float32",)
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('description = "x"\nengines = ["litert"]\n', "missing required field `recipes`"),
        ('descripton = "x"\n', "did you mean 'description'"),
        ('description = "x"\nengines = ["litert"]\nrecipes = "int8"\n', r"`array`.*recipes"),
        ('description = "x"\nengines = []\nrecipes = []\n', "engines is empty; give one of litert"),
        (
            'description = "x"\nengines = ["litert"]\nrecipes = []\ndevice = { kind = "tpu" }\n',
            "engine 'litert' has no device 'tpu'; it runs on: cpu",
        ),
        (
            'description = "x"\nengines = ["litert"]\nrecipes = []\ndevice = { threads = 0 }\n',
            "device.threads is 0; give 1 to 1024",
        ),
        (
            'description = "x"\nengines = ["litert", "openvino"]\nrecipes = []\n'
            'device = { options = { A = "1" } }\n',
            "options are settings of one engine",
        ),
        (
            'description = "x"\nengines = ["litert"]\nrecipes = ["float32", "int-8"]\n',
            "unknown recipe 'int-8'; did you mean 'int8'",
        ),
        (
            'description = "x"\nengines = ["litert"]\nrecipes = []\nverified = "perhaps"\n',
            "Invalid enum value 'perhaps'.*; known: compiled, emulated, linted, run, unverified",
        ),
        ("description = \n", "is not valid TOML"),
        (
            'description = "x"\nengines = ["lite-rt"]\nrecipes = ["float32"]\n',
            "unknown engine 'lite-rt'; did you mean 'litert'",
        ),
        (
            'description = "x"\nengines = ["__class__"]\nrecipes = ["float32"]\n',
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
