"""Every kind of net gets in on both engines, or is refused in words that fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.door import nets  # noqa: F401 - registers them
from tests.door.__main__ import outcome, right
from tests.door.kinds import CASES

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", CASES)
def test_what_comes_of_it(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    result, said = outcome(case.save(tmp_path), tmp_path, None, case.options)
    assert right(name, result, said), f"{result}: {said}"
