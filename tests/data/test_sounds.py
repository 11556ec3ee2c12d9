"""Wav files of every common form give the same sound; what is not read is told."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.data.sounds import FLOAT, GUID, PCM, read_sound
from edgekit.errors import InputError
from edgekit.model import Tensor

SOUND = Tensor(name="sound", shape=(1, 8, 1))
WAVE = np.array([0.0, 0.5, -0.5, 0.25, -1.0])


def packed(values: Any, kind: int, bits: int) -> bytes:
    """Values in -1…1 as samples."""
    if kind == FLOAT:
        return bytes(np.asarray(values, f"<f{bits // 8}").tobytes())
    whole = np.clip(np.rint(values * 2.0 ** (bits - 1)), None, 2 ** (bits - 1) - 1)
    return b"".join(int(v).to_bytes(bits // 8, "little", signed=True) for v in whole)


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk with its length, padded to an even one."""
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def wav(kind: int, bits: int, *, channels: int = 1, extensible: bool = False) -> bytes:
    """A file with WAVE in its first channel, and silence in the others."""
    frames = np.zeros((len(WAVE), channels))
    frames[:, 0] = WAVE
    frame = channels * bits // 8
    told = struct.pack("<HIIHH", channels, 8000, 8000 * frame, frame, bits)
    if extensible:
        told = struct.pack("<H", 0xFFFE) + told + struct.pack("<HHIH", 22, bits, 0, kind) + GUID
    else:
        told = struct.pack("<H", kind) + told
    parts = chunk(b"fmt ", told) + chunk(b"LIST", b"odd") + chunk(
        b"data", packed(frames.ravel(), kind, bits)
    )  # fmt: skip
    return b"RIFF" + struct.pack("<I", len(parts) + 4) + b"WAVE" + parts


def read(path: Path, content: bytes) -> list[float]:
    """What is read of a file with this content."""
    path.write_bytes(content)
    return [float(value) for value in read_sound(path, SOUND).ravel()]


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize(
    ("kind", "bits"), [(PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)]
)
def test_every_form_gives_the_same_sound(
    tmp_path: Path, kind: int, bits: int, channels: int, extensible: bool
) -> None:
    """Exactly: these values are multiples of a half, a quarter and one."""
    found = read(tmp_path / "a.wav", wav(kind, bits, channels=channels, extensible=extensible))
    assert found == [*WAVE, 0, 0, 0]


@pytest.mark.parametrize(
    ("kind", "bits", "message"),
    [
        (PCM, 8, "is 8-bit PCM, which is not read; convert it to 16-bit PCM"),
        (7, 8, "is µ-law"),
        (0x55, 16, "is MP3"),
        (0x1234, 16, "is format 0x1234"),
    ],
)
def test_what_is_not_read_is_told(tmp_path: Path, kind: int, bits: int, message: str) -> None:
    content = wav(PCM, 16).replace(struct.pack("<HH", PCM, 1), struct.pack("<HH", kind, 1), 1)
    at = content.index(b"fmt ") + 8 + 14
    with pytest.raises(InputError, match=message):
        read(tmp_path / "a.wav", content[:at] + struct.pack("<H", bits) + content[at + 2 :])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is cut off"),
        (b"RIFX" + wav(PCM, 16)[4:], "it does not begin as one"),
        (wav(PCM, 16)[:30], "it is cut off"),
        (wav(PCM, 16).replace(b"fmt ", b"cmt "), "it says no format"),
        (wav(PCM, 16).replace(b"data", b"dada"), "it is cut off"),
        (wav(PCM, 16, channels=2).replace(struct.pack("<HH", PCM, 2), b"\1\0\0\0"), "0 channels"),
        (wav(PCM, 16)[:12] + chunk(b"junk", b"") * 2000, "it says no format"),
    ],
)
def test_damaged_files(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=f"is no readable wav: {message}"):
        read(tmp_path / "a.wav", content)


def test_values_that_are_none(tmp_path: Path) -> None:
    content = wav(FLOAT, 32).replace(struct.pack("<f", 0.25), struct.pack("<f", np.nan))
    with pytest.raises(InputError, match="NaN"):
        read(tmp_path / "a.wav", content)


def test_a_sound_in_the_range_of_whole_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav(PCM, 16))
    pcm = Tensor(name="sound", shape=(1, 5, 1), dtype="int16", range=(-32768.0, 32767.0))
    made = read_sound(tmp_path / "a.wav", pcm)
    assert made.dtype == np.int16
    assert np.abs(made[:, 0] - WAVE * 32767.5).max() <= 1  # one step of rounding


def test_all_of_a_sound_where_the_net_runs_in_tiles(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav(FLOAT, 32))
    short = Tensor(name="sound", shape=(1, 2, 1))
    np.testing.assert_allclose(read_sound(tmp_path / "a.wav", short, whole=True)[:, 0], WAVE)
    assert read_sound(tmp_path / "a.wav", short).shape == (2, 1)


@pytest.mark.parametrize("told", [0, 0xFFFFFFFF, 1000])
@pytest.mark.parametrize("whole", [False, True])
def test_a_stream_is_read_to_its_end(tmp_path: Path, told: int, whole: bool) -> None:
    """Who writes to a pipe does not know the length; a cut file says more than it has."""
    content = wav(PCM, 16)
    at = content.index(b"data") + 4
    (tmp_path / "a.wav").write_bytes(content[:at] + struct.pack("<I", told) + content[at + 4 :])
    found = read_sound(tmp_path / "a.wav", SOUND, whole=whole).ravel()
    assert found[:5].tolist() == WAVE.tolist()


def test_a_file_without_samples_is_no_silence(tmp_path: Path) -> None:
    content = wav(PCM, 16)
    with pytest.raises(InputError, match=r"a\.wav' holds no samples"):
        read(tmp_path / "a.wav", content[: content.index(b"data") + 8])
