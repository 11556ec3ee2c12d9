"""What `edgekit run` reads."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from edgekit.data.save import load_input, load_inputs, scaling, unsaid
from edgekit.errors import InputError
from edgekit.model import Model, Signature, Tensor, Tiling


def of_sizes(*sizes: tuple[int, int]) -> Model:
    signatures = {
        f"translate-{h}x{w}": Signature(
            part="net", inputs=(Tensor(name="image", shape=(1, h, w, 3)),), outputs=()
        )
        for h, w in sizes
    }
    return Model(kind="tflite", family="image-to-image", signatures=signatures, files={})


ONE, TWO = of_sizes((8, 8)), of_sizes((8, 8), (16, 24))


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
    assert load_inputs(tmp_path / "a.npy", TWO)["image"].shape == (2, 16, 24, 3)


def tiled(*sizes: tuple[int, int]) -> Model:
    """The same nets, run in tiles on other sizes."""
    model = of_sizes(*sizes)
    signatures = {
        name: msgspec.structs.replace(signature, tiling=Tiling(margin=2))
        for name, signature in model.signatures.items()
    }
    return model.replace(signatures=signatures)


def test_a_picture_keeps_its_size_where_the_net_runs_in_tiles(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (50, 61, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    rows = load_input(tmp_path / "a.png", tiled((8, 8), (16, 24)))
    np.testing.assert_allclose(rows[0], pixels / 255, atol=1e-6)
    assert scaling(tmp_path / "a.png", rows, tiled((8, 8))) is None


def test_what_was_scaled_is_said_with_the_reason(tmp_path: Path) -> None:
    Image.new("RGB", (20, 10)).save(tmp_path / "a.png")
    rows = load_input(tmp_path / "a.png", ONE)
    (name,) = ONE.signatures
    global_net = msgspec.structs.replace(ONE.signatures[name], untiled="it sees everything")
    note = scaling(tmp_path / "a.png", rows, ONE.replace(signatures={name: global_net}))
    assert note is not None
    assert "(10x20) was scaled and cropped to 8x8" in note
    assert note.endswith("or give --tiles (it sees everything)")


def test_pictures_of_a_folder_that_were_scaled_are_told(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert scaling(tmp_path, load_input(tmp_path, ONE), ONE) is None
    Image.new("RGB", (20, 10)).save(tmp_path / "b.png")
    note = scaling(tmp_path, load_input(tmp_path, ONE), ONE)
    assert note is not None
    assert "were scaled and cropped to 8x8; for its own size, give one picture at a time" in note


def adain(*more: Tensor) -> Model:
    inputs = (Tensor("content", (1, 8, 8, 3)), Tensor("style", (1, 8, 8, 3)), *more)
    signature = Signature(part="net", inputs=inputs, outputs=())
    return Model("litert", "image-to-image", {"translate": signature}, {})


def test_every_array_of_an_npz_is_an_input(tmp_path: Path) -> None:
    pair = {"style": np.zeros((2, 8, 8, 3)), "translate/content": np.ones((2, 8, 8, 3))}
    np.savez(tmp_path / "x.npz", **pair)
    rows = load_inputs(tmp_path / "x.npz", adain())
    assert {name: array.max() for name, array in rows.items()} == {"style": 0, "content": 1}
    np.savez(tmp_path / "y.npz", **pair, styl=np.zeros(2))
    with pytest.raises(InputError, match=r"^--input .* has 'styl'; did you mean 'style'\?"):
        load_inputs(tmp_path / "y.npz", adain())


def test_a_net_of_latents_takes_arrays_and_no_pictures(tmp_path: Path) -> None:
    signature = Signature("net", (Tensor("z", (1, 4), role="latent"),), ())
    model = Model("litert", "latent", {"generate": signature}, {})
    np.save(tmp_path / "z.npy", np.ones((3, 4)))
    assert load_inputs(tmp_path / "z.npy", model)["z"].shape == (3, 4)
    with pytest.raises(InputError, match=r"takes no pictures.*npz with arrays of its inputs \(z\)"):
        load_inputs(tmp_path / "a.png", model)


def test_what_a_transform_draws_is_known() -> None:
    model = adain(Tensor("z", (1, 4), role="latent"), Tensor("digit", (1, 10), role="label"))
    assert unsaid(model, {"content", "style"}, "latent") == ["z"]
    assert unsaid(model, {"content", "style", "z"}, "latent") == []
    assert unsaid(model, (), "label") == ["digit"]
