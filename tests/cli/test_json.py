"""`--json` prints one JSON document and nothing else, for errors too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .shell import Shell


def parsed(text: str) -> Any:
    """Strict JSON: neither NaN nor Infinity."""

    def refuse(word: str) -> None:
        raise ValueError(word)

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        ("targets", {"linux-litert", "raspberry-pi-5"}),
        ("targets linux-litert", {"description", "engines", "recipes"}),
        ("recipes", {"auto", "float32", "int8"}),
        ("recipes auto", {"description", "candidates"}),
        ("doctor", {"python", "machine", "cache", "parts"}),
        ("cache --cache-dir none", {"folder", "steps", "size"}),
        ("validate BUNDLE", {"scores", "missed", "drift", "latency"}),
        ("run BUNDLE -o a.npy -n 3", {"output", "shape", "seconds"}),
        ("inspect BUNDLE", {"summary", "signatures", "scores"}),
        ("inspect BUNDLE/generate.tflite", {"summary", "tensors", "ops"}),
    ],
)
def test_results(shell: Shell, tiny_bundle: Path, command: str, keys: set[str]) -> None:
    args = command.replace("BUNDLE", str(tiny_bundle)).split()
    value = parsed(shell(*args, "--json").success())
    assert keys <= set(value)


@pytest.mark.long
def test_values_are_for_machines(shell: Shell, tiny_bundle: Path) -> None:
    """Bytes and numbers; the text for people has units."""
    artifact = tiny_bundle / "generate.tflite"
    bundle = parsed(shell("inspect", tiny_bundle, "--json").success())
    sizes = sum(p.stat().st_size for p in tiny_bundle.iterdir() if p.name != "manifest.json")
    assert bundle["summary"]["size"] == sizes
    assert bundle["signatures"][1] == {
        "signature": "generate", "side": "output", "name": "sample", "role": "sample",
        "shape": [1, 8, 8, 1], "dtype": "float32", "range": [-1, 1], "domain": "",
    }  # fmt: skip
    assert all(isinstance(score["value"], float) for score in bundle["scores"])
    file = parsed(shell("inspect", artifact, "--json").success())
    assert file["summary"]["size"] == artifact.stat().st_size
    assert [tensor["shape"] for tensor in file["tensors"]] == [[1, 8], [1, 8, 8, 1]]
    text = shell("inspect", tiny_bundle).success()
    assert f"size: {sizes / 1e3:.0f} kB" in text
    assert "(1, 8, 8, 1)  float32   -1…1" in text


def test_bench(shell: Shell, tiny_bundle: Path) -> None:
    done = shell("bench", tiny_bundle, "--threads", "1,2", "--seconds", "0.1", "--json")
    timings = parsed(done.success())
    assert [timing["threads"] for timing in timings] == [1, 2]


@pytest.mark.long
def test_conversions(quick: Shell) -> None:
    report = parsed(quick.convert("latent.net", "--json").success())
    assert report == parsed((quick.folder / "out" / "report.json").read_text())
    assert report["targets"][0]["chosen"].startswith("float32")


def test_plans(shell: Shell) -> None:
    (plan,) = parsed(shell.convert("latent.keras", "--dry-run", "--json").success())
    assert (plan["target"], plan["engines"]) == ("linux-litert", ["litert"])
    assert plan["candidates"]["float32"] == ["export", "lower", "compact"]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("frobnicate", 2),
        ("targets --frobnicate", 2),
        ("targets toaster", 1),
        ("recipes toaster", 1),
        ("convert", 2),
        ("convert x.keras -t linux-litert -o out", 1),
        ("validate nowhere", 1),
        ("bench nowhere", 1),
        ("bench nowhere --threads zero", 2),
        ("run nowhere -o a.png", 1),
        ("inspect nowhere", 1),
    ],
)
def test_errors(shell: Shell, command: str, code: int) -> None:
    with shell.unchanged():
        done = shell(*command.split(), "--json")
    assert parsed(done.out) == {"error": done.refusal(code), "exit_code": code}


@pytest.mark.long
def test_a_missed_gate_is_told_by_the_report(quick: Shell) -> None:
    done = quick.convert("latent.net", "--gate", "psnr>=500", "--json")
    done.refusal(code=3)
    report = parsed(done.out)
    assert ", wanted >=500" in report["targets"][0]["failure"]
