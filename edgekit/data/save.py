"""Files that `edgekit run` reads and writes."""

from __future__ import annotations

import io
import os
import wave
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data.images import grid, pictures, png, to_uint8
from edgekit.data.layout import space
from edgekit.data.load import (
    load_data,
    open_image,
    read_image,
    sample_files,
    sample_inputs,
)
from edgekit.data.sounds import read_sound
from edgekit.data.values import rescaled
from edgekit.errors import InputError
from edgekit.files.atomic import write_file
from edgekit.files.paths import check_plain
from edgekit.model import Model, Range, Tensor

Array = NDArray[Any]
WRITTEN = (".png", ".wav", ".npy", ".npz")
SOUND_RATE = 16_000


def load_inputs(path: Path, model: Model, *, tiles: bool = False) -> dict[str, Array]:
    """Rows by input: every array of an npz, or what `load_input` reads, for the first sample input.

    Raises:
        InputError: nothing to read, or an array that is named as no input of the net.
    """
    inputs = sample_inputs(model)
    if path.suffix == ".npz" or (path.suffix == ".npy" and not inputs):
        check_plain(path, "--input")
        arrays = load_arrays(path, model)
        found = {key.rpartition("/")[2]: rows for key, rows in arrays.items()}
        if len(found) < len(arrays):
            raise InputError(f"--input '{path}' has an input for two sizes; give one at a time")
        return found
    if not inputs:
        known = ", ".join(t.name for s in model.signatures.values() for t in s.inputs)
        raise InputError(
            f"a {model.family} net takes no pictures or sounds: leave out --input, or give an npz "
            f"with arrays of its inputs ({known})"
        )
    return {next(iter(inputs.values())).name: load_input(path, model, tiles=tiles)}


def unsaid(model: Model, given: Collection[str], role: str) -> list[str]:
    """The inputs of a role that a transform is not given, and draws."""
    inputs = next(iter(model.signatures.values())).inputs
    return [t.name for t in inputs if t.role == role and t.name not in given]


def load_input(path: Path, model: Model, *, tiles: bool = False) -> Array:
    """Rows for a net's sample input from a picture, a sound, a folder or arrays.

    A picture or sound stays as it is where the net takes it so, in one of its sizes or in tiles
    (`tiles`: even if they may show); else it is fitted to the first size.
    """
    inputs = sample_inputs(model)
    check_plain(path, "--input")
    if not path.exists():
        raise InputError(f"--input '{path}' does not exist")
    key, tensor = next(iter(inputs.items()))
    if path.is_dir() or path.suffix in (".npy", ".npz"):
        arrays = load_arrays(path, model)
        name = key if key in arrays else tensor.name  # a folder is read for every size
        if name not in arrays:
            raise InputError(f"'{path}' has no array '{name}'; it has: {', '.join(arrays)}")
        return arrays[name]
    whole = any(s.tiling and (tiles or not s.untiled) for s in model.signatures.values())
    if path.suffix.lower() == ".wav":
        return read_sound(path, tensor, whole=whole)[None]
    return read_image(path, own_size(path, model) or tensor, whole=whole)[None]


def load_arrays(path: Path, model: Model) -> dict[str, Array]:
    """What `--data` takes of a folder or file, with errors that speak of this option."""
    try:
        return load_data(str(path), model)
    except InputError as error:
        raise InputError(str(error).replace("--data", "--input", 1)) from None


def scaling(path: Path, rows: Array, model: Model) -> str | None:
    """What was done to pictures to fit them into `rows`, in words; None when nothing was."""
    if rows.ndim != 4 or path.suffix.lower() in (".npy", ".npz"):
        return None
    size = "x".join(map(str, space(rows.shape)))
    if path.is_dir():
        files = sample_files(path)
        if all(open_image(file).size == space(rows.shape)[::-1] for file in files):
            return None
        return (
            f"the pictures of '{path}' were scaled and cropped to {size}; for its own size, "
            "give one picture at a time"
        )
    picture = open_image(path)
    if (picture.height, picture.width) == space(rows.shape):
        return None
    why = next((s.untiled for s in model.signatures.values() if s.untiled), "")
    return (
        f"'{path}' ({picture.height}x{picture.width}) was scaled and cropped to {size}; "
        "for its own size, convert again with --input-size"
        + (f", or give --tiles ({why})" if why else "")
    )


def own_size(path: Path, model: Model) -> Tensor | None:
    """The image input that takes a picture as large as it is; None when it must be scaled."""
    found = (signature.input("sample") for signature in model.signatures.values())
    images = [tensor for tensor in found if tensor and len(tensor.shape) == 4]
    if len(images) < 2:
        return None
    picture = open_image(path)
    size = (picture.height, picture.width)
    return next((tensor for tensor in images if space(tensor.shape) == size), None)


def check_samples(path: Path) -> None:
    """Raise InputError when no samples can be written to a place, whatever they are."""
    if path.suffix.lower() not in WRITTEN:
        raise InputError(f"'{path}': write to {', '.join(WRITTEN[:-1])} or {WRITTEN[-1]}")
    if not path.parent.is_dir():
        raise InputError(f"'{path.parent}' is not a folder; create it first")
    if path.is_dir():
        raise InputError(f"'{path}' is a folder; give the name of a file")
    if path.is_symlink() and not path.exists():
        raise InputError(f"'{path}' is a link to nothing; remove it or give another -o")
    check_plain(path, "--output")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(f"permission denied ('{path.parent}'): choose a folder you may write to")


def save_samples(path: Path, samples: Array, span: Range | None) -> None:
    """Write samples (N, …) by the suffix of `path`: .png grid, .wav, .npy or .npz.

    The file appears whole or not at all.

    Raises:
        InputError: the suffix is unknown, nothing can be written there, or the samples are no
            pictures or sounds.
    """
    check_samples(path)
    suffix = path.suffix.lower()
    if suffix == ".png":
        shaped = pictures(samples)
        if shaped is None:
            raise InputError(f"samples of shape {samples.shape[1:]} are no pictures; use -o x.npy")
        content = png(grid(to_uint8(shaped, span)))
    elif suffix == ".wav":
        content = wav(
            rescaled(samples, span, (-1.0, 1.0)) if samples.dtype.kind in "iu" else samples
        )
    else:
        buffer = io.BytesIO()
        if suffix == ".npy":
            np.save(buffer, samples)
        else:
            np.savez_compressed(buffer, samples=samples)
        content = buffer.getvalue()
    write_file(path, content)


def wav(samples: Array) -> bytes:
    """Signals (N, T) or (N, T, 1) in -1…1, one after another, as a 16-bit mono wav file."""
    signals = samples.reshape(len(samples), -1)
    if samples.ndim > 3 or (samples.ndim == 3 and samples.shape[-1] != 1):
        raise InputError(f"samples of shape {samples.shape[1:]} are no mono sounds; use -o x.npy")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SOUND_RATE)
        sound.writeframes(np.rint(np.clip(signals, -1, 1) * 32767).astype("<i2").tobytes())
    return buffer.getvalue()
