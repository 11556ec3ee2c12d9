"""The Raspberry Pi programs, run as a user runs them, on tiny bundles."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import edgekit
from edgekit.data.images import to_uint8
from tests.tiny import generator_bundle, upscaler_bundle

HOME = Path(__file__).parent.parent.parent / "samples" / "raspberry_pi"


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generator_bundle(tmp_path_factory.mktemp("bundles") / "generator")


@pytest.fixture(scope="module")
def upscaler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return upscaler_bundle(tmp_path_factory.mktemp("bundles") / "upscaler")


def program(name: str, *arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run one of the programs; `more` goes into its environment, an empty value leaves it."""
    changed = os.environ | more
    return subprocess.run(
        [sys.executable, HOME / name, *map(str, arguments)],
        env={key: value for key, value in changed.items() if value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def module(name: str) -> ModuleType:
    """A program as a module."""
    spec = importlib.util.spec_from_file_location(name, HOME / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_generate_saves_a_grid_and_tells_the_time(generator: Path, tmp_path: Path) -> None:
    output = tmp_path / "images.png"
    done = program("generate.py", generator, "--count", "5", "--seed", "7", "-o", output)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(rf"{re.escape(str(output))}: 5 images of 8×8, [\d.e+-]+ ms each\n",
                        done.stdout)  # fmt: skip
    sheet = np.asarray(Image.open(output))
    assert sheet.shape == (2 * 8 + 2, 3 * 8 + 2 * 2)
    first = edgekit.load(generator).generate(count=5, seed=7)[0]
    assert np.array_equal(sheet[:8, :8], to_uint8(first, (-1.0, 1.0))[..., 0])


@pytest.mark.parametrize("name", ["generate.py", "show.py", "super_resolve.py"])
def test_what_is_no_bundle_is_told_in_one_line(name: str, tmp_path: Path) -> None:
    picture = [tmp_path / "x.png"] if name == "super_resolve.py" else []
    done = program(name, tmp_path / "none", *picture)
    assert done.returncode == 1
    assert (
        done.stderr == f"{name}: '{tmp_path}/none' is not a folder; `edgekit convert` makes one\n"
    )


@pytest.mark.parametrize("suffix", ["png", "ppm"])
def test_super_resolve_joins_its_tiles_without_a_trace(
    upscaler: Path, tmp_path: Path, suffix: str
) -> None:
    """Doubling by repetition has a known answer, which no seam between tiles may touch."""
    pixels = np.random.default_rng(0).integers(0, 256, (41, 23, 3), np.uint8)
    picture, output = tmp_path / f"picture.{suffix}", tmp_path / "large.png"
    Image.fromarray(pixels).save(picture)
    done = program("super_resolve.py", upscaler, picture, "-o", output)
    assert done.returncode == 0, done.stderr
    assert "23×41 to 46×82, " in done.stdout
    assert np.array_equal(np.asarray(Image.open(output)), pixels.repeat(2, 0).repeat(2, 1))


def test_a_picture_smaller_than_a_tile(upscaler: Path, tmp_path: Path) -> None:
    pixels = np.full((5, 20, 3), 77, np.uint8)
    Image.fromarray(pixels).save(tmp_path / "small.png")
    done = program("super_resolve.py", upscaler, tmp_path / "small.png", "-o", tmp_path / "o.png")
    assert done.returncode == 0, done.stderr
    assert np.asarray(Image.open(tmp_path / "o.png")).shape == (10, 40, 3)


def test_super_resolve_wants_an_image_to_image_net(generator: Path, tmp_path: Path) -> None:
    done = program("super_resolve.py", generator, tmp_path / "x.png")
    assert done.returncode == 1
    assert done.stderr.endswith("is a latent net, not image-to-image\n")


def test_without_pillow_a_ppm_is_read(tmp_path: Path) -> None:
    reader = module("super_resolve").read_ppm
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    path = tmp_path / "picture.ppm"
    path.write_bytes(b"P6\n# a comment\n3 2\n255\n" + pixels.tobytes())
    assert np.array_equal(reader(path, 3), pixels)
    with pytest.raises(SystemExit, match="has 3 channels, the net takes 1"):
        reader(path, 1)
    path.write_bytes(b"\x89PNG")
    with pytest.raises(SystemExit, match="needs Pillow"):
        reader(path, 3)


def test_show_says_when_there_is_no_display(generator: Path) -> None:
    pytest.importorskip("tkinter")
    done = program("show.py", generator, DISPLAY="", WAYLAND_DISPLAY="")
    assert done.returncode == 1
    assert "show.py: no display (" in done.stderr
    assert "Traceback" not in done.stderr


def test_show_draws_pictures_that_tk_reads(generator: Path) -> None:
    show = module("show")
    sheet = show.draw(edgekit.load(generator), 3, 1, None)
    assert sheet.shape == (18, 18, 3)
    large = show.enlarged(sheet, 100, 64)
    assert large.shape == (54, 54, 3)
    assert np.array_equal(large[::3, ::3], sheet)
    assert show.ppm(large) == b"P6 54 54 255\n" + large.tobytes()
    assert show.enlarged(sheet, 10, 10).shape == sheet.shape


REFUSALS = {
    "armv7l": "needs the 64-bit Raspberry Pi OS",
    "x86_64": "this machine is x86_64, not a 64-bit Raspberry Pi",
}


@pytest.mark.parametrize("machine", REFUSALS)
def test_install_refuses_other_machines(machine: str, tmp_path: Path) -> None:
    (tmp_path / "edgekit.whl").write_bytes(b"")
    (tmp_path / "uname").write_text(f"#!/bin/sh\necho {machine}\n")
    (tmp_path / "uname").chmod(0o755)
    done = install(tmp_path, "edgekit.whl")
    assert done.returncode == 1
    assert REFUSALS[machine] in done.stderr


def test_install_names_a_missing_wheel(tmp_path: Path) -> None:
    assert "which wheel?" in install(tmp_path).stderr
    assert "'none.whl' does not exist" in install(tmp_path, "none.whl").stderr


def install(folder: Path, *arguments: str) -> SimpleNamespace:
    """Run install.sh where `folder` comes first on the path."""
    done = subprocess.run(
        ["bash", HOME / "install.sh", *arguments],
        cwd=folder,
        env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not (folder / "edgekit-venv").exists()
    return SimpleNamespace(returncode=done.returncode, stderr=done.stderr)
