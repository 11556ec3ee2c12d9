"""Artifacts and signatures of a bundle, many to many."""

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from edgekit import runtime
from edgekit.bundle.manifest import (
    Artifact,
    Entry,
    Manifest,
    artifact_of,
    describe_files,
    write_manifest,
)
from edgekit.bundle.reading import read_manifest
from edgekit.device import Device
from edgekit.engines.litert import runtime as litert
from edgekit.engines.openvino import runtime as openvino
from edgekit.errors import EngineError, MissingDependency
from edgekit.model import Model, Signature, Tensor
from edgekit.runtime.artifacts import usable
from edgekit.runtime.runner import EngineRunner
from tests.tiny import generator_bundle, litert_bundle


def changed(folder: Path, **changes: Any) -> Manifest:
    """The bundle with another manifest."""
    manifest = msgspec.structs.replace(read_manifest(folder), **changes)
    write_manifest(folder, manifest)
    return manifest


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """A bundle with one net for two engines; LiteRT's is the first."""
    folder = litert_bundle(tmp_path / "bundle")
    (other,) = read_manifest(generator_bundle(tmp_path / "other")).artifacts
    for file in ("generate.xml", "generate.bin"):
        (folder / file).write_bytes((tmp_path / "other" / file).read_bytes())
    artifacts = (*read_manifest(folder).artifacts, other)
    changed(folder, artifacts=artifacts, files=describe_files(folder))
    return folder


def test_the_first_artifact_that_can_run_is_taken(
    both: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise MissingDependency("LiteRT is not installed")

    manifest = read_manifest(both)
    assert usable(manifest).engine == "litert"
    monkeypatch.setattr(litert, "check_installed", missing)
    assert usable(manifest).engine == "openvino"
    monkeypatch.setattr(openvino, "check_installed", missing)
    with pytest.raises(MissingDependency, match="LiteRT"):  # what the first needs
        runtime.load(both)


def test_a_device_that_the_engine_does_not_have(tmp_path: Path) -> None:
    folder = litert_bundle(tmp_path / "bundle")
    (artifact,) = read_manifest(folder).artifacts
    changed(folder, artifacts=(msgspec.structs.replace(artifact, device=Device(kind="tpu")),))
    with pytest.raises(EngineError, match="'litert' has no device 'tpu'; it runs on: cpu"):
        runtime.load(folder)


@pytest.mark.parametrize(("make", "engine"), [(litert_bundle, "LiteRT"), (generator_bundle, "")])
def test_options_that_the_engine_does_not_have(tmp_path: Path, make: Any, engine: str) -> None:
    folder = make(tmp_path / "bundle")
    (artifact,) = read_manifest(folder).artifacts
    device = Device(options={"TURBO": "YES"})
    changed(folder, artifacts=(msgspec.structs.replace(artifact, device=device),))
    with pytest.raises(EngineError, match=f"{engine}.*TURBO"):
        runtime.load(folder)


def test_options_of_a_device_are_the_engines_own(tmp_path: Path) -> None:
    folder = generator_bundle(tmp_path / "bundle")
    (artifact,) = read_manifest(folder).artifacts
    device = Device(options={"INFERENCE_PRECISION_HINT": "bf16"})
    plain = runtime.load(folder).generate(4, seed=1)
    changed(folder, artifacts=(msgspec.structs.replace(artifact, device=device),))
    coarse = runtime.load(folder).generate(4, seed=1)
    # bfloat16 has 8 bits, where the processor has it at all.
    np.testing.assert_allclose(coarse, plain, atol=2**-6)


def test_an_engine_older_than_what_is_known_to_run_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: Any) -> None:
        raise EngineError("LiteRT cannot load 'generate.tflite': op version 9")

    folder = litert_bundle(tmp_path / "bundle")
    (artifact,) = read_manifest(folder).artifacts
    monkeypatch.setattr(litert, "load", load)
    for proven, advice in (
        ("99.2", "known to run with ai-edge-litert 99.2, here is"),
        ("0.1", "9$"),
    ):
        told = msgspec.structs.replace(artifact, proven={"ai-edge-litert": proven})
        changed(folder, artifacts=(told,))
        with pytest.raises(EngineError, match=advice):
            runtime.load(folder)


