"""--data: every form it may have, and one clear line for what cannot be used."""

import struct
import sys
import wave
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgekit.data import load as data
from edgekit.data.load import load_data
from edgekit.errors import InputError
from edgekit.model import Model, Signature, Tensor


def model(*inputs: Tensor, **more: Tensor) -> Model:
    signatures = {"translate": Signature(part="net", inputs=inputs, outputs=inputs[:1])}
    signatures |= {
        name: Signature(part="net", inputs=(tensor,), outputs=()) for name, tensor in more.items()
    }
    return Model(kind="tflite", family="image-to-image", signatures=signatures, files={})


def image(size: int = 8, channels: int = 3, **more: Any) -> Tensor:
    return Tensor(name="image", shape=(1, size, size, channels), **more)


RGB = model(image(range=(-1.0, 1.0)))
LATENT = model(Tensor(name="z", shape=(1, 4), role="latent"))
SOUND = model(Tensor(name="sound", shape=(1, 10, 1)))
ROWS = np.arange(12.0).reshape(3, 4)


def write_wav(path: Path, samples: NDArray[np.int16], width: int = 2) -> None:
    """Frames (T, channels) as a wav file."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(samples.shape[1])
        sound.setsampwidth(width)
        sound.setframerate(8000)
        sound.writeframes(samples.astype("<i2").tobytes())


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_gives_its_arrays_by_name(tmp_path: Path, save: Any) -> None:
    save(tmp_path / "data.npz", z=ROWS)
    data = load_data(str(tmp_path / "data.npz"), LATENT)
    assert set(data) == {"z"}
    assert np.array_equal(data["z"], ROWS)


def test_an_array_that_no_input_is_called_is_not_ignored(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", z=ROWS, lable=np.array([0, 1, 2]))
    with pytest.raises(InputError, match="has 'lable'"):
        load_data(str(tmp_path / "data.npz"), LATENT)


def test_npy_is_the_sample_input_or_the_latent(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", ROWS)
    assert set(load_data(str(tmp_path / "rows.npy"), RGB)) == {"image"}
    assert np.array_equal(load_data(str(tmp_path / "rows.npy"), LATENT)["z"], ROWS)


def test_a_folder_of_images(tmp_path: Path) -> None:
    """In name order, folders below included, scaled into the input's range."""
    (tmp_path / "b").mkdir()
    Image.new("RGB", (20, 10), (255, 0, 127)).save(tmp_path / "b" / "1.png")
    Image.new("L", (8, 8), 255).save(tmp_path / "a.PNG")
    (tmp_path / "notes.txt").write_text("not an image")
    rows = load_data(str(tmp_path), RGB)["image"]
    assert rows.shape == (2, 8, 8, 3)
    assert rows.dtype == np.float32
    assert (rows[0] == 1).all()
    # 127 of 255 in -1…1, in float32.
    np.testing.assert_allclose(rows[1, 4, 4], [1, -1, 127 / 127.5 - 1], atol=1e-6)


def test_the_middle_of_a_wide_image_is_kept(tmp_path: Path) -> None:
    pixels = np.zeros((8, 24), np.uint8)
    pixels[:, 8:16] = 255
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    assert (load_data(str(tmp_path), model(image(8, 1)))["image"] == 1).all()


def test_grey_of_16_bits_is_scaled(tmp_path: Path) -> None:
    pixels = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    Image.fromarray(pixels).save(tmp_path / "deep.png")
    rows = load_data(str(tmp_path), model(image(8, 1)))["image"]
    # Half a level of 8 bits.
    np.testing.assert_allclose(rows[0, ..., 0], pixels / 65535, atol=0.51 / 255)


