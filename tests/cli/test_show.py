"""What is printed cannot steer the terminal, whatever a file says."""

import json

import pytest

from edgekit.cli._show import emit, note, summary, table

TITLE = "\x1b]0;pwn\x07"
SHOWN = r"\x1b]0;pwn\x07"


def test_a_table_and_its_columns(capsys: pytest.CaptureFixture[str]) -> None:
    text = table([{"name": f"a\n{TITLE}", "size": 1}, {"name": "b", "size": 22}])
    assert len(text.split("\n")) == 4  # head, rule and rows
    emit(None, False, text)
    *_, first, second = capsys.readouterr().out.splitlines()
    assert rf"a\n{SHOWN}" in first
    assert len(first) == len(second)


def test_a_summary_has_one_line_for_each_fact() -> None:
    assert summary({"target": f"pi\nverdict: chosen{TITLE}"}) == [
        rf"target: pi\nverdict: chosen{SHOWN}"
    ]


@pytest.mark.parametrize("bad", [TITLE, "\x9b2J", "\r", "\x7f", "\u202e"])
def test_any_text(bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    emit(bad, False, f"1…2 → 3\n{bad}")
    emit(bad, True, "")
    note(bad)
    found = capsys.readouterr()
    assert found.out.startswith("1…2 → 3\n")
    assert json.loads(found.out.split("\n")[2]) == bad
    assert all(c.isprintable() for c in (found.out + found.err).replace("\n", ""))


def test_a_table_that_fits_a_terminal() -> None:
    """Names and verdicts go over several lines, and every word of them is there."""
    name, verdict = "litert/int8-weights+rewrites without depth-to-space", "good, " * 20 + "end"
    rows = [{"candidate": name, "size": "1.05 MB", "verdict": verdict}, 
            {"candidate": "float32", "size": "4.15 MB", "verdict": "chosen"}]  # fmt: skip
    text = table(rows, "float32", 100)
    assert max(map(len, text.split("\n"))) <= 100
    words = text.split()
    assert words.count("good,") == 20
    assert {"end", "→", "depth-to-space", "1.05"} <= set(words)
    assert "→ float32 " in text
    assert len(table(rows, "float32").split("\n")) == 4