def two_signatures(path: Path) -> None:
    """A .tflite file with `plus_two` and `plus_three` of the same weights."""
    import tensorflow as tf

    class Net(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            self.weights = tf.Variable(np.ones((64, 64), np.float32))

        @tf.function(input_signature=[tf.TensorSpec([1, 64], tf.float32)])  # type: ignore[untyped-decorator]
        def plus_two(self, x: Any) -> Any:
            return {"sample": x @ self.weights + 2.0}

        @tf.function(input_signature=[tf.TensorSpec([1, 64], tf.float32)])  # type: ignore[untyped-decorator]
        def plus_three(self, x: Any) -> Any:
            return {"sample": x @ self.weights + 3.0}

    net, folder = Net(), str(path.parent / "saved")
    tf.saved_model.save(net, folder, {"plus_two": net.plus_two, "plus_three": net.plus_three})
    converter = tf.lite.TFLiteConverter.from_saved_model(
        folder, signature_keys=["plus_two", "plus_three"]
    )
    path.write_bytes(converter.convert())


def test_signatures_that_share_a_file(tmp_path: Path) -> None:
    """Its weights are stored once."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    two_signatures(tmp_path / "net.tflite")
    (folder / "net.tflite").write_bytes((tmp_path / "net.tflite").read_bytes())
    assert (folder / "net.tflite").stat().st_size < 1.5 * 4 * 64 * 64
    sizes = Signature(part="net", inputs=(Tensor(name="x", shape=(1, 64)),),
                      outputs=(Tensor(name="sample", shape=(1, 64)),))  # fmt: skip
    names = ("translate-1", "translate-2")
    model = Model(kind="tflite", family="image-to-image", signatures=dict.fromkeys(names, sizes),
                  files=dict.fromkeys(names, "net.tflite"),
                  entries=dict(zip(names, ("plus_two", "plus_three"), strict=True)))  # fmt: skip
    rows = np.linspace(0, 1, 128, dtype=np.float32).reshape(2, 64)
    runner = EngineRunner(folder, model, "litert", Device())
    for name, added in zip(names, (2, 3), strict=True):
        made = runner.run(name, {"x": rows})["sample"]
        wanted = rows.sum(1, keepdims=True) + added * np.ones((1, 64), np.float32)
        np.testing.assert_allclose(made, wanted, rtol=1e-5)  # the order of sums
    lost = model.replace(entries={names[0]: "plus_four"})
    told = EngineRunner(folder, lost, "litert", Device())
    with pytest.raises(
        EngineError, match="has no signature 'plus_four'; it has: plus_three, plus_two"
    ):
        told.load(names[0])
    with pytest.raises(EngineError, match="holds several signatures"):
        told.load(names[1])


def test_an_openvino_file_holds_one_graph(tmp_path: Path) -> None:
    folder = generator_bundle(tmp_path / "bundle")
    artifact: Artifact = read_manifest(folder).artifacts[0]
    named = msgspec.structs.replace(
        artifact, signatures={"generate": Entry(file="generate.xml", name="second")}
    )
    changed(folder, artifacts=(named,))
    assert json.loads((folder / "manifest.json").read_text())["format"] == 2
    with pytest.raises(EngineError, match="holds one graph, and no signature 'second'"):
        runtime.load(folder)


def test_an_artifact_of_a_model_in_hand(tmp_path: Path) -> None:
    folder = litert_bundle(tmp_path / "bundle")
    manifest = read_manifest(folder)
    model = manifest.model(manifest.artifacts[0])
    assert artifact_of(model, "litert", Device(), {}) == manifest.artifacts[0]
    named = artifact_of(model.replace(entries={"generate": "main"}), "litert", Device(), {})
    assert named.signatures["generate"] == Entry(file="generate.tflite", name="main")
    assert manifest.model(named).entries == {"generate": "main"}
