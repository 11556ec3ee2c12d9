"""A full disk: one line that says so, and no half-written file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reference import FILES

from .shell import Shell

FULL = "disk full"
REMEDY = "free some space, or use another --output and --cache-dir"


@pytest.mark.parametrize(
    "size", [16, *(pytest.param(n, marks=pytest.mark.slow) for n in (4, 8, 24, 32, 40, 48))]
)
@pytest.mark.long
def test_no_room_for_the_bundle(quick: Shell, size: int) -> None:
    quick.mount("out", f"size={size}k")
    error = quick.convert("latent.net").refusal()
    assert error == f"{FULL} ('out/reference'): {REMEDY}"
    check_whole(quick)


@pytest.mark.long
def test_room_for_the_bundle_but_not_for_the_report(quick: Shell) -> None:
    quick.mount("out", "size=64k")
    error = quick.convert("latent.net").refusal()
    assert error == f"{FULL} ('out/report.html'): {REMEDY}"
    check_whole(quick)


def check_whole(quick: Shell) -> None:
    """The bundle is there with all its files or not at all, and nothing else is."""
    whole = {"reference", *(f"reference/{name}" for name in FILES)}
    left = quick.left() - {"report.json"}
    assert left in (set(), whole)
    assert quick.unfinished() == []


@pytest.mark.parametrize(
    "size", [12, *(pytest.param(n, marks=pytest.mark.slow) for n in (4, 8, 24, 48, 96))]
)
def test_no_room_in_the_cache(quick: Shell, size: int) -> None:
    quick.mount("cache", f"size={size}k")
    error = quick.convert("latent.net", "--cache-dir", "cache").refusal()
    assert "cache" in error  # seen before the work, or when it is full
    assert "free some space, or use another" in error
    assert not [name for name in quick.left() if name.startswith(".")]
    assert not quick.bundle.exists()


@pytest.mark.long
def test_no_room_for_one_candidate_ends_the_run(quick: Shell) -> None:
    """It is no failure of the candidate: what is left might not be the best."""
    quick.write(
        "fill.toml", 'description = "fill"\nreference = [{ pass = "fail", how = "full" }]\n'
    )
    error = quick.convert("latent.net", "-r", "fill.toml").refusal()
    assert error.startswith(FULL) and error.endswith(REMEDY)
    assert quick.listing() == {"fill.toml"}
    assert quick.unfinished() == []


def test_no_room_for_samples(shell: Shell, tiny_bundle: Path) -> None:
    shell.mount("samples", "size=4k")
    error = shell("run", tiny_bundle, "-n", "64", "-o", "samples/a.npy").refusal()
    assert error.startswith(FULL)
    assert shell.left() == set()
