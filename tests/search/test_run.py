"""A whole search on a workbench that measures nothing: what is refused, written and told."""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import edgekit
from edgekit.candidates.results import Report
from edgekit.cli import main
from edgekit.errors import EdgekitError, GateError, InputError, PassError
from edgekit.jobs import tune as tuner
from edgekit.jobs.convert import Growing
from edgekit.plan.gate import Gate
from edgekit.plan.request import Request
from edgekit.search.result import DATA, FRONT, PAGE, RECIPE, Tuned
from edgekit.search.trials import Trials
from edgekit.typed import to_json
from tests.search.fakes import GATES, Builder, plan

Run = Callable[..., Tuned]


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    return Builder(tmp_path / "builder")


@pytest.fixture
def tune(tmp_path: Path, builder: Builder, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`edgekit.tune` into the folder `out`, on the workbench instead of a model."""
    evaluator = SimpleNamespace(family=None, model=None, draws={}, outputs={})

    def prepare(request: Request, *asked: Any) -> tuple[Builder, Any]:
        for what in ("loaded", "ran the original"):
            next(one for one in asked if isinstance(one, Growing)).done(what)
        return builder, evaluator

    monkeypatch.setattr(tuner, "check_tuning", lambda *_: plan())
    monkeypatch.setattr(tuner, "prepare", prepare)
    monkeypatch.setattr(tuner, "gates_for", lambda *_: GATES)
    monkeypatch.setattr(tuner, "report_of", report)
    monkeypatch.setattr("edgekit.report.page.page", lambda *_: "the page")
    (tmp_path / "net.keras").touch()
    monkeypatch.chdir(tmp_path)

    def run(**options: Any) -> Tuned:
        asked: dict[str, Any] = {"target": "linux-openvino", "output": "out", "trials": 0}
        return edgekit.tune("net.keras", **asked | {"cache": tmp_path / "cache"} | options)

    return run


def report(request: Request, evaluator: Any, features: str, plans: Any, targets: Any) -> Report:
    return Report(
        model="net", family="latent", parameters=1, objective=request.objective, samples=8, seed=0,
        created="now", targets=tuple(targets),
    )  # fmt: skip


def test_the_files_of_a_search(tune: Run) -> None:
    found = tune(trials=3)
    assert {path.name for path in Path("out").iterdir()} >= {RECIPE, FRONT, DATA, PAGE}
    assert json.loads(Path("out", DATA).read_text()) == json.loads(to_json(found))
    assert found.target.chosen in found.front


@pytest.mark.long
def test_the_bar_ends_full(tune: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers that are measured on the way are steps too."""
    totals, done = [], []
    bar = SimpleNamespace(start=totals.append, done=done.append)
    monkeypatch.setattr(tuner, "Growing", lambda _: Growing(bar))
    tune(trials=20)
    assert "mixed, first" in done
    assert totals[-1] == len(done) == totals[1] + 2


@pytest.mark.parametrize("name", [RECIPE, FRONT, DATA, PAGE])
@pytest.mark.parametrize("resume", [False, True])
def test_files_of_something_else_stay(tune: Run, name: str, resume: bool) -> None:
    own = Path("out", name, "mine.txt") if name == FRONT else Path("out", name)
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    with pytest.raises(InputError, match=rf"'out' holds {name} of something else; choose another"):
        tune(resume=resume)
    assert own.read_text() == "mine"
    assert [path.name for path in Path("out").iterdir()] == [name]


def test_no_process_writes_what_is_older_than_what_is_there(
    tune: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first look at the trials to the last file, the folder is its own."""
    seen: list[bool] = []

    def watch(name: str) -> None:
        real = getattr(Trials, name)

        def watched(self: Trials, *args: Any) -> Any:
            seen.append(held(Path("out")))
            return real(self, *args)

        monkeypatch.setattr(Trials, name, watched)

    watch("final")
    watch("leading")
    tune()
    assert seen
    assert all(seen)


def held(folder: Path) -> bool:
    """Whether a folder is locked."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


@pytest.mark.parametrize("name", ["recipe", "calibration", "jobs", "force", "keep_going"])
def test_options_of_convert_alone_are_refused(tune: Run, name: str) -> None:
    with pytest.raises(InputError, match=f"'{name}' is not an option of tune"):
        tune(**{name: 1})
    assert not Path("out").exists()


def test_other_gates_do_not_make_it_another_search(tune: Run) -> None:
    tune()
    found = tune(resume=True, gates="psnr>=10", max_size="1MB", objective="size")
    assert found.report.objective == "size"


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"seed": 1}, "seed"),
        ({"custom_objects": "own_layers"}, "description of the model and module of --custom"),
        ({"data": "own_data:rows"}, "data"),
    ],
)
def test_another_search_is_not_gone_on_with(tune: Run, options: dict[str, Any], what: str) -> None:
    tune()
    with pytest.raises(InputError, match=f"is with another {what.replace('--custom', 'custom')}"):
        tune(resume=True, **options)


def test_versions_machine_and_modules_are_the_same_throughout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Request.of(
        "net.keras", targets="linux-openvino", output="out", custom_objects="own_layers",
        data="own_data:rows", features="own_features:net",
    )  # fmt: skip
    before = tuner.identify(asked, plan())
    monkeypatch.setattr(tuner, "tools", lambda: {"openvino": "0.1"})
    monkeypatch.setattr(tuner, "machine", lambda: {"cpu": "another"})
    monkeypatch.setattr(tuner, "tool_version", lambda module: f"another {module}")
    after = tuner.identify(asked, plan())
    assert {name for name in after if after[name] != before[name]} == {
        "version of openvino", "machine", "module of --custom-objects", "data", "feature net",
        "model",
    }  # fmt: skip
    assert "version of nncf" in set(before) - set(after)


@pytest.mark.usefixtures("tune")
@pytest.mark.parametrize("kind", [GateError, PassError])
def test_without_a_recipe_the_command_shows_what_was_found(
    builder: Builder,
    kind: type[EdgekitError],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the shape that it has otherwise."""
    if kind is GateError:
        unmet = (Gate(metric="psnr", sign=">=", bound=1000),)
        monkeypatch.setattr(tuner, "gates_for", lambda *_: unmet)
    else:
        builder.time = lambda device, artifacts: ["it crashed"] * len(artifacts)  # type: ignore[method-assign]
    monkeypatch.setattr("edgekit.cli.signal.signal", lambda *_: None)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def printed(option: str) -> str:
        words = ["edgekit", "tune", "net.keras", "-t", "linux-openvino", "-o", "out", "-n", "0"]
        monkeypatch.setattr(sys, "argv", [*words, "--cache-dir", "cache", option])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == kind.exit_code
        return capsys.readouterr().out

    assert set(json.loads(printed("--json"))) == {"report", "front", "recipe", "tried"}
    text = printed("--resume")
    assert "candidate" in text
    assert "no recipe: linux-openvino: " in text
