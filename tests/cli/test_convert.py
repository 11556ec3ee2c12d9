"""Whole conversions: what is written, what is replaced, and what happens when a part fails."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.bundle.reading import read_manifest
from tests.reference import FILES

from .shell import Shell, steps

GAINS = Path(__file__).parent / "gains.py"


def report(shell: Shell) -> Any:
    """What the last conversion wrote for its only target."""
    return json.loads((shell.folder / "out" / "report.json").read_text())["targets"][0]


def verdicts(shell: Shell) -> dict[str, str]:
    """What became of each candidate."""
    return {result["name"]: result["verdict"] for result in report(shell)["results"]}


def chosen(shell: Shell) -> str:
    """The recipe of the candidate that became the bundle."""
    name = str(report(shell)["chosen"])
    return next(r["recipe"] for r in report(shell)["results"] if r["name"] == name)


@pytest.mark.long
def test_what_is_written(quick: Shell) -> None:
    done = quick.convert("latent.net")
    printed = done.success()
    assert "→ float32" in printed
    assert "  reference: float32+rewrites" in done.err.splitlines()
    assert done.err.split("\n  ")[-1].startswith("reference: chosen: float32")
    assert "bundle: out/reference" in printed
    assert "report: out/report.html" in printed
    assert quick.listing() == {
        "out", "out/report.json", "out/report.html", "out/reference",
        *(f"out/reference/{name}" for name in FILES),
    }  # fmt: skip
    assert quick.unfinished() == []


def test_a_gate_without_a_number_is_refused_before_a_candidate_is_tried(quick: Shell) -> None:
    quick.convert("latent.net").success()
    before = steps(quick.cache)
    few = ("--samples", "4")  # too few for a distribution
    error = quick.refuse(*quick.conversion("latent.net", *few, "--gate", "frechet<=5", "--force"))
    assert error.startswith("gate 'frechet<=5' does not apply to the outputs of this net; measured")
    assert len(steps(quick.cache)) == len(before) + 1  # what the original gives


@pytest.mark.long
def test_force_replaces_the_bundle_and_nothing_else(quick: Shell) -> None:
    """A missed gate leaves none: it would be taken for what the report is about."""
    quick.convert("latent.net").success()
    (quick.bundle / "generate.refnet").write_text("old")
    quick.write("out/notes.txt", "mine")
    quick.convert("latent.net", "--force").success()
    assert read_manifest(quick.bundle).name == "latent"  # whole, by its checksums
    assert quick.listing() == {
        "out", "out/report.json", "out/report.html", "out/notes.txt", "out/reference",
        *(f"out/reference/{name}" for name in FILES),
    }  # fmt: skip
    done = quick.convert("latent.net", "--gate", "psnr>=500", "--force")
    error = done.refusal(code=3)
    assert error.startswith("reference: no candidate is good enough (nearest: float32")
    assert re.search(r"psnr 1\d\d.*, wanted >=500; the best reaches psnr 1", error)
    assert error.endswith("; see the report")
    assert "note: reference: the bundle of an earlier run was removed (--force)" in done.out
    assert quick.listing() == {"out", "out/report.json", "out/report.html", "out/notes.txt"}


@pytest.mark.long
def test_code_of_the_users_own_runs_when_it_is_trusted(shell: Shell) -> None:
    shutil.copy(GAINS, shell.folder)
    path = shell.nets / "own_code.keras"
    printed = shell("inspect", path, "--trust", "--custom-objects", "gains").success()
    assert "family: latent" in printed


@pytest.mark.slow
def test_it_runs_in_every_step_of_a_conversion(shell: Shell) -> None:
    shutil.copy(GAINS, shell.folder)
    shell.convert("own_code.keras", "--trust", "--custom-objects", "gains").success()
    assert chosen(shell) == "float32"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("net", "options"), [("lambda", ["--trust"]), ("gain", ["--custom-objects", "gains"])]
)
def test_each_kind_of_own_code_needs_its_own_option(
    shell: Shell, net: str, options: list[str]
) -> None:
    shutil.copy(GAINS, shell.folder)
    path = shell.nets / f"{net}.keras"
    assert "family: latent" in shell("inspect", path, *options).success()


@pytest.mark.slow
@pytest.mark.parametrize("net", ["latent.h5", "exported"])
def test_other_formats_give_the_same_samples(shell: Shell, net: str, tiny_bundle: Path) -> None:
    shell.convert(net).success()
    samples = []
    for bundle in ("out/linux-litert", tiny_bundle):
        shell("run", bundle, "-n", "4", "--seed", "3", "-o", "samples.npy").success()
        samples.append(np.load(shell.folder / "samples.npy"))
    assert np.allclose(*samples, atol=1e-5)


@pytest.mark.slow
def test_an_op_that_one_engine_has_not_is_named(shell: Shell) -> None:
    """With its layer; the target with the other engine gets its bundle."""
    error = shell.convert("unsupported.keras", "-t", "linux-openvino").refusal()
    assert error.startswith("linux-litert: lower-litert: generate: op tf.Asinh of '")
    assert "/squash" in error
    assert error.endswith("has no LiteRT form; replace that layer by one made of standard ops")
    assert (shell.folder / "out" / "linux-openvino" / "manifest.json").is_file()
    assert not (shell.folder / "out" / "linux-litert").exists()


@pytest.mark.slow
def test_a_converter_that_crashes_is_reported_and_the_rest_goes_on(shell: Shell) -> None:
    """TensorFlow's converter ends in a crash on the int8 form of a recurrent net."""
    shell.write(
        "int8.toml",
        'description = "int8"\nlitert = [{ pass = "lower", quantize = "int8" }]\n',
    )
    shell.convert("recurrent.keras", "-r", "int8.toml").success()
    assert chosen(shell) == "float32"
    assert "lower-litert: the process crashed (SIG" in verdicts(shell)["int8"]


@pytest.mark.slow
def test_two_targets_and_all_recipes(shell: Shell) -> None:
    """What is unfit for one target does not hold up the other."""
    shell.convert(
        "latent.keras", "-t", "linux-openvino", "--gate", "psnr>=20", recipe="auto"
    ).success()
    for target in ("linux-litert", "linux-openvino"):
        shell("validate", f"out/{target}").success()
        shell("run", f"out/{target}", "-n", "4", "-o", f"{target}.png").success()
        assert (shell.folder / f"{target}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.long
def test_the_engines_of_one_target_are_measured_beside_each_other(shell: Shell) -> None:
    """Against one baseline, the fastest float32; the bundle says which engine it needs."""
    shell.target = "linux-cpu"
    asked = ("--gate", "psnr>=20", "--wide")
    told = shell.convert("latent.keras", *asked, recipe="int8-weights").success()
    report = json.loads((shell.folder / "out" / "report.json").read_text())["targets"][0]
    assert report["engines"] == ["litert", "openvino"]
    base, *others = report["results"]
    assert base["latency"]["ratio"] == 1.0
    assert {base["name"]} | {r["name"] for r in others if r["recipe"] == "float32"} == {
        "litert/float32", "openvino/float32",
    }  # fmt: skip
    bundle = shell.folder / "out" / "linux-cpu"
    manifest = read_manifest(bundle)
    assert report["chosen"].startswith(manifest.artifacts[0].engine)
    assert manifest.measured["baseline"] == base["name"]
    assert manifest.artifacts[0].proven
    assert f"edgekit[{manifest.artifacts[0].engine}]" in told
    shell("validate", bundle).success()
