"""Models that cannot be used are told apart, each with what to do about it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edgekit.errors import InputError
from edgekit.original.describe import Given, described
from edgekit.sources import Trust, check_parts, part_files
from edgekit.work.workspace import Workspace

from .shell import Shell

DAMAGED = {
    "cut.keras": r"is damaged, or not a .keras file \(File is not a zip file\); save or copy",
    "words.keras": "is damaged, or not a .keras file",
    "empty.keras": "is empty, as Keras leaves it when saving fails; save the model again",
    "cut.h5": r"is damaged, or not a .h5 file \(.*truncated file.*\); save or copy it again",
    "words.h5": r"is damaged, or not a .h5 file \(.*file signature not found\)",
    "empty.h5": "is empty, as Keras leaves it when saving fails; save the model again",
    "only.weights.h5": r"holds weights only; load them into the model and model.save\('m.keras'\)",
    "lambda.keras": r"holds code in Lambda layers \(twice\), which is not run; pass --trust if you",
}
# These are seen only once TensorFlow has loaded the net.
UNFIT = {
    "nan.keras": "weight 'dense.*/kernel' holds 1 NaN or infinite values of 1024; train again",
    "logarithm.keras": "output 'sample' .*holds NaN or infinite values; check the model",
    "gain.keras": r"uses 'Gain', which is not part of Keras; .*--custom-objects package.module",
    "classifier.keras": "fits no family .*it looks like (a classifier|an encoder alone)",
    "subclassed.keras --custom-objects gains": r"has no input shapes \(Bare\); save a functional",
    "signal.keras": r"has free dimensions; give --input-size \(for example 128x128, or 16000",
    "stripped.keras": r"is damaged: it holds no model.weights.h5; save or copy it again",
    "infinite.keras": "weight 'dense.*/kernel' holds 1 NaN or infinite values of 1024",
    "constant.keras": "gives the same output for different inputs; was it trained",
    "discriminator.keras": r"fits no family .*a discriminator.*save the generator alone",
    "latent.keras --input-size 8x8": "--input-size does not apply: the net's inputs are fixed",
    "latent.keras --family autoencoder": "does not fit the family autoencoder",
    "gain.keras --custom-objects gians": "--custom-objects gians: ModuleNotFoundError: No module",
    "gain.keras --custom-objects no.gains": "--custom-objects no.gains: ModuleNotFoundError",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_refused_at_once(shell: Shell, name: str) -> None:
    error = shell.refuse(*shell.conversion(name))
    assert error.startswith(f"'{shell.nets / name}' ")
    assert re.search(DAMAGED[name], error), error


def test_inspect_refuses_too(shell: Shell) -> None:
    assert re.search(DAMAGED["cut.keras"], shell.refuse("inspect", shell.nets / "cut.keras"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One for all nets, so that TensorFlow is imported once."""
    return Workspace(tmp_path_factory.mktemp("unfit"))


@pytest.mark.parametrize("case", UNFIT)
@pytest.mark.long
def test_unfit_nets(
    workspace: Workspace, nets: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a conversion refuses them, without the command."""
    monkeypatch.syspath_prepend(Path(__file__).parent)  # where `gains` is
    name, *more = case.split()
    given, trust = Given(), Trust()
    match more:
        case ["--input-size", _]:
            given = Given(sizes=((8, 8),))
        case ["--family", family]:
            given = Given(family=family)
        case ["--custom-objects", module]:
            trust = Trust(custom_objects=(module,))
    with pytest.raises(InputError) as caught:
        check_parts(part_files(nets / name), trust)
        described(workspace, nets / name, given, trust)
    assert re.search(UNFIT[case], str(caught.value)), str(caught.value)
