"""Target and recipe become checked steps, before anything heavy is loaded."""

from pathlib import Path
from typing import Any

import pytest

from edgekit import errors
from edgekit.errors import InputError, MissingDependency, PlanError
from edgekit.plan import recipe, target
from edgekit.plan.steps import chain, make_plan, plan_for


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
            "'lower' takes a saved-model model, but has a litert one",
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
        device = target.load(name)
        made = plan_for(name, device, ["auto"]).candidates
        plain = {candidate.name for candidate in made if not candidate.name.endswith("+rewrites")}
        assert plain == set(device.precisions)
        assert made[0].name == "float32"
        assert all(candidate.offered for candidate in made)


def test_the_baseline_is_made_but_not_offered_when_it_was_not_asked_for() -> None:
    made = plan_for("linux-litert", target.load("linux-litert"), ["int8-dynamic"]).candidates
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
    (built_in,) = make_plan(["intel-cpu"], ["auto"])
    assert built_in.remarks == ()


def test_rewrites_are_tried_beside_a_lowering_that_was_inserted() -> None:
    made = plan_for("linux-litert", target.load("linux-litert"), ["int8"]).candidates
    steps = {candidate.name: [step.name for step in candidate.steps] for candidate in made}
    plain, rewritten = steps["int8"], steps["int8+rewrites"]
    assert plain == ["export", "lower", "quantize", "compact"]
    assert rewritten == [*plain[:2], "rewrite", *plain[2:]]


def test_a_recipe_that_names_its_lowering_is_taken_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('description = "x"\nlitert = [{ pass = "lower", quantize = "dynamic" }]\n')
    made = plan_for("linux-litert", target.load("linux-litert"), [str(own)]).candidates
    assert [candidate.name for candidate in made] == ["float32", "own"]


def test_two_recipes_of_one_name_are_refused(tmp_path: Path) -> None:
    own = tmp_path / "int8.toml"
    own.write_text('description = "x"\n[[litert]]\npass = "quantize"\n')
    with pytest.raises(PlanError, match="two recipes are called 'int8'"):
        plan_for("linux-litert", target.load("linux-litert"), ["int8", str(own)])


def test_a_bundles_recipe_repeats_its_passes(tmp_path: Path) -> None:
    made = plan_for("linux-litert", target.load("linux-litert"), ["int4-weights"]).candidates
    passes = [(step.name, step.options) for step in made[-1].steps]
    path = tmp_path / "again.toml"
    path.write_text(recipe.to_toml(made[-1].name, "litert", passes))
    again = plan_for("linux-litert", target.load("linux-litert"), [str(path)]).candidates
    assert again[-1].steps == made[-1].steps


def test_the_same_recipe_twice_is_one_candidate() -> None:
    made = plan_for("intel-cpu", target.load("intel-cpu"), ["int8", "auto", "int8"]).candidates
    assert [candidate.name for candidate in made].count("int8") == 1


def test_a_recipe_without_passes_for_the_engine() -> None:
    with pytest.raises(PlanError, match=r"'int8x16' has no passes for openvino.*it takes: float32"):
        make_plan(["intel-cpu"], ["int8x16"])


def test_no_recipe_fits(tmp_path: Path) -> None:
    board = tmp_path / "board.toml"
    board.write_text('description = "x"\nengine = "openvino"\nprecisions = ["int8x16"]\n')
    with pytest.raises(PlanError, match=f"no recipe of auto fits target '{board}'"):
        make_plan([str(board)], ["auto"])


LITERT_ONLY = {
    "passes": '[[litert]]\npass = "quantize"\n',
    "mixed": '[mixed]\nlitert = ["w8"]\n',
    "candidates": 'candidates = ["int8-dynamic", "int8x16"]\n',
}
BOTH = ["linux-litert", "intel-cpu"]