def test_photographs_are_turned_upright(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[0] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    rows = load_data(str(tmp_path), model(image()))["image"]
    assert np.array_equal(rows[0], pixels[::-1] / 255)


def test_images_for_every_size(tmp_path: Path) -> None:
    Image.new("RGB", (20, 20)).save(tmp_path / "a.png")
    data = load_data(str(tmp_path), model(image(8), large=image(16)))
    assert data["translate/image"].shape == (1, 8, 8, 3)
    assert data["large/image"].shape == (1, 16, 16, 3)


def test_a_folder_of_sounds(tmp_path: Path) -> None:
    """The first channel in -1…1, cut or padded with silence."""
    frames = np.array([[-32768, 5], [16384, 5], [0, 5]], np.int16)
    write_wav(tmp_path / "short.wav", frames)
    write_wav(tmp_path / "a_long.wav", np.full((50, 1), 8192, np.int16))
    rows = load_data(str(tmp_path), SOUND)["sound"]
    assert rows.shape == (2, 10, 1)
    assert rows[0].ravel().tolist() == [0.25] * 10
    assert rows[1].ravel().tolist() == [-1, 0.5] + [0] * 8


def test_a_wav_that_was_cut_within_a_frame(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.full((5, 2), 16384, np.int16))
    content = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(content[:-3])
    rows = load_data(str(tmp_path), SOUND)["sound"]
    assert rows.ravel().tolist() == [0.5] * 4 + [0] * 6


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of the user's."""
    (tmp_path / "own_data.py").write_text(
        "import numpy as np\n"
        "def rows(): return [[1.0, 2.0, 3.0, 4.0]]\n"
        "def named(): return {'z': np.ones((2, 4))}\n"
        "def words(): return ['a', 'b']\n"
        "def broken(): raise KeyError('no such file')\n"
        "def verbose(): raise ValueError('\\n first line\\n second line')\n"
        "def nested(): return {'z': [['a']]}\n"
        "def scalar(): return {'z': 3.0}\n"
        "def empty(): return {'z': np.ones((0, 4))}\n"
        "def ragged(): return [[1.0], [1.0, 2.0]]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_data", raising=False)
    return "own_data"


def test_a_function(module: str) -> None:
    assert load_data(f"{module}:rows", LATENT)["z"].tolist() == [[1, 2, 3, 4]]
    assert load_data(f"{module}:named", LATENT)["z"].shape == (2, 4)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("broken", "own_data:broken: KeyError: 'no such file'"),
        ("nothing", "own_data:nothing: AttributeError: "),
        ("verbose", "own_data:verbose: ValueError: first line"),
        ("words", "gives <U1 values, expected numbers"),
        ("nested", "own_data:nested', array 'z', gives <U1 values, expected numbers"),
        ("scalar", "array 'z', gives no rows, its shape is ()"),
        ("empty", "array 'z', gives no rows, its shape is (0, 4)"),
        ("ragged", "own_data:ragged' gives no array: ValueError: "),
    ],
)
def test_a_function_that_fails(module: str, function: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_data(f"{module}:{function}", LATENT)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def refusal(spec: Path | str, described: Model) -> str:
    """The message of the one error that is allowed."""
    with pytest.raises(InputError) as caught:
        load_data(str(spec), described)
    text = str(caught.value)
    assert "\n" not in text
    assert Path(spec).name in text
    return text


@pytest.mark.parametrize("name", ["none.npz", "none.npy", "none", "nomodule:function"])
def test_nothing_there(tmp_path: Path, name: str) -> None:
    refusal(name if ":" in name else tmp_path / name, RGB)


def test_an_empty_folder(tmp_path: Path) -> None:
    assert "holds no images or wav files" in refusal(tmp_path, RGB)


def test_images_for_a_net_that_takes_none(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert "net takes no images or sounds" in refusal(tmp_path, LATENT)


@pytest.mark.parametrize(
    ("described", "message"),
    [(SOUND, "takes no images"), (model(image(8, 16)), "has 16 channels, not 1, 3 or 4")],
)
def test_images_that_do_not_fit(tmp_path: Path, described: Model, message: str) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match=message):
        load_data(str(tmp_path), described)


def test_a_sound_of_another_width(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.zeros((8, 1), np.int16), width=1)
    with pytest.raises(InputError, match=r"a\.wav' is 8-bit PCM"):
        load_data(str(tmp_path), SOUND)


def test_an_animation_is_not_one_picture(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), (90 * k, 0, 0)) for k in range(3)]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True)
    with pytest.raises(InputError, match="has 3 frames; save the one to use"):
        load_data(str(tmp_path), RGB)


