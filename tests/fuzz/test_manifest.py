"""Manifests that contradict themselves or their artifact: shown, loaded, run and validated."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit import runtime
from edgekit.bundle.manifest import GOLDEN, describe_files, write_manifest
from edgekit.bundle.reading import read_manifest
from edgekit.data import npz
from edgekit.families._base import Family
from edgekit.jobs import validate
from edgekit.jobs.inspect import bundle_facts
from edgekit.measure.latency import Latency
from tests.tiny import conditional_bundle, generator_bundle, litert_bundle, upscaler_bundle

from .harness import EXAMPLES, fuzz
from .mutate import written

AT_ONCE = Latency(seconds=1.0, ratio=1.0, ratio_low=1.0, ratio_high=1.0, noise=0.0, runs=1)


def with_golden(folder: Path) -> Path:
    """A bundle with golden samples: what it makes itself."""
    manifest = read_manifest(folder)
    net = runtime.load(folder)
    draws = net.draw(2, seed=0)
    groups = {"draws": draws, "original": net.trial(draws), "artifact": net.trial(draws)}
    npz.write(folder / "golden.npz", {f"{g}/{n}": rows for g, named in groups.items()
                                for n, rows in named.items()})  # fmt: skip
    fields = {name: getattr(manifest, name) for name in manifest.__struct_fields__}
    fields |= {"files": describe_files(folder), "gates": {"psnr": ">=30"}}
    fields |= {"assets": {GOLDEN: "golden.npz"}}
    fields |= {"measured": {"scores": {"psnr": 99.0}, "latency": {"ratio": 1.0}}}
    write_manifest(folder, type(manifest)(**fields))
    return folder


def use(net: Family) -> None:
    """What a program does with a net."""
    if net.model.family == "image-to-image":
        net.transform(np.zeros((1, 16, 16, 3), np.float32))
    else:
        net.generate(3, seed=1)
        if any(tensor.domain for tensor in net.model.signatures["generate"].inputs):
            net.generate(2, label=0)


@EXAMPLES
@pytest.mark.parametrize(
    "make", [generator_bundle, conditional_bundle, upscaler_bundle, litert_bundle]
)
def test_manifests_beside_their_artifacts(
    examples: int,
    make: Callable[[Path], Path],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With threads and time as they are, each would take a second."""
    monkeypatch.setattr(validate, "interleaved", lambda calls, seconds: [AT_ONCE] * len(calls))
    folder = with_golden(make(place / "bundle"))
    manifest = folder / "manifest.json"

    def read(content: bytes) -> None:
        manifest.write_bytes(content)
        bundle_facts(folder)
        use(runtime.load(folder, threads=1))
        validate.validate(folder, threads=1, seconds=0.0)

    def as_json(tree: Any) -> bytes:
        return json.dumps(tree).encode(errors="surrogatepass")

    whole = json.loads(manifest.read_text())
    read(as_json(whole))  # untouched, it goes all the way
    fuzz("used manifest", written(whole, as_json), read, examples, place)