@pytest.mark.parametrize("kind", LITERT_ONLY)
def test_a_recipe_that_serves_one_of_two_targets_is_used_for_that(
    tmp_path: Path, kind: str
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(f'description = "x"\n{LITERT_ONLY[kind]}')
    litert, intel = make_plan(BOTH, [str(own), "int8-weights"])
    added = {c.recipe for c in litert.candidates} - {c.recipe for c in intel.candidates}
    assert added or litert.search
    assert {c.recipe for c in intel.candidates if c.offered} == {"int8-weights"}
    assert intel.search is None
    assert intel.remarks == (
        f"intel-cpu: recipe '{own}' is left out; it has nothing for openvino; the target takes "
        + ", ".join(target.load("intel-cpu").precisions),
    )


def test_a_built_in_recipe_that_serves_one_of_two_targets() -> None:
    litert, intel = make_plan(BOTH, ["int8-dynamic", "int8-symmetric"])
    assert {c.recipe for c in litert.candidates if c.offered} == {"int8-dynamic"}
    assert {c.recipe for c in intel.candidates if c.offered} == {"int8-symmetric"}
    assert "recipe 'int8-symmetric' is left out" in "".join(litert.remarks)
    assert "recipe 'int8-dynamic' is left out" in "".join(intel.remarks)


def test_a_target_that_none_of_the_recipes_fits_is_left_out_beside_others() -> None:
    for order in (BOTH, BOTH[::-1]):
        (only,) = make_plan(order, ["int8-dynamic"])
        assert only.name == "linux-litert"
        (remark,) = only.remarks
        assert remark.startswith("intel-cpu: left out; nothing of 'int8-dynamic' fits it; it takes")


@pytest.mark.parametrize("recipes", [["int8-symmetric"], ["int8-symmetric", "auto"]])
def test_a_recipe_that_serves_no_target_is_an_error(recipes: list[str]) -> None:
    with pytest.raises(PlanError, match="'int8-symmetric' fits none of the targets: linux-lit"):
        make_plan(["linux-litert", "raspberry-pi-5"], recipes)


def test_a_candidate_that_is_no_recipe_is_an_error_whatever_the_targets(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('description = "x"\ncandidates = ["int9"]\n')
    with pytest.raises(InputError, match="unknown recipe 'int9'"):
        make_plan(BOTH, [str(own)])


def test_users_own_files_are_known_by_their_stem(tmp_path: Path) -> None:
    board, own = tmp_path / "board.toml", tmp_path / "mine.toml"
    board.write_text('description = "x"\nengine = "litert"\nprecisions = ["float32"]\n')
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
from edgekit.plan.steps import make_plan
made = make_plan(target.names(), ["auto"])
[step.calibrates for one in made for c in one.candidates for step in c.steps]
heavy = {"tensorflow", "keras", "nncf", "openvino", "ai_edge_litert", "litert_quantizer"}
print(sorted(heavy & set(sys.modules)))
"""
    assert python(program) == "[]"


def test_auto_may_go_on_to_mixed_precision_and_uniform_recipes_do_not(tmp_path: Path) -> None:
    auto, other = make_plan(BOTH, ["auto"])
    assert auto.otherwise and auto.otherwise.name == "mixed" and auto.search is None
    assert other.otherwise and other.otherwise.precisions == ("w8a8", "w8", "w4")
    (both,) = make_plan(["linux-litert"], ["auto", "mixed"])
    assert both.search and both.otherwise is None
    (named,) = make_plan(["linux-litert"], ["int8", "float16"])
    assert named.otherwise is None
    own = tmp_path / "own.toml"
    own.write_text('description = "x"\ncandidates = ["int8"]\notherwise = "int8"\n')
    with pytest.raises(PlanError, match="recipe 'int8' is no search"):
        make_plan(["linux-litert"], [str(own)])
    own.write_text('description = "x"\nlitert = []\notherwise = "mixed"\n')
    with pytest.raises(InputError, match="only beside candidates"):
        make_plan(["linux-litert"], [str(own)])
