"""What the original is run on and what is kept of it; what of the user's data is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.data import npz
from edgekit.errors import InputError
from edgekit.model import DRAW
from edgekit.original.reference import nudged, reference, rows_used, split
from edgekit.sources import Trust
from tests.original.nets import autoencoder, describe_net, encoder
from tests.reference import plugged
from tests.reference.net import generator

COUNTS = st.integers(1, 60)


@given(total=st.integers(1, 300), samples=COUNTS, calibration=COUNTS)
def test_rows_further_on_make_no_difference(total: int, samples: int, calibration: int) -> None:
    """As if all of them had been read."""
    rows = np.arange(total)
    taken = []
    for some in (rows, rows[: rows_used(samples, calibration)]):
        first, last = split({"z": some}, samples)
        assert first and last
        taken.append((first["z"][:samples].tolist(), last["z"][:calibration].tolist()))
    assert taken[0] == taken[1]


def test_floats_are_nudged_by_one_ulp_and_whole_numbers_keep_their_class() -> None:
    floats = np.array([0, 3, -3, 0.7], np.float32)
    found = nudged({"z": floats, "label": np.arange(3), "mask": np.array([True, False])})
    assert found["z"].dtype == np.float32
    assert np.array_equal(np.abs(found["z"] - floats), np.spacing(np.abs(floats)) * [0, 1, 1, 1])
    assert np.array_equal(found["z"].astype(int), floats.astype(int))
    assert np.array_equal(found["label"], np.arange(3))
    assert found["mask"].tolist() == [True, False]


@pytest.fixture(scope="module", autouse=True)
def reference_source() -> Iterator[None]:
    with plugged():
        yield


class Recorded:
    """The arrays that a run of a described net wrote, by the file and its own name."""

    def __init__(self, described: Path, output: Path, data: Path | None = None, seed: int = 0):
        output.mkdir()
        given = str(data) if data else None
        self.given = reference(output, described, given, 12, 5, seed, Trust())
        self._output = output

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        return npz.read(self._output / f"{name}.npz")


@pytest.fixture
def generating(tmp_path: Path) -> Path:
    """A described generator, whose file of the user's is gone."""
    describe_net(generator(), tmp_path)
    (tmp_path / "mine.net").unlink()
    return tmp_path / "described"


def test_outputs_are_what_the_net_makes_of_the_draws(generating: Path, tmp_path: Path) -> None:
    run, net = Recorded(generating, tmp_path / "run"), generator()
    z = run["draws"]["z"]
    assert z.shape == (12, 8)
    assert np.allclose(run["outputs"]["generate"], net([z]), atol=1e-6)
    further = z + np.copysign(np.spacing(np.abs(z)), z)
    assert np.allclose(run["nudged"]["generate"], net([further]), atol=1e-6)
    assert not np.array_equal(run["nudged"]["generate"], run["outputs"]["generate"])
    assert run.given is None


def test_three_sets_of_draws_have_no_row_in_common(generating: Path, tmp_path: Path) -> None:
    """Else what calibrates would be what is compared, and the noise of a distance nothing."""
    run = Recorded(generating, tmp_path / "run")
    drawn, calibrating = run["draws"]["z"], run["calibration"]["generate/z"]
    assert calibrating.shape == (5, 8)
    assert run["calibration"][f"generate/{DRAW}"].tolist() == [*range(5)]
    assert not {row.tobytes() for row in drawn} & {row.tobytes() for row in calibrating}
    again, first = run["resampled"]["generate"], run["outputs"]["generate"]
    assert again.shape == first.shape
    assert not {row.tobytes() for row in again} & {row.tobytes() for row in first}


def test_a_seed_gives_the_same_numbers_again(generating: Path, tmp_path: Path) -> None:
    runs = [
        Recorded(generating, tmp_path / f"run{k}", seed=seed) for k, seed in enumerate((1, 1, 2))
    ]
    one, same, other = [run["calibration"]["generate/z"] for run in runs]
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_what_a_decoder_is_calibrated_on_is_what_its_loop_gives_it(tmp_path: Path) -> None:
    """Latents of the prior, and codes: those of the images that the encoder is calibrated on."""
    describe_net(autoencoder(tmp_path), tmp_path)
    run = Recorded(tmp_path / "described", tmp_path / "run")
    seen = run["calibration"]
    assert seen["encode/image"].shape == (5 + 5, 8, 8, 1), "alone, and in the round trip"
    codes = encoder()([seen["encode/image"][:5]])
    assert np.allclose(seen["decode/z"][5:], codes, atol=1e-6)
    assert seen[f"decode/{DRAW}"].tolist() == 2 * [*range(5)]
    decoded = generator(latent=4)([encoder()([run["draws"]["image"]])])
    assert np.allclose(run["outputs"]["reconstruct"], decoded, atol=1e-6)


def test_the_first_rows_of_data_are_compared_and_others_calibrate(
    generating: Path, tmp_path: Path
) -> None:
    z = np.random.default_rng(0).standard_normal((40, 8)).astype(np.float32)
    npz.write(tmp_path / "data.npz", {"z": z})
    run = Recorded(generating, tmp_path / "run", tmp_path / "data.npz")
    assert np.array_equal(run["draws"]["z"], z[:12])
    assert np.array_equal(run["calibration"]["generate/z"], z[12:17])
    assert run.given == 40


def test_data_that_the_net_does_not_take(generating: Path, tmp_path: Path) -> None:
    npz.write(tmp_path / "data.npz", {"z": np.zeros((40, 9), np.float32)})
    with pytest.raises(InputError, match=r"data for input 'z' is \(\d+, 9\), expected \('N', 8\)"):
        Recorded(generating, tmp_path / "run", tmp_path / "data.npz")
