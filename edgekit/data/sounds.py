"""Sounds from wav files, read by the file's own chunks.

Python's `wave` refuses the form in which many programs write (WAVE_FORMAT_EXTENSIBLE), and floats.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgekit.data.values import cast, is_whole, rescaled
from edgekit.errors import InputError
from edgekit.files.paths import check_plain, shown
from edgekit.model import Tensor

Array = NDArray[Any]
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
OTHERS = {2: "ADPCM", 6: "A-law", 7: "µ-law", 0x11: "ADPCM", 0x55: "MP3", 0xFF: "AAC"}
GUID = bytes.fromhex("000000001000800000aa00389b71")  # behind the number of an extensible format
READ = {(PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)}
REMEDY = "convert it to 16-bit PCM: ffmpeg -i in.wav -c:a pcm_s16le out.wav"
UNKNOWN = (0, 0xFFFFFFFF)  # what programs that write to a pipe say of the length: to the end
MOST_CHUNKS = 1000  # that stand before the samples


class Format(NamedTuple):
    """How samples are written: kind and bits of each, and how many a frame has."""

    kind: int
    bits: int
    channels: int

    @property
    def frame(self) -> int:
        """Bytes of one frame."""
        return self.channels * self.bits // 8


def read_sound(path: Path, tensor: Tensor, *, whole: bool = False) -> Array:
    """The start of a wav's first channel as (T, 1) in -1…1, padded with silence; in the range of an
    input of whole numbers.

    `whole` reads all of it, as long as it is.

    Raises:
        InputError: an input that takes no sounds, or a file that is none.
    """
    if len(tensor.shape) > 3 or tensor.shape[2:] not in ((), (1,)):
        raise InputError(f"'{path}': input '{tensor.name}' {tensor.shape} takes no sounds")
    length = int(np.prod([n or 1 for n in tensor.shape[1:]]))
    check_plain(path, "wav")
    try:
        with path.open("rb") as file:
            form, size = start_of_samples(file, path)
            left = path.stat().st_size - file.tell()
            size = left if size in UNKNOWN else min(size, left)
            data = file.read(size if whole else min(size, length * form.frame))
    except (OSError, struct.error) as error:
        reason = getattr(error, "strerror", None) or "it is cut off"
        raise InputError(f"'{shown(path)}' is no readable wav: {reason}") from None
    mono = first_channel(data, form)
    if len(mono) == 0:
        raise InputError(f"'{shown(path)}' holds no samples")
    if not np.isfinite(mono).all():
        raise InputError(f"'{shown(path)}' holds NaN or infinite samples")
    if not whole:
        mono = np.pad(mono, (0, length - len(mono)))
    rows = mono.reshape([-1, *(int(n or 1) for n in tensor.shape[2:])])
    if is_whole(tensor.dtype):
        return cast(rescaled(rows, (-1.0, 1.0), tensor.range), tensor.dtype)
    return rows


def start_of_samples(file: IO[bytes], path: Path) -> tuple[Format, int]:
    """Read up to the samples: how they are written, and how many bytes they say to be."""
    riff, _, wave = struct.unpack("<4sI4s", file.read(12))
    if (riff, wave) != (b"RIFF", b"WAVE"):
        raise InputError(f"'{shown(path)}' is no readable wav: it does not begin as one")
    form = None
    for _ in range(MOST_CHUNKS):
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            break
        end = file.tell() + size + size % 2
        if name == b"fmt ":
            form = format_of(file.read(min(size, 40)), path)
        file.seek(end)
    if name != b"data" or form is None:
        raise InputError(f"'{shown(path)}' is no readable wav: it says no format")
    return form, size


def format_of(chunk: bytes, path: Path) -> Format:
    """The format that a `fmt ` chunk tells; raises InputError for one that is not read."""
    kind, channels, _, _, frame, bits = struct.unpack("<HHIIHH", chunk[:16])
    if kind == EXTENSIBLE and chunk[26:40] == GUID:
        kind = struct.unpack("<H", chunk[24:26])[0]
    if (kind, bits) not in READ:
        name = {PCM: f"{bits}-bit PCM", FLOAT: f"{bits}-bit float"}.get(kind)
        name = name or OTHERS.get(kind, f"format {kind:#x}")
        raise InputError(f"'{shown(path)}' is {name}, which is not read; {REMEDY}")
    if channels == 0 or frame != channels * bits // 8:
        raise InputError(f"'{shown(path)}' is no readable wav: {channels} channels of {bits} bits")
    return Format(kind, bits, channels)


def first_channel(data: bytes, form: Format) -> NDArray[np.float32]:
    """The first channel of whole frames, in -1…1; a cut file may end within one."""
    frames = np.frombuffer(data[: len(data) - len(data) % form.frame], np.uint8)
    first = np.ascontiguousarray(frames.reshape(-1, form.frame)[:, : form.bits // 8])
    if form.kind == FLOAT:
        return first.view(f"<f{form.bits // 8}")[:, 0].astype(np.float32)
    wide = np.zeros((len(first), 4), np.uint8)  # as 32 bits, the high ones given
    wide[:, 4 - form.bits // 8 :] = first
    return (wide.view("<i4")[:, 0] / 2**31).astype(np.float32)
