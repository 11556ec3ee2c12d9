"""A conversion replaces reports that edgekit wrote, and no other file of their names."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgekit import report
from edgekit.candidates.results import Report
from edgekit.jobs.package import refusal
from edgekit.plan.request import Request
from edgekit.report.files import is_report

PAGE = (Path(report.__file__).parent / "page.html").read_text()
OURS = Report(model="net", family="latent", parameters=1, objective="size", samples=8, seed=0,
              created="2026-01-01", resampled={"frechet": float("nan")})  # fmt: skip
PLAN: Any = SimpleNamespace(name="linux-litert")
Change = Callable[[Path], object]


def refused(folder: Path, **asked: Any) -> str:
    return refusal(Request(Path("net.keras"), ("linux-litert",), folder, **asked), PLAN)


def wrote(name: str, text: str) -> Change:
    return lambda folder: (folder / name).write_text(text)


def both(*changes: Change) -> Change:
    return lambda folder: [change(folder) for change in changes]


def ours(folder: Path) -> None:
    OURS.save(folder / "report.json")


FOREIGN: dict[str, tuple[str, Change]] = {
    "a page": ("report.html", wrote("report.html", "<!doctype html><title>My thesis</title>")),
    "an empty page": ("report.html", wrote("report.html", "")),
    "data": ("report.json", wrote("report.json", '{"model": "mine", "family": "latent"}')),
    "a list": ("report.json", wrote("report.json", "[1]")),
    "no JSON": ("report.json", wrote("report.json", "a,b\n1,2")),
    "deep JSON": ("report.json", wrote("report.json", "[" * 100_000)),
    "a pipe": ("report.json", lambda folder: os.mkfifo(folder / "report.json")),
    "a link": ("report.html", lambda folder: (folder / "report.html").symlink_to("nothing")),
    "data beside our page": ("report.json", both(wrote("report.html", PAGE),
                                                 wrote("report.json", "{}"))),
}  # fmt: skip


@pytest.mark.parametrize("case", FOREIGN)
def test_a_file_that_is_no_report_is_kept_unless_forced(tmp_path: Path, case: str) -> None:
    name, change = FOREIGN[case]
    change(tmp_path)
    why = "is no report of edgekit; choose another -o or pass --force to replace it"
    assert refused(tmp_path) == f"'{tmp_path / name}' {why}"
    assert refused(tmp_path, force=True) == ""


@pytest.mark.parametrize(
    "change",
    [
        lambda _: None,
        ours,
        wrote("report.html", PAGE),
        both(ours, wrote("report.html", PAGE)),
        both(ours, wrote("report.html", "<title>of a version without the mark</title>")),
    ],
)
def test_a_report_of_ours_is_replaced(tmp_path: Path, change: Change) -> None:
    change(tmp_path)
    assert refused(tmp_path) == ""


def test_not_even_force_removes_a_folder(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()
    told = f"'{tmp_path / 'report.json'}' is a folder; remove it yourself or choose another -o"
    assert refused(tmp_path, force=True) == refused(tmp_path) == told


def test_what_json_cannot_say_keeps_a_report_ours(tmp_path: Path) -> None:
    ours(tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["resampled"] == {"frechet": None}
    assert is_report(tmp_path / "report.json")
