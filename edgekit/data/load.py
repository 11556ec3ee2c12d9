"""The user's own data (`--data`): arrays, a folder of images or sounds, or a function."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data import npz
from edgekit.data.layout import channels_first
from edgekit.data.sounds import read_sound
from edgekit.data.values import cast
from edgekit.errors import InputError, did_you_mean, one_line, require
from edgekit.files.paths import check_plain, shown
from edgekit.model import Model, Tensor
from edgekit.own_modules import check_module, import_own

IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}
SOUNDS = {".wav"}
MOST = 512  # files that one conversion reads
MOST_PIXELS = 100_000_000  # of one picture

Array = NDArray[Any]


def load_data(spec: str, model: Model, most: int | None = None) -> dict[str, Array]:
    """Arrays by input name (or `signature/input`), in the range of that input.

    Args:
        spec: a .npz (arrays named as the inputs), a .npy (rows of the sample input), a folder of
            images or wav files, or `module:function` giving rows or a dict of rows.
        model: says which input takes samples, its size and range.
        most: rows of a .npz or .npy that are read; all by default.

    Raises:
        InputError: nothing there, nothing usable in it, or non-finite values.
    """
    path = Path(spec)
    check_plain(path, "--data")
    if path.is_dir():
        return load_folder(path, model)
    rows = call_function(spec) if is_function(spec) else read_arrays(path, most)
    arrays = named(rows, model, spec)
    check_names(arrays, model, spec)
    return arrays


def check_data(spec: str) -> None:
    """Raise InputError for what can be seen to be no data without knowing the model.

    A function is not called, nor its module imported.
    """
    path = Path(spec)
    check_plain(path, "--data")
    if path.is_dir():
        sample_files(path)
    elif is_function(spec):
        check_module(spec.partition(":")[0], f"--data {spec}")
    else:
        check_arrays(path)


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
    check_numbers(array.dtype, array.shape, where)
    return array


def check_numbers(dtype: np.dtype[Any], shape: tuple[int, ...], where: str) -> None:
    """Raise InputError for an array that holds no rows of numbers."""
    if dtype.kind not in "fiub":
        raise InputError(f"--data {where} gives {dtype} values, expected numbers")
    if not shape or shape[0] == 0:
        raise InputError(f"--data {where} gives no rows, its shape is {shape}")


def read_arrays(path: Path, most: int | None = None) -> Any:
    """The content of a .npz or .npy, at most so many rows of each array."""
    with as_data(path):
        found = npz.read(path, most)
    return found.get("", found)


@contextmanager
def as_data(path: Path) -> Iterator[None]:
    """Errors of the block speak of the option."""
    if not path.exists():
        raise InputError(f"--data '{path}' does not exist (npz, npy, folder or module:function)")
    try:
        yield
    except InputError as error:
        raise InputError(f"--data {error}") from None


def check_arrays(path: Path) -> None:
    """Raise InputError for a .npz or .npy that holds no rows of numbers, by its headers alone."""
    with as_data(path):
        found = npz.headers(path)
    for name, told in found.items():
        array = f", array '{name}'," if name else ""
        check_numbers(told.dtype, told.shape, f"'{path}'{array}")
    if not found:
        raise InputError(f"--data '{path}' holds no arrays")


def rows_given(spec: str, given: Mapping[str, Array]) -> int:
    """How many rows there are of every input, of which `given` may be the first."""
    path = Path(spec)
    if path.is_dir() or is_function(spec):
        return min(map(len, given.values()))
    return min(told.shape[0] for told in npz.headers(path).values())


def data_files(spec: str) -> list[Path]:
    """The files that `--data` reads; none of a function."""
    path = Path(spec)
    if path.is_dir():
        return sample_files(path)
    return [path] if path.is_file() else []


def sample_files(folder: Path) -> list[Path]:
    """The images of a folder, or its sounds where one of those comes first, in name order."""
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGES | SOUNDS)[:MOST]
    if not files:
        raise InputError(f"--data '{folder}' holds no images or wav files")
    for path in files:
        check_plain(path, "--data")
    kind = IMAGES if files[0].suffix.lower() in IMAGES else SOUNDS
    return [path for path in files if path.suffix.lower() in kind]


def load_folder(folder: Path, model: Model) -> dict[str, Array]:
    """Every image or sound of a folder, fitted to each sample input that no domain speaks for.

    A second one, such as a style, gets them in another order.
    """
    files = sample_files(folder)
    inputs = sample_inputs(model)
    if not inputs:
        raise InputError(f"--data '{folder}': a {model.family} net takes no images or sounds")
    read = read_image if files[0].suffix.lower() in IMAGES else read_sound
    arrays = {}
    for name, signature in model.signatures.items():
        own = [t for t in signature.inputs if f"{name}/{t.name}" in inputs]
        for turn, t in enumerate(t for t in own if not t.domain or t is signature.inputs[0]):
            rows = np.stack([read(path, t) for path in files])
            arrays[f"{name}/{t.name}"] = np.roll(rows, turn, axis=0)
    return arrays | {key.split("/")[1]: rows for key, rows in arrays.items()}


def read_image(path: Path, tensor: Tensor, *, whole: bool = False) -> Array:
    """One picture, scaled and cropped to the input's size and brought into its layout and range.

    `whole` leaves it in its own size.
    """
    if len(tensor.shape) != 4:
        raise InputError(f"'{path}': input '{tensor.name}' {tensor.shape} takes no images")
    first = channels_first(tensor.shape)
    sizes = [int(n or 0) for n in tensor.shape[1:]]
    channels, height, width = sizes if first else (sizes[2], *sizes[:2])
    if channels not in (1, 3, 4):
        raise InputError(f"'{path}': input '{tensor.name}' has {channels} channels, not 1, 3 or 4")
    image = open_image(path)
    from PIL import ImageOps

    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    fitted = image.convert(mode)
    if not whole:
        fitted = ImageOps.fit(fitted, (width, height))
    unit = np.asarray(fitted, np.float32).reshape(fitted.height, fitted.width, channels) / 255
    unit = unit.transpose(2, 0, 1) if first else unit
    low, high = tensor.range or (0.0, 1.0)
    return cast(np.asarray(unit * (high - low) + low, np.float32), tensor.dtype)


def open_image(path: Path) -> Any:
    """A picture as Pillow's, upright and of 8 bits a channel; raises InputError when it is none."""
    require("PIL", "images")
    from PIL import Image, ImageOps

    check_plain(path, "picture")
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path) as image:
            check_picture(path, image)
            upright = ImageOps.exif_transpose(image)
            if upright.mode == "I" or upright.mode.startswith("I;16"):
                # 16-bit grey, which Pillow would clip at 255.
                grey = np.asarray(upright).clip(0, 65535) / 257
                return Image.fromarray(np.rint(grey).astype(np.uint8))
            return upright
    except InputError:
        raise
    except Exception as error:  # a damaged file raises nearly every type here
        raise InputError(f"'{shown(path)}' is no readable image: {one_line(error)}") from None


def check_picture(path: Path, image: Any) -> None:
    """Raise InputError for what would unpack to more than a picture: a bomb, or an animation."""
    if image.width * image.height > MOST_PIXELS:
        size = f"{image.width}x{image.height} pixels"
        raise InputError(f"'{shown(path)}' has {size}, more than {MOST_PIXELS}; scale it down")
    if getattr(image, "n_frames", 1) > 1:
        raise InputError(f"'{shown(path)}' has {image.n_frames} frames; save the one to use")


def call_function(spec: str) -> Any:
    """`module:function` imported and called without arguments."""
    module, _, name = spec.partition(":")
    try:
        return getattr(import_own(module), name)()
    except Exception as error:  # the user's own code may fail in any way
        raise InputError(f"--data {spec}: {one_line(error)}") from None
