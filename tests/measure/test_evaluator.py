"""What the original's own inputs and outputs tell of themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.data import npz
from edgekit.families.autoencoder import Family
from edgekit.jobs.convert import weaknesses
from edgekit.measure.evaluator import Evaluator
from edgekit.model import Model, Signature, Tensor
from edgekit.plan.request import Request


def evaluator_of(folder: Path, image: np.ndarray) -> Evaluator:
    picture = Tensor("image", (None, 4, 4, 1), "float32", "sample", (0.0, 1.0))
    code = Tensor("z", (None, 2), "float32", "latent")
    signatures = {
        "encode": Signature("encoder", (picture,), (code,)),
        "decode": Signature("decoder", (code,), (picture,)),
    }
    z = np.zeros((len(image), 2), np.float32)
    npz.write(folder / "draws.npz", {"z": z, "image": image})
    npz.write(folder / "outputs.npz", {"encode": z, "decode": image, "reconstruct": image})
    model = Model("original", "autoencoder", signatures, {})
    return Evaluator(Family, model, folder, None)


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
