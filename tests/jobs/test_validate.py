"""What a bundle is told to do on the machine at hand: against the original, and against itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit import plugin
from edgekit.data import npz
from edgekit.device import Device
from edgekit.errors import BundleError, PassError
from edgekit.jobs.validate import bench, validate
from edgekit.model import Model, Signature, Tensor
from tests.jobs.samples import GENERATE, MADE, Z
from tests.reference import plugged
from tests.reference.net import Net, generator
from tests.tiny import bundled

Array = NDArray[Any]
OFF = np.float32(0.02)  # 1 % of the range -1…1: 40 dB


@pytest.fixture(scope="module", autouse=True)
def reference_engine() -> Iterator[None]:
    with plugged():
        yield


def slow(seconds: float) -> Net:
    """A generator that takes so long a call."""
    net = generator()
    net.design = msgspec.structs.replace(net.design, delay=seconds)
    return net


def bundle(
    folder: Path,
    net: Net | None = None,
    *,
    original: Array = MADE,
    artifact: Array = MADE,
    **told: Any,
) -> Path:
    """A generator's bundle; `original` and `artifact` are what its golden samples say of them."""
    folder.mkdir()
    (net or generator()).save(folder / "generate.refnet")
    golden = {"draws/z": Z, "original/generate": original, "artifact/generate": artifact}
    npz.write(folder / "golden.npz", golden)
    model = Model("refnet", "latent", {"generate": GENERATE}, {"generate": "generate.refnet"})
    return bundled(folder, model, "reference", **{"assets": {"golden": "golden.npz"}} | told)


def coded(given: str, made: str, role: str) -> Signature:
    """From eight values to eight."""
    source = Tensor(name=given, shape=(1, 8), role="latent" if given == "z" else "sample")
    return Signature(
        part="net", inputs=(source,), outputs=(Tensor(name=made, shape=(1, 8), role=role),)
    )


def test_where_all_is_as_it_was(tmp_path: Path) -> None:
    measured = {"scores": {"psnr": 110.0}, "latency": {"seconds": 0.25}}
    gates = {"psnr": ">=30", "frechet": "<=0.1"}
    place = bundle(tmp_path / "b", gates=gates, measured=measured)
    outcome = validate(place, threads=1, seconds=0.0)
    assert (outcome.files, outcome.threads) == (2, 1)
    assert outcome.drift < 1e-6, "the same sums, of one row at a time"
    assert outcome.scores["psnr"] > 110
    assert (outcome.converted, outcome.latency_then) == ({"psnr": 110.0}, 0.25)
    assert (outcome.gates, outcome.missed) == (gates, ())
    assert outcome.unchecked == ("frechet<=0.1: not checked, too few samples",)


def test_drift_is_relative_to_the_range_and_misses_nothing(tmp_path: Path) -> None:
    """The artifact's own golden outputs tell of the machine, the original's of the gates."""
    place = bundle(tmp_path / "b", artifact=MADE + OFF, gates={"psnr": ">=100"})
    outcome = validate(place, threads=1, seconds=0.0)
    assert outcome.drift == pytest.approx(0.01, rel=1e-4)
    assert outcome.missed == ()


@pytest.mark.parametrize(
    ("then", "converted", "missed"),
    [
        (MADE + OFF, 60.0, True),  # good then, as a whole and on these samples: it is the machine
        (MADE, 60.0, False),  # these few samples alone missed it even then
        (MADE, 44.0, True),  # kept although the gate was missed
    ],
)
def test_a_gate_that_is_missed_here(
    then: Array, converted: float, missed: bool, tmp_path: Path
) -> None:
    """Here the artifact is 40 dB off the original."""
    place = bundle(
        tmp_path / "b", original=MADE + OFF, artifact=then, gates={"psnr": ">=45"},
        measured={"scores": {"psnr": converted}},
    )  # fmt: skip
    outcome = validate(place, threads=1, seconds=0.0)
    assert outcome.scores["psnr"] == pytest.approx(40.0, abs=1e-2)
    assert outcome.missed == (("psnr>=45",) if missed else ())


def test_what_overflows_here_is_an_error(tmp_path: Path) -> None:
    net = generator()
    net.biases[0][0] = np.nan
    with pytest.raises(PassError, match=r"b' gives NaN or infinite values on this machine"):
        validate(bundle(tmp_path / "b", net), threads=1, seconds=0.0)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"assets": {}}, "has no golden samples; convert the model again"),
        ({"artifact": MADE[:2]}, r"'artifact/generate' of shape \(2, 8, 8, 1\), the net gives \(3"),
        ({"original": MADE[..., 0]}, r"'original/generate' of shape \(3, 8, 8\), the net gives"),
    ],
)
def test_golden_samples_that_are_not_those_of_the_net(
    told: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match=message):
        validate(bundle(tmp_path / "b", **told), threads=1, seconds=0.0)


def test_every_signature_is_timed_with_every_number_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an autoencoder whose decoder takes its time."""
    engine, asked = plugin.part("reference", "runtime"), list[int]()
    load = engine.load

    def seen(path: Path, signature: Signature, device: Device, entry: str = "") -> Any:
        asked.append(device.threads)
        return load(path, signature, device, entry)

    monkeypatch.setattr(engine, "load", seen)
    place = tmp_path / "pair"
    place.mkdir()
    signatures = {"encode": coded("image", "z", "code"), "decode": coded("z", "image", "sample")}
    for name, seconds in (("encode", 0.0), ("decode", 0.004)):
        net = slow(seconds)
        named = {signatures[name].inputs[0].name: (8,)}
        net.design = msgspec.structs.replace(net.design, inputs=named, output=(8,))
        net.kernels[-1], net.biases[-1] = net.kernels[-1][:, :8], net.biases[-1][:8]
        net.save(place / f"{name}.refnet")
    files = {name: f"{name}.refnet" for name in signatures}
    bundled(place, Model("refnet", "autoencoder", signatures, files), "reference")
    timings = bench(place, [1, 2], seconds=0.01)
    assert [(t.signature, t.threads) for t in timings] == [
        ("encode", 1), ("encode", 2), ("decode", 1), ("decode", 2),
    ]  # fmt: skip
    assert asked == [1, 2, 1, 2]
    assert [t.latency.ratio for t in timings[::2]] == [1.0, 1.0], "to the first count of each"
    assert timings[0].latency.seconds < 0.004 < timings[2].latency.seconds


def test_latency_is_of_a_whole_pass(tmp_path: Path) -> None:
    outcome = validate(bundle(tmp_path / "b", slow(0.004)), threads=1, seconds=0.0)
    assert outcome.latency.seconds > 0.004
    assert outcome.latency.ratio == 1.0
