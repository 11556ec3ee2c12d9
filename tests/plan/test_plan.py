"""Target and recipe become checked steps, before anything heavy is loaded."""

from pathlib import Path
from typing import Any

import pytest

from edgekit import errors
from edgekit.errors import InputError, MissingDependency, PlanError
from edgekit.plan import recipe, target
from edgekit.plan.plan import make_plan
from edgekit.plan.steps import chain
from tests.plan.plans import planned


def names(passes: list[dict[str, Any]], engine: str) -> list[str]:
    return [step.name for step in chain(passes, engine, "own")]


@pytest.mark.parametrize(
    ("passes", "engine", "steps"),
    [
        ([], "litert", ["export", "lower"]),
        ([], "openvino", ["export", "lower"]),
        (["quantize"], "litert", ["export", "lower", "quantize"]),
        (["quantize"], "openvino", ["export", "lower", "quantize"]),
        (["lower"], "litert", ["export", "lower"]),
        (["export", "quantize"], "litert", ["export", "lower", "quantize"]),
    ],
)
def test_lowering_is_inserted_where_it_is_not_named(
    passes: list[str], engine: str, steps: list[str]
) -> None:
    assert names([{"pass": name} for name in passes], engine) == steps


def test_options_are_checked_and_kept() -> None:
    *_, step = chain([{"pass": "compress", "bits": 4}], "openvino", "own")
    assert step.options["bits"] == 4


