"""edgekit tune: a real search on a tiny net, taken up again, and converted with what it found."""

from __future__ import annotations

import json
import signal
import tomllib
from pathlib import Path

import pytest

from .shell import Shell


def arguments(shell: Shell, *more: str | Path, target: str = "linux-litert") -> list[str | Path]:
    """A quick search for one of the nets, in the folder `search`."""
    return ["tune", shell.nets / "latent.keras", "-t", target, "-o", "search",
            "--cache-dir", shell.cache, "--samples", "8", *more]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--objective", "balance"], "unknown objective 'balance'; did you mean 'balanced'?"),
        (["--gate", "pnsr>=3"], "unknown metric 'pnsr'"),
        (["-t", "linux-openvino"], "a search is for one target; make another for the next"),
    ],
)
def test_what_convert_refuses(shell: Shell, more: list[str], message: str) -> None:
    assert shell.refuse(*arguments(shell, *more)).startswith(message)


def test_optuna_is_named_when_it_is_missing(shell: Shell) -> None:
    shell.hide("optuna")
    error = shell.refuse(*arguments(shell))
    assert error.startswith("'optuna' is not installed; run: pip install ")
    assert "optuna" in error.partition("pip install ")[2]


def test_an_unknown_model_leaves_no_folder(shell: Shell) -> None:
    error = shell.refuse("tune", "nowhere.keras", "-t", "linux-litert", "-o", "search")
    assert error == "'nowhere.keras' does not exist"


def test_files_of_something_else_are_not_replaced(shell: Shell) -> None:
    shell.write("recipe.toml", "mine")
    error = shell.refuse(*arguments(shell, "-o", "."))
    assert error == "'.' holds recipe.toml of something else; choose another -o"
    assert (shell.folder / "recipe.toml").read_text() == "mine"


@pytest.mark.slow
@pytest.mark.parametrize("target", ["linux-litert", "linux-openvino"])
def test_search_resume_and_convert(shell: Shell, target: str) -> None:
    gate = ["--gate", "psnr>=15", "--gate", "frechet<=1"]
    done = shell(*arguments(shell, "-n", "3", "--json", *gate, target=target))
    found = json.loads(done.success())
    search = shell.folder / "search"
    assert found == json.loads((search / "tune.json").read_text())
    (report,) = found["report"]["targets"]
    assert report["chosen"] in found["front"]
    assert (
        "<svg" in (search / "tune.html").read_text()
        or "image/svg" in (search / "tune.html").read_text()
    )

    refused = shell(*arguments(shell, target=target)).refusal()
    assert refused.startswith(f"'search' holds a search with {len(found['tried'])} recipes tried")
    other = shell(*arguments(shell, "--resume", "--seed", "9", *gate, target=target)).refusal()
    assert other.startswith("the search in 'search' is with another seed")

    shell(*arguments(shell, "-n", "2", "--resume", *gate, target=target)).success()
    again = json.loads((search / "tune.json").read_text())
    assert len(again["tried"]) >= len(found["tried"]) + 2  # and variants of a new best
    assert found["tried"].items() <= again["tried"].items()

    made = shell(
        "convert", shell.nets / "latent.keras", "-t", target, "-r", "search/recipe.toml",
        "-o", "out", "--cache-dir", shell.cache, "--samples", "8", *gate, "--json",
    )  # fmt: skip
    (converted,) = json.loads(made.success())["targets"]
    (report,) = again["report"]["targets"]
    measured = {result["name"]: result for result in report["results"]}[report["chosen"]]
    assert converted["chosen"]
    (result,) = [result for result in converted["results"] if result["name"] == "recipe"]
    assert result["size"] == measured["size"], "the same artifact again"
    assert result["scores"] == measured["scores"]
    for path in (search / "front").glob("*.toml"):
        assert tomllib.loads(path.read_text())["description"]


@pytest.mark.slow
def test_interrupted_it_keeps_what_is_finished(shell: Shell) -> None:
    args = arguments(shell, "-n", "50", "--gate", "psnr>=15")
    data = shell.folder / "search" / "tune.json"
    done = shell.interrupt(signal.SIGINT, args, lambda: data.exists() and tried(data) >= 2)
    assert done.refusal(code=130) == (
        "interrupted; finished trials are kept, run the same command with --resume to go on"
    )
    before = tried(data)
    shell(*arguments(shell, "-n", "0", "--gate", "psnr>=15", "--resume")).success()
    assert tried(data) >= before


def tried(data: Path) -> int:
    """How many trials a tune.json tells of."""
    return len(json.loads(data.read_text())["tried"])
