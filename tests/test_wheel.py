"""An installed wheel outside the checkout: what a workstation and a device really get."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import numpy as np
import pytest

from tests.tiny import generator_bundle, litert_bundle

pytestmark = pytest.mark.slow
CHECKOUT = Path(__file__).parent.parent


def call(*command: str | Path, cwd: Path) -> str:
    """Run a command without this checkout on its path; gives what it prints."""
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it is published."""
    home = tmp_path_factory.mktemp("wheel")
    call(sys.executable, "-m", "build", "--wheel", "--outdir", home, CHECKOUT, cwd=home)
    (built,) = home.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """A fresh environment with nothing but the wheel and LiteRT."""
    home = tmp_path_factory.mktemp("device")
    venv.create(home / "venv", with_pip=True)
    call(home / "venv/bin/pip", "install", "--quiet", f"{wheel}[litert]", cwd=home)
    return home


def oldest(extra: str) -> list[str]:
    """The oldest versions of a device's packages that pyproject.toml allows."""
    told = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    needed = [*told["dependencies"], *told["optional-dependencies"][extra]]
    return [need.split(";")[0].split(",")[0].replace(">=", "==") for need in needed if ">=" in need]


def test_a_device_needs_only_numpy_and_one_engine(device: Path, tiny_bundle: Path) -> None:
    edgekit = device / "venv/bin/edgekit"
    call(edgekit, "run", tiny_bundle, "--count", "4", "-o", device / "samples.npy", cwd=device)
    assert (device / "samples.npy").stat().st_size > 0
    outcome = json.loads(call(edgekit, "validate", tiny_bundle, "--json", cwd=device))
    assert outcome["missed"] == []
    listed = json.loads(call(device / "venv/bin/pip", "list", "--format=json", cwd=device))
    installed = {entry["name"].lower() for entry in listed}
    assert not installed & {"tensorflow", "keras", "nncf", "openvino", "rich", "matplotlib"}


@pytest.mark.parametrize("extra", ["litert", "openvino"])
def test_a_device_may_have_the_oldest_packages(extra: str, wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    pip = tmp_path / "venv/bin/pip"
    call(pip, "install", "--quiet", f"{wheel}[{extra}]", *oldest(extra), cwd=tmp_path)
    make = {"litert": litert_bundle, "openvino": generator_bundle}[extra]
    bundle = make(tmp_path / "bundle")
    edgekit = tmp_path / "venv/bin/edgekit"
    call(edgekit, "run", bundle, "--count", "4", "-o", "samples.npy", cwd=tmp_path)
    assert np.load(tmp_path / "samples.npy").shape[0] == 4
    call(edgekit, "inspect", bundle, cwd=tmp_path)


def test_the_wheel_carries_targets_and_recipes(device: Path) -> None:
    edgekit = device / "venv/bin/edgekit"
    here = {path.stem for path in (CHECKOUT / "targets").glob("*.toml")}
    assert set(json.loads(call(edgekit, "targets", "--json", cwd=device))) == here
    recipes = {path.stem for path in (CHECKOUT / "edgekit/recipes").glob("*.toml")}
    assert set(json.loads(call(edgekit, "recipes", "--json", cwd=device))) == recipes


def test_a_checkout_is_found_from_the_folder_beside_it(tmp_path: Path) -> None:
    """As the Makefile installs it; a folder called edgekit must not pass for the package."""
    place = tmp_path / "edgekit"
    shutil.copytree(CHECKOUT, place, ignore=shutil.ignore_patterns(".*", "tests", "*.egg-info"))
    (options,) = set(re.findall(r"(--config-settings \S+)", (CHECKOUT / "Makefile").read_text()))
    venv.create(tmp_path / "venv", with_pip=True)
    pip = tmp_path / "venv/bin/pip"
    call(pip, "install", "--no-deps", *options.split(), "-e", place, cwd=tmp_path)
    program = "import edgekit._version as v; print(v.__file__)"
    told = call(tmp_path / "venv/bin/python", "-c", program, cwd=tmp_path)
    assert Path(told.strip()) == place / "edgekit" / "_version.py"


def test_without_the_converter_convert_names_what_to_install(device: Path) -> None:
    done = subprocess.run(
        [device / "venv/bin/edgekit", "convert", CHECKOUT / "samples/models/digits_dcgan.keras",
         "-t", "linux-litert", "-o", device / "out"],
        capture_output=True, text=True, cwd=device, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "pip install 'tensorflow<" in done.stderr
    assert "'nncf<" in done.stderr
    assert "Traceback" not in done.stderr
