"""Every error is one of the documented tree, and says what to do."""

import importlib.metadata
import inspect
import re

import pytest

from edgekit import errors
from edgekit.errors import EdgekitError, InputError, MissingDependency, did_you_mean, require

CLASSES = {
    name: kind
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, EdgekitError)
}


def documented_tree() -> dict[str, str]:
    """Base by class, as drawn at the top of the module."""
    bases, path = {}, ["EdgekitError"]
    for line in (errors.__doc__ or "").splitlines():
        if drawn := re.match(r"^([│ ]*)[├└]── (\w+)", line):
            depth = len(drawn[1]) // 4 + 1
            path[depth:] = [drawn[2]]
            bases[drawn[2]] = path[depth - 1]
    return bases


def test_the_drawn_tree_is_the_class_tree() -> None:
    actual = {name: kind.__base__.__name__ for name, kind in CLASSES.items()}
    del actual["EdgekitError"]
    assert documented_tree() == actual


def test_exit_codes() -> None:
    """1 for every error but a missed gate, which scripts tell apart; 2 is wrong usage."""
    codes = {name: kind.exit_code for name, kind in CLASSES.items()}
    assert codes.pop("GateError") == 3
    assert set(codes.values()) == {1}


def test_gate_error_carries_the_report() -> None:
    error = errors.GateError("missed", report={"targets": 1})
    assert str(error) == "missed"
    assert error.report == {"targets": 1}


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("raspbery-pi-5", ["raspberry-pi-5", "intel-cpu"], "did you mean 'raspberry-pi-5'?"),
        ("xyz", ["b", "a"], "known: a, b"),
        ("xyz", [], "none are known"),
    ],
)
def test_did_you_mean(word: str, known: list[str], hint: str) -> None:
    assert did_you_mean(word, known) == hint


def test_require_names_the_pip_command() -> None:
    require("json", "convert")
    for missing in ("nosuchmodule", "nosuchpackage.module"):
        with pytest.raises(MissingDependency, match=rf"run: pip install {missing}$"):
            require(missing, "json")


def test_requirements_of_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = ["numpy>=1", 'pillow>=10; extra == "convert"', 'no-such<4,>=3; extra == "convert"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: entries)
    assert errors.requirements("convert") == {"PIL": "pillow>=10", "no_such": "no-such<4,>=3"}
    assert errors.pip_install("convert", "no_such") == "pip install 'no-such<4,>=3'"


def test_messages_are_one_line_that_a_terminal_can_show() -> None:
    """Names in them may come from a file that somebody else has made."""
    assert str(InputError("a\n\x1b[31mb\udcff")) == r"a\n\x1b[31mb\udcff"
    long = str(InputError("begin " + "x" * 10_000 + " end"))
    assert len(long) < 2000
    assert (long[:5], long[-3:]) == ("begin", "end")
