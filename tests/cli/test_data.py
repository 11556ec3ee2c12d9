"""`--data` in every form it takes, and in those it does not."""

from __future__ import annotations

import re
import wave
from typing import Any

import numpy as np
import pytest
from PIL import Image

from .shell import Shell, steps

PROGRAM = """
import numpy as np

def rows():
    return np.linspace(0, 1, 12 * 256).reshape(12, 16, 16, 1).astype("float32")

def named():
    return {"image": rows()}

def words():
    return ["one", "two"]

def broken():
    raise KeyError("no disk mounted")
"""


@pytest.fixture
def home(quick: Shell) -> Shell:
    """A user who has data in every form, good and bad."""
    random = np.random.default_rng(0)
    save = {
        "z.npz": {"z": random.normal(size=(12, 8))},
        "narrow.npz": {"z": random.normal(size=(12, 7))},
        "other.npz": {"noise": random.normal(size=(12, 8))},
        "nan.npz": {"z": np.full((12, 8), np.nan)},
        "images.npz": {"image": random.random((12, 16, 16, 1))},
    }
    for name, arrays in save.items():
        np.savez(quick.folder / name, **arrays)  # type: ignore[arg-type]
    np.save(quick.folder / "z.npy", random.normal(size=(12, 8)))
    np.save(quick.folder / "images.npy", random.random((12, 16, 16, 1)))
    np.save(quick.folder / "large.npy", random.random((12, 17, 17, 1)))
    np.save(quick.folder / "objects.npy", np.array([{"a": 1}], object), allow_pickle=True)
    quick.write("words.npy", "no arrays\n")
    quick.write("mine.py", PROGRAM)
    pictures, sounds, bad = (quick.folder / n for n in ("pictures", "sounds", "bad"))
    for folder in (pictures, sounds, bad, quick.folder / "none"):
        folder.mkdir()
    for k in range(4):
        pixels = random.integers(0, 255, (20 + k, 30, 3), np.uint8)
        Image.fromarray(pixels).save(pictures / f"{k}.png")
        with wave.open(str(sounds / f"{k}.wav"), "wb") as sound:
            sound.setparams((1, 2, 16000, 0, "NONE", ""))
            sound.writeframes(random.integers(-9999, 9999, 600 + k, np.int16).tobytes())
    (bad / "0.png").write_bytes(b"no picture")
    return quick


REFUSED = [
    ("latent", "nowhere.npz", "--data 'nowhere.npz' does not exist"),
    ("latent", "nowhere", r"--data 'nowhere' does not exist \(npz, npy, folder or module:func"),
    ("latent", "words.npy", "--data 'words.npy' is not an npz or npy file$"),
    ("latent", "objects.npy", "--data 'objects.npy' holds Python objects, which are not loaded"),
    ("latent", "none", "--data 'none' holds no images or wav files"),
    ("latent", "pictures", "--data 'pictures': a latent net takes no images or sounds"),
    ("latent", "nowhere:rows", "--data nowhere:rows: ModuleNotFoundError: No module named"),
    ("latent", "mine:nothing", "--data mine:nothing: AttributeError: module 'mine' has no attr"),
    ("latent", "mine:broken", "--data mine:broken: KeyError: 'no disk mounted'"),
    ("latent", "mine:words", "--data 'mine:words' gives <U3 values, expected numbers"),
]
REFUSED_BY_THE_NET = [
    ("latent", "narrow.npz", r"data for input 'z' is \(12, 7\), expected \('N', 8\)"),
    ("latent", "other.npz", "--data 'other.npz' has 'noise'; known: generate/z, z"),
    ("latent", "nan.npz", "input 'z' holds NaN or infinite values"),
    ("latent", "mine:rows", r"data for input 'z' is \(12, 16, 16, 1\), expected \('N', 8\)"),
    ("image", "large.npy", r"data for input 'image' is \(12, 17, 17, 1\), expected"),
    ("image", "sounds", "0.wav': input 'image' .* takes no sounds"),
    ("signal --input-size 256", "pictures", "0.png': input '.*' .* takes no images"),
    ("image", "bad", "'bad/0.png' is no readable image"),
]
TAKEN = [
    ("latent", "z.npy", []),
    ("image", "images.npz", []),
    ("image", "images.npy", []),
    ("image", "mine:rows", []),
    ("image", "mine:named", []),
    ("signal", "sounds", ["--input-size", "256"]),
]


@pytest.mark.parametrize(("net", "data", "message"), REFUSED)
def test_refused_unread(home: Shell, net: str, data: str, message: str) -> None:
    error = home.refuse(*home.conversion(f"{net}.net", "--data", data))
    assert re.search(message, error), error


@pytest.mark.parametrize(("net", "data", "message"), REFUSED_BY_THE_NET)
def test_refused_by_the_net(home: Shell, net: str, data: str, message: str) -> None:
    name, *options = net.split()
    error = home.refuse(*home.conversion(f"{name}.net", "--data", data, *options))
    assert re.search(message, error), error


@pytest.mark.long
def test_latents(home: Shell) -> None:
    """The first half are what the candidates are compared on; that these are few is said."""
    printed = home.convert("latent.net", "--data", "z.npz").success()
    assert "note: compared on 6 of 12 samples of --data: few; 16 or more are better" in printed
    assert "note: frechet<=0.1: not checked, too few samples" in printed
    given = np.load(home.folder / "z.npz")["z"].astype(np.float32)
    assert np.allclose(golden(home)["draws/z"], given[:4])


def golden(shell: Shell) -> Any:
    """The golden samples of the bundle."""
    return np.load(shell.bundle / "golden.npz")


@pytest.mark.long
def test_pictures(home: Shell) -> None:
    """A folder of any pictures, fitted to the net's input."""
    home.convert("image.net", "--data", "pictures").success()
    arrays = golden(home)
    images = next(arrays[name] for name in arrays.files if name.startswith("draws/"))
    assert images.shape[1:] == (16, 16, 1)
    assert 0 <= images.min() < images.max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize(("net", "data", "options"), TAKEN)
def test_every_form(home: Shell, net: str, data: str, options: list[str]) -> None:
    home.convert(f"{net}.net", "--data", data, *options).success()


@pytest.mark.slow
def test_other_data_is_another_step(home: Shell) -> None:
    """A file is read again when it has changed; what a function gives is never taken as known."""
    args = home.conversion("image.net", "--data", "images.npy", "--force")
    home(*args).success()
    before = steps(home.cache)
    home(*args).success()
    assert steps(home.cache) == before
    np.save(home.folder / "images.npy", np.load(home.folder / "images.npy") / 2)
    home(*args).success()
    assert len(steps(home.cache)) > len(before)
