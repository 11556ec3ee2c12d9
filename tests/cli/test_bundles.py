"""Bundles that were altered are refused by every command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.bundle.manifest import describe_files
from edgekit.typed import to_json

from .shell import Shell

Change = Callable[[Path], object]


def flip(name: str) -> Change:
    """One bit of a file."""

    def change(bundle: Path) -> None:
        content = bytearray((bundle / name).read_bytes())
        content[len(content) // 2] ^= 1
        (bundle / name).write_bytes(content)

    return change


def cut(name: str) -> Change:
    """The end of a file."""
    return lambda bundle: (bundle / name).write_bytes((bundle / name).read_bytes()[:-9])


def told(**entries: Any) -> Change:
    """Other entries of the manifest."""

    def change(bundle: Path) -> None:
        manifest = json.loads((bundle / "manifest.json").read_text())
        (bundle / "manifest.json").write_text(json.dumps(manifest | entries))

    return change


def replaced(name: str, content: bytes) -> Change:
    """Another file, with a checksum that fits."""

    def change(bundle: Path) -> None:
        (bundle / name).write_bytes(content)
        sign(bundle)

    return change


def sign(bundle: Path) -> None:
    """Checksums that fit the files as they are."""
    told(files=json.loads(to_json(describe_files(bundle))))(bundle)


def linked(bundle: Path) -> None:
    """A file that lies elsewhere."""
    outside = bundle.with_name("outside")
    shutil.move(bundle / "golden.npz", outside)
    (bundle / "golden.npz").symlink_to(outside)


ALTERED = {
    "a flipped bit": (
        flip("generate.tflite"),
        "'bundle/generate.tflite' is not what the manifest says; copy the bundle again",
    ),
    "a cut file": (cut("golden.npz"), "'bundle/golden.npz' is not what the manifest says"),
    "a missing file": (
        lambda bundle: (bundle / "recipe.toml").unlink(),
        "'bundle/recipe.toml' is missing; copy the bundle again",
    ),
    "a link": (linked, "'bundle/golden.npz' links outside the bundle; refused"),
    "a cut manifest": (cut("manifest.json"), "'bundle/manifest.json' is damaged: "),
    "another format": (
        told(format=3),
        "'bundle/manifest.json' has format 3, this edgekit reads 1",
    ),
    "a wrong type": (
        told(recipe=1),
        "'bundle/manifest.json' is damaged: Expected `str`, got",
    ),
    "no checksums": (told(files={}), "lists no checksum for 'golden.npz'"),
    "a path outside": (
        told(files={"../x": {"size": 1, "sha256": "0"}}),
        "'bundle' lists '../x', which is outside the bundle; refused",
    ),
    "no manifest": (
        lambda bundle: (bundle / "manifest.json").unlink(),
        "'bundle' is not an edgekit bundle (it has no manifest.json); `edgekit convert` makes one",
    ),
    "another engine": (
        told(artifacts=[{"engine": "teapot", "format": "tea", "signatures": {}}]),
        "is for engine 'teapot', which this edgekit does not know; known: litert, openvino",
    ),
    "no artifact": (replaced("generate.tflite", b"no graph"), "LiteRT cannot load 'bundle/gener"),
    "no arrays": (replaced("golden.npz", b"PK no arrays"), "'bundle/golden.npz' cannot be read: "),
}


@pytest.fixture
def altered(shell: Shell, tiny_bundle: Path) -> Callable[[str], str]:
    """Alter a copy of the bundle in one way; gives the error to expect."""

    def alter(name: str) -> str:
        shutil.copytree(tiny_bundle, shell.folder / "bundle")
        change, message = ALTERED[name]
        change(shell.folder / "bundle")
        return message

    return alter


@pytest.mark.parametrize("name", ALTERED)
def test_validate(shell: Shell, altered: Callable[[str], str], name: str) -> None:
    message = altered(name)
    error = shell.refuse("validate", "bundle")
    assert message in error


@pytest.mark.parametrize(
    "args",
    [["run", "bundle", "-o", "a.png"], ["bench", "bundle"], ["inspect", "bundle"]],
    ids=lambda args: args[0],
)
@pytest.mark.parametrize("name", ["a flipped bit", "no artifact"])
def test_other_commands(
    shell: Shell, altered: Callable[[str], str], name: str, args: list[str]
) -> None:
    message = altered(name)
    error = shell.refuse(*args)
    assert message in error or (args[0] == "inspect" and "is not a .tflite file" in error)


@pytest.mark.parametrize("part", [0.3, 0.9])
def test_inspecting_a_cut_artifact(shell: Shell, tiny_bundle: Path, part: float) -> None:
    """By itself, and in a bundle that was put together from it."""
    content = (tiny_bundle / "generate.tflite").read_bytes()
    bundle = shutil.copytree(tiny_bundle, shell.folder / "bundle")
    replaced("generate.tflite", content[: int(part * len(content))])(bundle)
    for place in ("bundle/generate.tflite", "bundle"):
        error = shell.refuse("inspect", place)
        assert error == "'bundle/generate.tflite' is cut off or damaged; copy it again"


def test_timing_with_more_threads_than_cores(shell: Shell, tiny_bundle: Path) -> None:
    """One count has nothing to be compared with."""
    done = shell("bench", tiny_bundle, "--threads", "9,9", "--seconds", "0.1")
    assert "note: more threads than this machine has cores" in done.err
    assert "noise" in done.success()
    assert "95 %" not in done.out
    assert "95 %" in shell("bench", tiny_bundle, "--threads", "1,2", "--seconds", "0.1").success()


def test_gates_that_golden_samples_cannot_tell_are_said(shell: Shell, tiny_bundle: Path) -> None:
    printed = shell("validate", tiny_bundle).success()
    assert "frechet<=0.1: not checked, too few samples" in printed
    assert "outputs here and on the converting machine are identical" in printed


def test_a_machine_that_computes_something_else(shell: Shell, tiny_bundle: Path) -> None:
    """The report is printed, in either form, and the exit code is that of a missed gate."""
    bundle = shutil.copytree(tiny_bundle, shell.folder / "bundle")
    golden = dict(np.load(bundle / "golden.npz"))
    other = {name: -rows for name, rows in golden.items() if not name.startswith("draws/")}
    np.savez(bundle / "golden.npz", **(golden | other))
    sign(bundle)
    done = shell("validate", "bundle")
    assert "'bundle' misses psnr>=30" in done.refusal(code=3)
    assert "psnr" in done.out
    done = shell("validate", "bundle", "--json")
    done.refusal(code=3)
    assert "psnr>=30" in json.loads(done.out)["missed"]


def test_no_bundle_at_all(shell: Shell) -> None:
    shell.write("file", "")
    for place in ("nowhere", "file"):
        error = shell.refuse("run", place, "-o", "a.png")
        assert error == f"'{place}' is not a folder; `edgekit convert` makes one"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "a.gif"], "'a.gif': write to .png, .wav, .npy or .npz"),
        (["-o", "no/a.png"], "'no' is not a folder; create it first"),
        (["-o", "a.wav"], "samples of shape (8, 8, 1) are no mono sounds; use -o x.npy"),
        (["-o", "a.png", "--label", "3"], "this net takes no class label"),
        (
            ["-o", "a.png", "--input", "b.png"],
            "a latent net takes no pictures or sounds: leave out --input, or give an npz with "
            "arrays of its inputs (z)",
        ),
    ],
)
def test_wrong_use_of_run(
    shell: Shell, tiny_bundle: Path, options: list[str], message: str
) -> None:
    assert shell.refuse("run", tiny_bundle, *options) == message
