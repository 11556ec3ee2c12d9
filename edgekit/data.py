"""The user's own data (`--data`): arrays, a folder of images or sounds, or a function."""

from __future__ import annotations

import importlib
import wave
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import InputError, check_module, did_you_mean, one_line, require
from edgekit.model import Model, Tensor
from edgekit.values import cast, is_whole, rescaled

IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}
SOUNDS = {".wav"}
MOST = 512  # files that one conversion reads

Array = NDArray[Any]


def load_data(spec: str, model: Model) -> dict[str, Array]:
    """Arrays by input name (or `signature/input`), in the range of that input.

    Args:
        spec: a .npz (arrays named as the inputs), a .npy (rows of the sample input), a folder of
            images or wav files, or `module:function` giving rows or a dict of rows.
        model: says which input takes samples, its size and range.

    Raises:
        InputError: nothing there, nothing usable in it, or non-finite values.
    """
    path = Path(spec)
    if path.is_dir():
        return load_folder(path, model)
    rows = call_function(spec) if is_function(spec) else read_arrays(path)
    arrays = named(rows, model, spec)
    check_names(arrays, model, spec)
    return arrays


def check_data(spec: str) -> None:
    """Raise InputError for what can be seen to be no data without knowing the model.

    A function is not called, nor its module imported.
    """
    path = Path(spec)
    if path.is_dir():
        sample_files(path)
    elif is_function(spec):
        check_module(spec.partition(":")[0], f"--data {spec}")
    else:
        read_arrays(path)


def is_function(spec: str) -> bool:
    """Whether it is `module:function` rather than a place."""
    path = Path(spec)
    return ":" in spec and path.suffix not in (".npz", ".npy") and not path.exists()


def check_names(arrays: dict[str, Array], model: Model, where: str) -> None:
    """Raise InputError when an array is named as no input of the model is."""
    known = {
        name
        for signature, described in model.signatures.items()
        for tensor in described.inputs
        for name in (tensor.name, f"{signature}/{tensor.name}")
    }
    for name in arrays:
        if name not in known:
            raise InputError(f"--data '{where}' has '{name}'; {did_you_mean(name, known)}")


def sample_inputs(model: Model) -> dict[str, Tensor]:
    """The inputs that take samples (images, sounds), by `signature/input`."""
    return {
        f"{name}/{tensor.name}": tensor
        for name, signature in model.signatures.items()
        for tensor in signature.inputs
        if tensor.role == "sample"
    }


def named(rows: Any, model: Model, where: str) -> dict[str, Array]:
    """Bare rows go to the sample input, or to the latent of a net without one."""
    if isinstance(rows, dict):
        return {str(k): numbers(array, f"'{where}', array '{k}',") for k, array in rows.items()}
    samples = [tensor.name for tensor in sample_inputs(model).values()]
    first = next(iter(model.signatures.values())).inputs[0].name
    return {samples[0] if samples else first: numbers(rows, f"'{where}'")}


def numbers(rows: Any, where: str) -> Array:
    """At least one row of numbers as an array; raises InputError for anything else."""
    try:
        array = np.asarray(rows)
    except Exception as error:  # rows of unequal lengths, or an object of the user's own
        raise InputError(f"--data {where} gives no array: {one_line(error)}") from None
    if array.dtype.kind not in "fiub":
        raise InputError(f"--data {where} gives {array.dtype} values, expected numbers")
    if array.ndim == 0 or len(array) == 0:
        raise InputError(f"--data {where} gives no rows, its shape is {array.shape}")
    return array


def read_arrays(path: Path) -> Any:
    """The content of a .npz or .npy; pickled objects are refused."""
    try:
        loaded = np.load(path, allow_pickle=False)
        return dict(loaded) if hasattr(loaded, "files") else loaded
    except FileNotFoundError:
        raise InputError(
            f"--data '{path}' does not exist (npz, npy, folder or module:function)"
        ) from None
    except PermissionError:
        raise InputError(f"--data '{path}' may not be read; change its permissions") from None
    except Exception as error:  # a damaged file raises nearly every type here
        raise InputError(f"--data '{path}' {unreadable(path, error)}") from None


def unreadable(path: Path, error: Exception) -> str:
    """What is wrong with a file that NumPy does not read."""
    with path.open("rb") as file:
        start = file.read(6)
    if not start.startswith((b"PK", b"\x93NUMPY")):
        return "is not an npz or npy file"
    if "Object arrays" in str(error):
        return "holds Python objects, which are not loaded; save plain arrays"
    return "is cut off or damaged; copy it again"


