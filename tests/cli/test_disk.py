"""A full disk: one line that says so, and no half-written file."""

from __future__ import annotations

from pathlib import Path

import pytest

from .shell import Shell

FULL = "disk full"
REMEDY = "free some space, or use another --output and --cache-dir"


@pytest.mark.parametrize(
    "size", [16, *(pytest.param(n, marks=pytest.mark.slow) for n in (4, 8, 24, 32, 40, 48))]
)
def test_no_room_for_the_bundle(shell: Shell, tiny_bundle: Path, size: int) -> None:
    shell.mount("out", f"size={size}k")
    error = shell.convert("latent.keras").refusal()
    assert error == f"{FULL} ('out/linux-litert'): {REMEDY}"
    check_whole(shell, tiny_bundle)


def test_room_for_the_bundle_but_not_for_the_report(shell: Shell, tiny_bundle: Path) -> None:
    shell.mount("out", "size=64k")
    error = shell.convert("latent.keras").refusal()
    assert error == f"{FULL} ('out/report.html'): {REMEDY}"
    check_whole(shell, tiny_bundle)


def check_whole(shell: Shell, bundle: Path) -> None:
    """The bundle is there with all its files or not at all, and nothing else is."""
    whole = {"linux-litert", *(f"linux-litert/{path.name}" for path in bundle.iterdir())}
    left = shell.left() - {"report.json"}
    assert left in (set(), whole)
    assert shell.unfinished() == []


@pytest.mark.parametrize(
    "size", [12, *(pytest.param(n, marks=pytest.mark.slow) for n in (4, 8, 24, 48, 96))]
)
def test_no_room_in_the_cache(shell: Shell, size: int) -> None:
    shell.mount("cache", f"size={size}k")
    error = shell.convert("latent.keras", "--cache-dir", "cache").refusal()
    assert "cache" in error  # seen before the work, or when it is full
    assert "free some space, or use another" in error
    assert not [name for name in shell.left() if name.startswith(".")]
    assert not (shell.folder / "out" / "linux-litert").exists()


def test_no_room_for_one_candidate_ends_the_run(misbehaving: Shell, tiny_bundle: Path) -> None:
    """It is no failure of the candidate: what is left might not be the best."""
    shell = misbehaving
    shell.write("fill.toml", 'description = "fill"\nlitert = [{ pass = "fill" }]\n')
    error = shell.convert("latent.keras", "-r", "fill.toml").refusal()
    assert error.startswith(FULL) and error.endswith(REMEDY)
    assert shell.listing() == {"fill.toml"}
    assert shell.unfinished() == []


def test_no_room_for_samples(shell: Shell, tiny_bundle: Path) -> None:
    shell.mount("samples", "size=4k")
    error = shell("run", tiny_bundle, "-n", "64", "-o", "samples/a.npy").refusal()
    assert error.startswith(FULL)
    assert shell.left() == set()
