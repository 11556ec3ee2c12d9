"""What is in the checkout is in the wheel: packages are found, by their __init__.py."""

from __future__ import annotations

import tomllib

from setuptools import find_namespace_packages, find_packages

from tests.test_imports import HOME


def test_every_folder_is_a_package() -> None:
    """One without __init__.py would be found too, but not by the folder that is a registry."""
    root = str(HOME.parent)
    found = set(find_namespace_packages(root, include=["edgekit*"]))
    assert found == set(find_packages(root, include=["edgekit*"]))


def test_every_file_that_is_read_at_run_time_is_in_the_wheel() -> None:
    project = tomllib.loads((HOME.parent / "pyproject.toml").read_text(encoding="utf-8"))
    packaged = {
        file
        for package, patterns in project["tool"]["setuptools"]["package-data"].items()
        for pattern in patterns
        for file in HOME.parent.joinpath(*package.split(".")).glob(pattern)
    }
    data = {file for file in HOME.rglob("*") if file.suffix in {".toml", ".html", ".json"}}
    assert data | set((HOME / "_targets").glob("*.toml")) <= packaged
