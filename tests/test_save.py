"""What `edgekit run` reads."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.errors import InputError
from edgekit.model import Model, Signature, Tensor
from edgekit.save import load_input


def of_sizes(*sizes: tuple[int, int]) -> Model:
    signatures = {
        f"translate-{h}x{w}": Signature(
            part="net", inputs=(Tensor(name="image", shape=(1, h, w, 3)),), outputs=()
        )
        for h, w in sizes
    }
    return Model(kind="litert", family="image-to-image", signatures=signatures, files={})


TWO = of_sizes((8, 8), (16, 24))


@pytest.mark.parametrize(
    ("height", "width", "taken"),
    [(16, 24, (16, 24)), (8, 8, (8, 8)), (24, 16, (8, 8)), (50, 60, (8, 8))],
)
def test_a_picture_takes_its_own_size_else_the_first(
    tmp_path: Path, height: int, width: int, taken: tuple[int, int]
) -> None:
    Image.new("RGB", (width, height), (255, 0, 0)).save(tmp_path / "a.png")
    rows = load_input(tmp_path / "a.png", TWO)
    assert rows.shape == (1, *taken, 3)
    assert (rows == [1, 0, 0]).all()


def test_the_size_is_that_of_the_upright_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    Image.new("RGB", (16, 24)).save(tmp_path / "a.png", exif=exif)
    assert load_input(tmp_path / "a.png", TWO).shape == (1, 16, 24, 3)


def test_a_folder_takes_the_first_size(tmp_path: Path) -> None:
    Image.new("RGB", (24, 16)).save(tmp_path / "a.png")
    assert load_input(tmp_path, TWO).shape == (1, 8, 8, 3)


def test_errors_speak_of_the_option_of_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^--input '.*' holds no images or wav files$"):
        load_input(tmp_path, TWO)


def test_arrays_are_taken_as_they_are(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((2, 16, 24, 3)))
    assert load_input(tmp_path / "a.npy", TWO).shape == (2, 16, 24, 3)
