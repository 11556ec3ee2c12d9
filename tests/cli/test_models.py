"""Models that cannot be used are told apart, each with what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

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
# These are seen only once TensorFlow has loaded the net; the first few stand for the others.
UNFIT = {
    "nan.keras": "weight 'dense.*/kernel' holds 1 NaN or infinite values of 1024; train again",
    "logarithm.keras": "output 'sample' .*holds NaN or infinite values; check the model",
    "gain.keras": r"uses 'Gain', which is not part of Keras; .*--custom-objects package.module",
    "classifier.keras": "fits no family .*it looks like (a classifier|an encoder alone)",
    "subclassed.keras --custom-objects gains": r"has no input shapes \(Bare\); save a functional",
    "signal.keras": r"has free dimensions; give --input-size \(for example 128x128, or 16000",
    "stripped.keras": r"cannot be loaded: .*model.weights.h5",
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


@pytest.mark.parametrize(
    "name",
    [name if k < 6 else pytest.param(name, marks=pytest.mark.slow) for k, name in enumerate(UNFIT)],
)
def test_refused_after_loading(refusals: dict[str, Future[str]], name: str) -> None:
    error = refusals[name].result()
    assert re.search(UNFIT[name], error), error


@pytest.fixture(scope="module")
def refusals(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, nets: Path
) -> Iterator[dict[str, Future[str]]]:
    """The errors of all nets that are tested, two conversions at a time."""

    def refuse(args: str) -> str:
        home = tmp_path_factory.mktemp("unfit")
        shell = Shell(home, home.with_name(home.name + "-cache"), nets)
        (home / "gains.py").write_text((Path(__file__).parent / "gains.py").read_text())
        name, *more = args.split()
        return shell.refuse(*shell.conversion(name, *more))

    asked = [item for item in request.session.items if item.parent is request.node]
    names = [item.callspec.params["name"] for item in asked if "refusals" in item.fixturenames]  # type: ignore[attr-defined]
    with ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(refuse, name) for name in names}