def sample_files(folder: Path) -> list[Path]:
    """The images of a folder, or its sounds where one of those comes first, in name order."""
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGES | SOUNDS)[:MOST]
    if not files:
        raise InputError(f"--data '{folder}' holds no images or wav files")
    kind = IMAGES if files[0].suffix.lower() in IMAGES else SOUNDS
    return [path for path in files if path.suffix.lower() in kind]


def load_folder(folder: Path, model: Model) -> dict[str, Array]:
    """Every image or sound of a folder, fitted to each sample input."""
    files = sample_files(folder)
    inputs = sample_inputs(model)
    if not inputs:
        raise InputError(f"--data '{folder}': a {model.family} net takes no images or sounds")
    read = read_image if files[0].suffix.lower() in IMAGES else read_sound
    arrays = {key: np.stack([read(path, t) for path in files]) for key, t in inputs.items()}
    return arrays | {key.split("/")[1]: rows for key, rows in arrays.items()}


def read_image(path: Path, tensor: Tensor, *, whole: bool = False) -> Array:
    """One picture, scaled and cropped to (H, W, C) and brought into the input's range.

    `whole` leaves it in its own size.
    """
    if len(tensor.shape) != 4:
        raise InputError(f"'{path}': input '{tensor.name}' {tensor.shape} takes no images")
    _, height, width, channels = (int(n or 0) for n in tensor.shape)
    if channels not in (1, 3, 4):
        raise InputError(f"'{path}': input '{tensor.name}' has {channels} channels, not 1, 3 or 4")
    image = open_image(path)
    from PIL import ImageOps

    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    fitted = image.convert(mode)
    if not whole:
        fitted = ImageOps.fit(fitted, (width, height))
    unit = np.asarray(fitted, np.float32).reshape(fitted.height, fitted.width, channels) / 255
    low, high = tensor.range or (0.0, 1.0)
    return cast(np.asarray(unit * (high - low) + low, np.float32), tensor.dtype)


def open_image(path: Path) -> Any:
    """A picture as Pillow's, upright and of 8 bits a channel; raises InputError when it is none."""
    require("PIL", "images")
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
            if upright.mode == "I" or upright.mode.startswith("I;16"):
                # 16-bit grey, which Pillow would clip at 255.
                grey = np.asarray(upright).clip(0, 65535) / 257
                return Image.fromarray(np.rint(grey).astype(np.uint8))
            return upright
    except Exception as error:  # a damaged file raises nearly every type here
        raise InputError(f"'{path}' is no readable image: {one_line(error)}") from None


def read_sound(path: Path, tensor: Tensor) -> Array:
    """The start of a 16-bit wav as (T, 1) in -1…1, or an integer input's range; then silence."""
    if len(tensor.shape) > 3 or tensor.shape[2:] not in ((), (1,)):
        raise InputError(f"'{path}': input '{tensor.name}' {tensor.shape} takes no sounds")
    length = int(np.prod([n or 1 for n in tensor.shape[1:]]))
    try:
        with wave.open(str(path)) as sound:
            if sound.getsampwidth() != 2:
                raise InputError(f"'{path}' is not 16-bit; convert it to 16-bit PCM")
            channels = sound.getnchannels()
            data = sound.readframes(length)
    except (wave.Error, EOFError, OSError, RuntimeError) as error:
        raise InputError(f"'{path}' is no readable wav: {error}") from None
    data = data[: len(data) - len(data) % (2 * channels)]  # a cut file may end within a frame
    mono = np.frombuffer(data, "<i2").reshape(-1, channels)[:, 0].astype(np.float32) / 32768
    padded = np.pad(mono, (0, length - len(mono))).reshape([int(n or 1) for n in tensor.shape[1:]])
    if is_whole(tensor.dtype):
        return cast(rescaled(padded, (-1.0, 1.0), tensor.range), tensor.dtype)
    return padded


def call_function(spec: str) -> Any:
    """`module:function` imported and called without arguments."""
    module, _, name = spec.partition(":")
    try:
        return getattr(importlib.import_module(module), name)()
    except Exception as error:  # the user's own code may fail in any way
        raise InputError(f"--data {spec}: {one_line(error)}") from None
