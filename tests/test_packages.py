"""What is in the checkout is in the wheel."""

from __future__ import annotations

import tomllib

from tests.test_imports import HOME


def test_the_wheel_has_every_package() -> None:
    project = tomllib.loads((HOME.parent / "pyproject.toml").read_text(encoding="utf-8"))
    here = {
        ".".join(path.parent.relative_to(HOME.parent).parts) for path in HOME.rglob("__init__.py")
    }
    assert set(project["tool"]["setuptools"]["packages"]) == here | {"edgekit._targets"}
