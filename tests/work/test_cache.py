"""Finished steps are kept for a month and within a size, and never taken from who uses them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgekit.errors import InputError
from edgekit.work import cache
from edgekit.work.workspace import Workspace

NAMES = [letter * 24 for letter in "abcde"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A cache of five steps of 1000 bytes, used 0, 10, 20, 29 and 31 days ago."""
    folder = tmp_path / "cache"
    for name, days in zip(NAMES, (0, 10, 20, 29, 31), strict=True):
        (folder / name).mkdir(parents=True)
        (folder / name / "file").write_bytes(b"x" * 1000)
        then = (folder / name).stat().st_mtime - 86400 * days
        os.utime(folder / name, (then, then))
    return folder


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_what_was_not_used_for_a_month_goes(root: Path) -> None:
    Workspace(root)
    assert names(root) == NAMES[:4]


def test_the_oldest_go_until_the_rest_fits(root: Path) -> None:
    Workspace(root, most=2500)
    assert names(root) == NAMES[:2]


def test_nothing_is_taken_from_a_conversion_that_runs(root: Path) -> None:
    running = Workspace(root)
    Workspace(root, most=0)
    assert names(root) == NAMES[:4]
    with pytest.raises(InputError, match="in use by a conversion; wait until it has ended"):
        cache.clear(root)
    del running
    assert cache.clear(root).steps == 4
    assert names(root) == []


def test_what_is_told(root: Path, tmp_path: Path) -> None:
    told = cache.usage(root)
    assert (told.steps, told.size) == (5, 5000)
    assert told.oldest_days == pytest.approx(31, abs=0.1)
    assert cache.usage(tmp_path / "nowhere").steps == 0
    assert cache.clear(tmp_path / "nowhere").steps == 0


def test_what_cannot_be_cleared_is_not_told_to_be(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        with pytest.raises(PermissionError):
            cache.clear(root)
    assert names(root) == NAMES
    (tmp_path / "file").touch()
    for look in (cache.usage, cache.clear):
        with pytest.raises(InputError, match=r"'.*file' is a file; give the folder of a cache"):
            look(tmp_path / "file")


def test_what_is_not_edgekits_stays(root: Path) -> None:
    (root / "photos").mkdir()
    os.utime(root / "photos", (0, 0))
    cache.clear(root)
    assert names(root) == ["photos"]


def test_steps_may_vanish_while_they_are_looked_at(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "iterdir", lambda _: iter([root / NAMES[0], root / ("f" * 24)]))
    cache.tidy(root, 0)
    assert not (root / NAMES[0]).exists()


def test_the_cache_lies_where_the_user_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache.default_cache() == Path("/somewhere/edgekit/work")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.default_cache() == Path.home() / ".cache" / "edgekit" / "work"