@pytest.mark.parametrize(
    ("passes", "kind", "message"),
    [
        ([{"pass": "quantise"}], InputError, "did you mean 'quantize'"),
        (
            [{"pass": "quantize", "rule": []}],
            InputError,
            "recipe 'own', pass 'quantize': .*did you mean 'rules'",
        ),
        ([{"pass": "quantize", "rows": "x"}], InputError, r"str` - at `\$.rows`"),
        ([{"pass": "compress"}], InputError, "unknown pass of litert 'compress'"),
        ([{"bits": 4}], PlanError, "recipe 'own': a pass has no name"),
        (
            [{"pass": "quantize"}, {"pass": "lower"}],
            PlanError,
            "'lower' takes a saved-model model, but has a tflite one",
        ),
    ],
)
def test_wrong_recipes_are_refused(
    passes: list[dict[str, Any]], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        chain(passes, "litert", "own")


@pytest.mark.parametrize(
    ("engine", "passes", "calibrated"),
    [
        ("openvino", {"pass": "quantize"}, True),
        ("litert", {"pass": "quantize", "rules": [{"mode": "static"}]}, True),
        ("litert", {"pass": "quantize", "rules": [{"mode": "dynamic"}]}, False),
        ("openvino", {"pass": "compress", "bits": 8}, False),
        ("openvino", {"pass": "compress", "bits": 4, "awq": True}, True),
        ("litert", {"pass": "lower", "quantize": "int8"}, True),
        ("litert", {"pass": "lower", "quantize": "float16"}, False),
    ],
)
def test_which_steps_read_calibration_data(
    engine: str, passes: dict[str, Any], calibrated: bool
) -> None:
    assert chain([passes], engine, "own")[-1].calibrates is calibrated


def test_auto_gives_what_the_target_lists_and_the_engine_can() -> None:
    for name in target.names():
        found = target.load(name)
        plans = {engine: planned(name, ["auto"], engine).candidates for engine in found.engines}
        made = [candidate for plan in plans.values() for candidate in plan]
        assert {each.recipe for each in made} == set(found.recipes)
        assert all(plan[0].name == "float32" for plan in plans.values())
        assert all(candidate.offered for candidate in made)


def test_a_target_with_several_engines_tries_each() -> None:
    (plan,) = make_plan(["intel-cpu"], ["int8", "int8-dynamic", "mixed"])
    names = [each.name for each in plan.candidates]
    assert names == [
        "openvino/float32", "openvino/int8", "openvino/int8+rewrites",
        "litert/float32", "litert/int8", "litert/int8+rewrites",
        "litert/int8-dynamic", "litert/int8-dynamic+rewrites",
    ]  # fmt: skip
    assert [each.name for each in plan.baselines] == ["openvino/float32", "litert/float32"]
    assert [(each.name, each.engine) for each in plan.searches] == [
        ("openvino/mixed", "openvino"),
        ("litert/mixed", "litert"),
    ]
    (same,) = make_plan(["intel-cpu"], ["int8"], ["litert"])
    assert [each.name for each in same.candidates] == ["float32", "int8", "int8+rewrites"]


def test_an_engine_that_the_target_has_not() -> None:
    with pytest.raises(InputError, match="'raspberry-pi-5': it runs litert, not openvino"):
        make_plan(["raspberry-pi-5"], ["auto"], ["openvino"])
    with pytest.raises(InputError, match="--engine: unknown engine 'liter'; did you mean 'litert'"):
        make_plan(["raspberry-pi-5"], ["auto"], ["liter"])


def test_targets_and_recipes_are_read_once(tmp_path: Path) -> None:
    """What is done does not change when a file goes while it is done."""
    own, board = tmp_path / "own.toml", tmp_path / "board.toml"
    own.write_text('description = "x"\ncandidates = ["int8"]\notherwise = "mixed"\n')
    board.write_text('description = "x"\nengines = ["litert"]\nrecipes = ["int8"]\n')
    (plan,) = make_plan([str(board)], [str(own)])
    own.unlink(), board.unlink()
    assert plan.chooses
    assert [each.calibrates for each in plan.candidates] == [False, True, True]
    assert plan.otherwise[0].modules()


def test_the_baseline_is_made_but_not_offered_when_it_was_not_asked_for() -> None:
    made = planned("linux-litert", ["int8-dynamic"]).candidates
    assert [(c.name, c.offered) for c in made] == [
        ("float32", False),
        ("int8-dynamic", True),
        ("int8-dynamic+rewrites", True),
    ]


def test_what_the_users_own_recipe_offers_in_vain_is_told(tmp_path: Path) -> None:
    own, other = tmp_path / "own.toml", tmp_path / "other.toml"
    other.write_text('description = "x"\n[[openvino]]\npass = "quantize"\n')
    own.write_text(f'description = "x"\ncandidates = ["int8", "int8x16", "{other}"]\n')
    (mine,) = make_plan(["linux-litert"], [str(own)])
    assert [remark.split("; ")[0] for remark in mine.remarks] == [
        f"linux-litert: 'int8x16' of '{own}' is left out",
        f"linux-litert: '{other}' of '{own}' is left out",
    ]
    (built_in,) = make_plan(["linux-litert"], ["auto"])
    assert built_in.remarks == ()


def test_rewrites_are_tried_beside_a_lowering_that_was_inserted() -> None:
    made = planned("linux-litert", ["int8"]).candidates
    steps = {candidate.name: [step.name for step in candidate.steps] for candidate in made}
    plain, rewritten = steps["int8"], steps["int8+rewrites"]
    assert plain == ["export", "lower", "quantize", "compact"]
    assert rewritten == [*plain[:2], "rewrite", *plain[2:]]


def test_a_recipe_that_names_its_lowering_is_taken_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('description = "x"\nlitert = [{ pass = "lower", quantize = "dynamic" }]\n')
    made = planned("linux-litert", [str(own)]).candidates
    assert [candidate.name for candidate in made] == ["float32", "own"]


def test_two_recipes_of_one_name_are_refused(tmp_path: Path) -> None:
    own = tmp_path / "int8.toml"
    own.write_text('description = "x"\n[[litert]]\npass = "quantize"\n')
    with pytest.raises(PlanError, match="two recipes are called 'int8'"):
        planned("linux-litert", ["int8", str(own)])


def test_a_bundles_recipe_repeats_its_passes(tmp_path: Path) -> None:
    made = planned("linux-litert", ["int4-weights"]).candidates
    passes = [(step.name, step.options) for step in made[-1].steps]
    path = tmp_path / "again.toml"
    path.write_text(recipe.to_toml(made[-1].name, "litert", passes))
    again = planned("linux-litert", [str(path)]).candidates
    assert again[-1].steps == made[-1].steps


def test_the_same_recipe_twice_is_one_candidate() -> None:
    made = planned("intel-cpu", ["int8", "auto", "int8"]).candidates
    assert [candidate.name for candidate in made].count("int8") == 1


def test_a_recipe_without_passes_for_the_engine(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"'int8x16' has no passes for openvino.*it takes: float32"):
        make_plan(["intel-cpu"], ["int8x16"], ["openvino"])
    with pytest.raises(PlanError, match=r"no passes for openvino on target '.*board"):
        board = tmp_path / "board.toml"
        board.write_text('description = "x"\nengines = ["openvino"]\nrecipes = ["float32"]\n')
        make_plan([str(board)], ["int8-dynamic"])


def test_no_recipe_fits(tmp_path: Path) -> None:
    board = tmp_path / "board.toml"
    board.write_text('description = "x"\nengines = ["openvino"]\nrecipes = ["int8x16"]\n')
    with pytest.raises(PlanError, match=f"no recipe of auto fits target '{board}'"):
        make_plan([str(board)], ["auto"])


LITERT_ONLY = {
    "passes": '[[litert]]\npass = "quantize"\n',
    "mixed": '[mixed]\nlitert = ["w8"]\n',
    "candidates": 'candidates = ["int8-dynamic", "int8x16"]\n',
}


@pytest.fixture
def both(tmp_path: Path) -> list[str]:
    """A target of LiteRT, and one of OpenVINO."""
    intel = tmp_path / "intel.toml"
    intel.write_text(
        'description = "x"\nengines = ["openvino"]\n'
        'recipes = ["float32", "int8-weights", "int8", "int8-symmetric"]\n'
    )
    return ["linux-litert", str(intel)]


@pytest.mark.parametrize("kind", LITERT_ONLY)
def test_a_recipe_that_serves_one_of_two_targets_is_used_for_that(
    tmp_path: Path, both: list[str], kind: str
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(f'description = "x"\n{LITERT_ONLY[kind]}')
    litert, intel = make_plan(both, [str(own), "int8-weights"])
    added = {c.recipe for c in litert.candidates} - {c.recipe for c in intel.candidates}
    assert added or litert.searches
    assert {c.recipe for c in intel.candidates if c.offered} == {"int8-weights"}
    assert intel.searches == ()
    assert intel.remarks == (
        f"intel: recipe '{own}' is left out; it has nothing for openvino; the target takes "
        "float32, int8-weights, int8, int8-symmetric",
    )


def test_a_built_in_recipe_that_serves_one_of_two_targets(both: list[str]) -> None:
    litert, intel = make_plan(both, ["int8-dynamic", "int8-symmetric"])
    assert {c.recipe for c in litert.candidates if c.offered} == {"int8-dynamic"}
    assert {c.recipe for c in intel.candidates if c.offered} == {"int8-symmetric"}
    assert "recipe 'int8-symmetric' is left out" in "".join(litert.remarks)
    assert "recipe 'int8-dynamic' is left out" in "".join(intel.remarks)


def test_a_target_that_none_of_the_recipes_fits_is_left_out_beside_others(both: list[str]) -> None:
    for order in (both, both[::-1]):
        (only,) = make_plan(order, ["int8-dynamic"])
        assert only.name == "linux-litert"
        (remark,) = only.remarks
        assert remark.startswith("intel: left out; nothing of 'int8-dynamic' fits it; it takes")


@pytest.mark.parametrize("recipes", [["int8-symmetric"], ["int8-symmetric", "auto"]])
def test_a_recipe_that_serves_no_target_is_an_error(recipes: list[str]) -> None:
    with pytest.raises(PlanError, match="'int8-symmetric' fits none of the targets: linux-lit"):
        make_plan(["linux-litert", "raspberry-pi-5"], recipes)


def test_a_candidate_that_is_no_recipe_is_an_error_whatever_the_targets(
    tmp_path: Path, both: list[str]
) -> None:
    own = tmp_path / "own.toml"
    own.write_text('description = "x"\ncandidates = ["int9"]\n')
    with pytest.raises(InputError, match="unknown recipe 'int9'"):
        make_plan(both, [str(own)])


def test_users_own_files_are_known_by_their_stem(tmp_path: Path) -> None:
    board, own = tmp_path / "board.toml", tmp_path / "mine.toml"
    board.write_text('description = "x"\nengines = ["litert"]\nrecipes = ["float32"]\n')
    own.write_text('description = "x"\n[[litert]]\npass = "quantize"\n')
    (made,) = make_plan([str(board)], [str(own)])
    assert made.name == "board"
    assert [(c.name, c.recipe) for c in made.candidates][1:] == [
        ("mine", str(own)),
        ("mine+rewrites", str(own)),
    ]


def test_a_target_named_twice_is_done_once() -> None:
    made = make_plan(["intel-cpu", "linux-litert", "intel-cpu"], ["int8-weights"])
    assert [one.name for one in made] == ["intel-cpu", "linux-litert"]


def test_what_a_pass_needs_is_checked_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    known = errors.find_spec
    monkeypatch.setattr(errors, "find_spec", lambda m: None if m == "nncf" else known(m))
    make_plan(["linux-litert"], ["auto"])
    with pytest.raises(MissingDependency, match=r"'nncf' is not installed; run: pip install 'nncf"):
        make_plan(["intel-cpu"], ["auto"])
    make_plan(["intel-cpu"], ["auto"], ["litert"])


def test_steps_are_those_of_their_engine() -> None:
    modules = [step.load().__name__ for step in chain([{"pass": "quantize"}], "litert", "own")]
    assert modules == [
        "edgekit.passes.export",
        "edgekit.engines.litert.passes.lower",
        "edgekit.engines.litert.passes.quantize",
    ]


def test_planning_imports_no_heavy_library(python: Any) -> None:
    program = """
import sys
from edgekit.plan import target
from edgekit.plan.plan import make_plan
made = make_plan(target.names(), ["auto"])
[step.calibrates for one in made for c in one.candidates for step in c.steps]
heavy = {"tensorflow", "keras", "nncf", "openvino", "ai_edge_litert", "litert_quantizer"}
print(sorted(heavy & set(sys.modules)))
"""
    assert python(program) == "[]"


def test_auto_may_go_on_to_mixed_precision_and_uniform_recipes_do_not(
    tmp_path: Path, both: list[str]
) -> None:
    auto, other = make_plan(both, ["auto"])
    assert [each.name for each in auto.otherwise] == ["mixed"]
    assert auto.searches == ()
    assert [each.precisions for each in other.otherwise] == [("w8a8", "w8", "w4")]
    (asked,) = make_plan(["linux-litert"], ["auto", "mixed"])
    assert len(asked.searches) == 1
    assert asked.otherwise == ()
    (named,) = make_plan(["linux-litert"], ["int8", "float16"])
    assert named.otherwise == ()
    (each,) = make_plan(["intel-cpu"], ["auto"])
    assert [search.name for search in each.otherwise] == ["openvino/mixed", "litert/mixed"]
    own = tmp_path / "own.toml"
    own.write_text('description = "x"\ncandidates = ["int8"]\notherwise = "int8"\n')
    with pytest.raises(PlanError, match="recipe 'int8' is no search"):
        make_plan(["linux-litert"], [str(own)])
    own.write_text('description = "x"\nlitert = []\notherwise = "mixed"\n')
    with pytest.raises(InputError, match="only beside candidates"):
        make_plan(["linux-litert"], [str(own)])
