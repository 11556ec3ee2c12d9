"""What the original's own inputs and outputs tell of themselves and of candidates."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from edgekit.data import npz
from edgekit.domain import parse_domain
from edgekit.errors import PassError
from edgekit.families.autoencoder import Family
from edgekit.jobs.convert import weaknesses
from edgekit.measure.evaluator import Evaluator
from edgekit.measure.features import random_convolutions
from edgekit.model import Model, Signature, Tensor
from edgekit.plan.request import Request

RANDOM = np.random.default_rng(0)
# Pictures of 0…1 that span no more than 0.2…0.7: what is relative to them is not to the range.
IMAGES = RANDOM.uniform(0.2, 0.7, (16, 4, 4, 1)).astype(np.float32)


def evaluator_of(folder: Path, image: np.ndarray, **files: np.ndarray) -> Evaluator:
    """An autoencoder that gave back what it got; `files` are the decoded pictures of others."""
    picture = Tensor("image", (None, 4, 4, 1), "float32", "sample", (0.0, 1.0))
    code = Tensor("z", (None, 2), "float32", "latent")
    signatures = {
        "encode": Signature("encoder", (picture,), (code,)),
        "decode": Signature("decoder", (code,), (picture,)),
    }
    z = np.zeros((len(image), 2), np.float32)
    npz.write(folder / "draws.npz", {"z": z, "image": image})
    npz.write(folder / "outputs.npz", {"encode": z, "decode": image, "reconstruct": image})
    for name, decoded in files.items():
        npz.write(folder / f"{name}.npz", {"encode": z, "decode": decoded, "reconstruct": decoded})
    model = Model("original", "autoencoder", signatures, {})
    return Evaluator(Family, model, folder, random_convolutions)


def trial(folder: Path, decoded: np.ndarray, code: float = 0.0) -> Path:
    """The folder of a candidate that made these pictures and codes."""
    folder.mkdir()
    z = np.full((len(decoded), 2), code, np.float32)
    npz.write(folder / "outputs.npz", {"encode": z, "decode": decoded, "reconstruct": IMAGES})
    return folder


def test_the_worst_output_counts_and_codes_have_no_peak(tmp_path: Path) -> None:
    """Of two outputs that are pictures one is off by 0.01 everywhere: 40 dB of a range of 1."""
    evaluator = evaluator_of(tmp_path, IMAGES)
    candidate = trial(tmp_path / "trial", IMAGES + np.float32(0.01), code=3.0)
    scores = evaluator.score(candidate)
    assert scores["psnr"] == pytest.approx(40.0, abs=1e-3)
    assert scores["max_error"] == pytest.approx(3.0), "of the codes, which are compared as well"
    assert evaluator.of_itself["max_error"] == 0.0
    assert evaluator.of_itself["frechet"] == pytest.approx(0.0, abs=1e-6)


def test_errors_are_relative_to_the_largest_value(tmp_path: Path) -> None:
    evaluator = evaluator_of(tmp_path, IMAGES, nudged=IMAGES * np.float32(1 + 2**-20))
    off = IMAGES.copy()
    off[3, 1, 1, 0] += 0.125
    error = evaluator.relative_error(trial(tmp_path / "trial", off))
    assert error == pytest.approx(0.125 / IMAGES.max(), rel=1e-5)
    assert evaluator.sensitivity == pytest.approx(2**-20, rel=0.1)


def test_an_artifact_of_another_shape_is_a_wrong_conversion(tmp_path: Path) -> None:
    evaluator = evaluator_of(tmp_path, IMAGES)
    turned = trial(tmp_path / "trial", IMAGES.reshape(16, 2, 8, 1))
    for compare in (evaluator.score, evaluator.relative_error):
        with pytest.raises(PassError, match=r"'decode' is \(16, 2, 8, 1\), the original's"):
            compare(turned)


def test_noise_is_the_distance_of_other_draws_however_few(tmp_path: Path) -> None:
    """Pairs have no meaning there, so only distances between distributions are told."""
    other = RANDOM.uniform(0.2, 0.7, (12, 4, 4, 1)).astype(np.float32)
    noise = evaluator_of(tmp_path, IMAGES, resampled=other).noise()
    assert set(noise) == {"frechet", "kid"}
    again = evaluator_of(tmp_path, IMAGES, resampled=IMAGES[::-1]).noise()
    assert again["frechet"] == pytest.approx(0.0, abs=1e-6), "the order of samples is none of it"
    assert noise["frechet"] > 0.01


def test_without_data_no_rows_were_given(tmp_path: Path) -> None:
    evaluator = evaluator_of(tmp_path, IMAGES)
    assert (evaluator.samples, evaluator.given) == (16, None)
    (tmp_path / "result.json").write_text("5")
    assert evaluator.given == 5


@pytest.mark.parametrize(("high", "told"), [(0.52, True), (0.73, True), (0.75, False)])
def test_own_samples_that_cover_a_sliver_of_the_range_are_remarked(
    tmp_path: Path, high: float, told: bool
) -> None:
    image = np.linspace(0.49, high, 32 * 16, dtype=np.float32).reshape(32, 4, 4, 1)
    evaluator = evaluator_of(tmp_path, image)
    said = (
        f"the net's own samples span 0.49…{high:g} of 0…1, so what is calibrated may clip real "
        "images; give --data"
    )
    request = Request.of("net", targets="linux-litert", output="out")
    assert list(weaknesses(request, evaluator, [])) == [said] * told
    given = Request.of("net", targets="linux-litert", output="out", data="photos")
    assert list(weaknesses(given, evaluator, [])) == []


def test_a_range_that_the_user_stated_is_no_sliver(tmp_path: Path) -> None:
    """Such as that of a depth: what is drawn spans what the domain says, and no more is known."""
    evaluator = evaluator_of(tmp_path, np.full((8, 4, 4, 1), 0.5, np.float32))
    assert list(evaluator.slivers())
    (picture,) = evaluator.model.signatures["encode"].inputs
    stated = msgspec.structs.replace(picture, domain=(parse_domain("uniform:0.4..0.6"),))
    encode = Signature("encoder", (stated,), ())
    evaluator.model = evaluator.model.replace(signatures={"encode": encode})
    assert list(evaluator.slivers()) == []
