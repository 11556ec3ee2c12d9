"""Recipes: a contract for every file of edgekit/recipes, and what a user's own may get wrong."""

from pathlib import Path

import pytest

import edgekit.engines
from edgekit.errors import InputError
from edgekit.plan import recipe, target
from edgekit.plan.recipe import FOLDER, recipe_type
from edgekit.plan.steps import chain

ENGINES = ("litert", "openvino")


@pytest.mark.parametrize("name", recipe.names())
def test_every_recipe(name: str) -> None:
    found = recipe.load(name)
    assert found.description
    assert len((FOLDER / f"{name}.toml").read_text(encoding="utf-8").splitlines()) <= 40
    assert set(found.candidates) <= set(recipe.names())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", recipe.names())
def test_its_passes_and_options_exist_and_fit_together(name: str, engine: str) -> None:
    passes = recipe.load(name).passes(engine)
    if passes is not None:
        steps = chain(passes, engine, name)
        assert {str(entry["pass"]) for entry in passes} <= {step.name for step in steps}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_baseline_serves_every_engine_and_adds_no_pass(engine: str) -> None:
    assert recipe.load("float32").passes(engine) == ()


def test_auto_offers_what_the_targets_can_do() -> None:
    able = {name for device in target.names() for name in target.load(device).recipes}
    assert set(recipe.load("auto").candidates) == able


def test_names_are_the_files_of_the_folder() -> None:
    assert recipe.names() == sorted(path.stem for path in FOLDER.glob("*.toml"))


def test_an_engine_that_is_absent_is_not_served() -> None:
    made = recipe_type(["litert", "openvino"])(description="x", litert=())
    assert made.passes("litert") == ()
    assert made.passes("openvino") is None
    assert made.passes("another") is None


def test_an_engine_that_is_a_folder_has_its_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "abacus").mkdir()
    (tmp_path / "abacus" / "__init__.py").touch()
    monkeypatch.setattr(edgekit.engines, "__path__", [*edgekit.engines.__path__, str(tmp_path)])
    own = tmp_path / "own.toml"
    own.write_text('description = "x"\n[[abacus]]\npass = "count"\n')
    assert recipe.load(str(own)).passes("abacus") == ({"pass": "count"},)
    own.write_text('description = "x"\n[mixed]\nabacus = ["w8"]\n')
    mixed = recipe.load(str(own)).mixed
    assert mixed is not None
    assert mixed.precisions("abacus") == ("w8",)
    assert mixed.precisions("litert") == ()


def test_unknown_name() -> None:
    with pytest.raises(
        InputError, match=r"did you mean 'int8-weights'\? \(or give a \.toml file\)"
    ):
        recipe.load("int8-weight")


@pytest.mark.parametrize(
    "text",
    [
        'description = "neither"\n',
        'description = "both"\ncandidates = ["int8"]\nlitert = []\n',
        'description = "none to choose from"\ncandidates = []\n',
    ],
)
def test_either_candidates_or_passes(tmp_path: Path, text: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(InputError, match="must have one of: candidates, passes"):
        recipe.load(str(path))


def test_unknown_key(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('description = "x"\nlitret = []\n')
    with pytest.raises(InputError, match=r"own\.toml.*`litret`.*did you mean 'litert'"):
        recipe.load(str(path))


@pytest.mark.parametrize("number", ["points = 0", "groups = -1"])
def test_a_search_for_nothing_is_refused(tmp_path: Path, number: str) -> None:
    own = tmp_path / "own.toml"
    own.write_text(f'description = "x"\n[mixed]\nlitert = ["w8"]\n{number}\n')
    with pytest.raises(InputError, match="points and groups must be at least 1"):
        recipe.load(str(own))
