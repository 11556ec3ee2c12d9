"""The rebuilt nets do what their authors' nets do, and load without any code of ours."""

import importlib
import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from . import _fetch, _torch_zip, dcgan_faces, esrgan
from .__main__ import main, names

pytestmark = [
    pytest.mark.thirdparty,
    # Keras on TensorFlow, when it saves under NumPy 2.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_esrgan_draws_the_authors_picture(scale: int) -> None:
    image, expected = esrgan.golden(scale)
    output = esrgan.build(scale).predict(image[None].astype(np.float32), verbose=0)[0]
    error = np.abs(esrgan.to_image(output).astype(int) - expected)
    # Another engine may round a tie the other way: one level, in a handful of values.
    assert error.max() <= 1
    assert error.mean() < 1e-4


def test_esrgan_x8_has_its_shape() -> None:
    output = esrgan.build(8).predict(np.zeros((1, 5, 7, 3), np.float32), verbose=0)
    assert output.shape == (1, 40, 56, 3)


def test_dcgan_faces_follow_torch() -> None:
    noise, expected = dcgan_faces.golden()
    output = dcgan_faces.build().predict(noise, verbose=0)
    assert expected.std() > 0.1, "a blank picture proves nothing"
    np.testing.assert_allclose(output, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", names())
def test_saved_net_is_plain_keras(name: str, tmp_path: Path) -> None:
    import keras

    module, saved = importlib.import_module(f".{name}", __package__), tmp_path / "net.keras"
    main([name, "-o", str(saved)])
    loaded = keras.saving.load_model(saved, safe_mode=True)
    assert all(type(layer).__module__.startswith("keras.src.") for layer in loaded.layers)
    model = module.build()
    for kept, built in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, built)


def test_missing_npm_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEKIT_THIRDPARTY", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(_fetch.FetchError, match=r"needs npm .* or put .*\.tgz into"):
        esrgan.build()


def test_changed_archive_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEKIT_THIRDPARTY", str(tmp_path))
    (tmp_path / "upscalerjs-esrgan-slim-1.0.0.tgz").write_bytes(b"other")
    with pytest.raises(_fetch.FetchError, match="expected b53070ff"):
        esrgan.build()


def test_checkpoint_cannot_call_code() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("weights/byteorder", "little")
        archive.writestr("weights/data.pkl", pickle.dumps(print))
    with pytest.raises(pickle.UnpicklingError, match=r"builtins\.print"):
        _torch_zip.read(file)