def test_a_picture_that_would_unpack_to_gigabytes(tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    header = b"IHDR" + struct.pack(">II", 12_000, 10_000) + content[24:29]
    bomb = content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]
    (tmp_path / "a.png").write_bytes(bomb)
    with pytest.raises(InputError, match="has 12000x10000 pixels, more than"):
        load_data(str(tmp_path), RGB)


def test_only_the_files_that_are_used_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others are neither read nor part of what a conversion depends on."""
    monkeypatch.setattr(data, "MOST", 2)
    for name in ("b.png", "a.png", "c.png", "notes.txt"):
        Image.new("RGB", (8, 8)).save(tmp_path / name, "PNG")
    assert [path.name for path in data.data_files(str(tmp_path))] == ["a.png", "b.png"]
    np.save(tmp_path / "rows.npy", ROWS)
    assert data.data_files(str(tmp_path / "rows.npy")) == [tmp_path / "rows.npy"]
    assert data.data_files("module:function") == []


def test_rows_that_are_not_used_are_counted_and_not_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", z=ROWS)
    given = load_data(str(tmp_path / "a.npz"), LATENT, most=2)
    assert np.array_equal(given["z"], ROWS[:2])
    assert data.rows_given(str(tmp_path / "a.npz"), given) == 3


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones((0, 4)), "gives no rows, its shape is \\(0, 4\\)"),
        (np.array(1.0), "gives no rows"),
        (np.array(["a"]), "gives <U1 values, expected numbers"),
        (np.ones(3, [("a", "f4"), ("b", "i4")]), "expected numbers"),
        (np.ones(3, complex), "gives complex128 values"),
    ],
)
def test_headers_tell_what_is_no_data(tmp_path: Path, array: Any, message: str) -> None:
    np.savez(tmp_path / "a.npz", z=array)
    np.save(tmp_path / "a.npy", array)
    for name in ("a.npz", "a.npy"):
        with pytest.raises(InputError, match=message):
            data.check_data(str(tmp_path / name))


def test_pickled_objects_are_not_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}], object), allow_pickle=True)
    np.savez(tmp_path / "a.npz", z=np.array([print], object), allow_pickle=True)
    for name in ("a.npy", "a.npz"):
        assert "holds Python objects, which are not loaded" in refusal(tmp_path / name, LATENT)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.npz", b"no arrays\n", "is not an npz or npy file"),
        ("a.npy", b"", "is not an npz or npy file"),
        ("a.npz", b"PK\x03\x04 and no more", "is cut off or damaged; copy it again"),
        ("a.npy", b"\x93NUMPY and no more", "is cut off or damaged; copy it again"),
    ],
)
def test_files_that_are_no_arrays(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert message in refusal(tmp_path / name, LATENT)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_damaged_files(tmp_path: Path) -> None:
    """Cut anywhere, or one byte changed: readable or refused, never another exception."""
    noise = np.random.default_rng(0).integers(0, 255, (8, 8, 3)).astype(np.uint8)
    np.savez_compressed(tmp_path / "a.npz", image=noise)
    np.save(tmp_path / "a.npy", noise[:1, :2])
    for name in ("png", "jpeg", "bmp"):
        (tmp_path / name).mkdir()
        Image.fromarray(noise).save(tmp_path / name / f"a.{name}")
    (tmp_path / "wav").mkdir()
    write_wav(tmp_path / "wav" / "a.wav", np.zeros((4, 2), np.int16))
    refused = 0
    for path in [path for path in sorted(tmp_path.rglob("a.*")) if path.is_file()]:
        spec = path if path.suffix in (".npz", ".npy") else path.parent
        whole = path.read_bytes()
        changed = (whole[:k] + bytes([whole[k] ^ 1]) + whole[k + 1 :] for k in range(len(whole)))
        cut = (whole[:k] for k in range(0, len(whole), 17))
        for content in [*list(changed)[::5], *cut]:
            path.write_bytes(content)
            try:
                load_data(str(spec), SOUND if path.suffix == ".wav" else RGB)
            except InputError:
                refused += 1
    assert refused > 100
