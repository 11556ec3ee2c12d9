"""Arrays, sounds and pictures."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st
from PIL import Image

from edgekit.data import npz
from edgekit.data.load import check_data, load_data, open_image
from edgekit.data.sounds import FLOAT, PCM, read_sound
from edgekit.model import Model, Signature, Tensor
from tests.data.test_sounds import wav

from .harness import EXAMPLES, fuzz
from .mutate import EDITS, broken_bytes, edited

ROWS = np.arange(60, dtype=np.float32).reshape(20, 3)
Z = Tensor(name="z", shape=(1, 3), role="latent")
NET = Model(
    kind="tflite",
    family="latent",
    signatures={"generate": Signature(part="net", inputs=(Z,), outputs=())},
    files={},
)
SOUND = Tensor(name="sound", shape=(1, 64, 1))


def saved() -> bytes:
    """A .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, ROWS)
    return buffer.getvalue()


def archive(member: bytes, method: int) -> bytes:
    """A sound .npz around what may be a broken .npy."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        file.writestr("z.npy", member)
    return buffer.getvalue()


def archives() -> st.SearchStrategy[bytes]:
    """Broken members in sound archives, and broken archives."""
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    sound = [broken_bytes(archive(saved(), method)) for method in methods]
    members = st.tuples(broken_bytes(saved()), st.sampled_from(methods))
    return st.one_of(*sound, members.map(lambda made: archive(*made)), headers())


def headers() -> st.SearchStrategy[bytes]:
    """A .npy whose header is broken text of the right length, as a file or in an archive."""
    start, rest = saved()[:10], saved()[128:]
    texts = EDITS.map(lambda edits: edited(saved()[10:128], edits))
    return texts.map(lambda text: start[:8] + len(text).to_bytes(2, "little") + text + rest)


def read_archive(path: Path) -> None:
    """As --data and as golden samples are read."""
    load_data(str(path), NET, most=4)
    check_data(str(path))
    npz.read(path)


def picture(form: str) -> bytes:
    """A small picture in one of the forms that are read."""
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (8, 8, 3)).astype(np.uint8)
    Image.fromarray(noise).save(buffer, form)
    return buffer.getvalue()


FORMS = ("png", "jpeg", "bmp", "webp")
SOUNDS = [wav(PCM, 16, channels=2), wav(PCM, 24, extensible=True), wav(FLOAT, 32)]
KINDS: list[tuple[str, str, st.SearchStrategy[bytes], Callable[[Path], object]]] = [
    ("npz", "a.npz", archives(), read_archive),
    ("npy", "a.npy", st.one_of(broken_bytes(saved()), headers()), read_archive),
    ("wav", "a.wav", st.one_of(*map(broken_bytes, SOUNDS)), lambda path: read_sound(path, SOUND)),
    ("picture", "a.png", st.one_of(*(broken_bytes(picture(f)) for f in FORMS)),
     lambda path: open_image(path).convert("RGB")),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize(("kind", "name", "inputs", "read"), KINDS, ids=[kind[0] for kind in KINDS])
@EXAMPLES
def test_arrays(
    place: Path,
    kind: str,
    name: str,
    inputs: st.SearchStrategy[bytes],
    read: Callable[[Path], object],
    examples: int,
) -> None:
    def given(content: bytes) -> None:
        (place / name).write_bytes(content)
        read(place / name)

    fuzz(kind, inputs, given, examples, place)
