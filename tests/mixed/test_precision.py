"""Per-layer precisions of both engines: names hit the layer they name, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from edgekit import plugin
from edgekit.device import Device
from edgekit.engines.litert import precision as litert
from edgekit.engines.litert.file import LAYERS, read_graph
from edgekit.errors import PassError
from edgekit.mixed import sensitivity
from edgekit.mixed.sensitivity import FLOAT, apply, costs
from edgekit.model import Model, Signature, Tensor
from edgekit.plan import recipe
from edgekit.plan.steps import checked, step_of
from tests.rewrites.graphs import keras, lowered

ENGINES = plugin.names("engines")


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_has_a_search_and_the_recipe_names_its_precisions(engine: str) -> None:
    module = plugin.part(engine, "precision")
    assert module.passes({}) == []
    for precision in module.PRECISIONS:
        for step in module.passes({"a/layer": precision}):
            checked(step, engine)  # a pass with options that exist
    mixed = recipe.load("mixed").mixed
    assert mixed is not None
    assert mixed.precisions(engine)
    assert set(mixed.precisions(engine)) <= set(module.PRECISIONS)
    assert FLOAT not in module.PRECISIONS


def test_a_name_that_begins_like_another_is_told_apart() -> None:
    (step,) = litert.passes({"gen/up;conv": "w8"})
    (rule,) = step["rules"]
    assert re.search(rule["layers"], "gen/up;conv;")  # as litert-quantizer asks
    assert not re.search(rule["layers"], "gen/up;conv_2;")
    assert not re.search(rule["layers"], "my_gen/up;conv;")


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with a dense layer between two convolutions, and draws to run it on."""
    folder = tmp_path_factory.mktemp("net")
    keras.utils.set_random_seed(5)
    net = keras.Sequential(
        [
            keras.Input((8, 8, 4), batch_size=1, name="z"),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Conv2D(4, 3, padding="same"),
        ]
    )
    path = lowered(net, folder)
    Model(
        kind="tflite",
        family="latent",
        signatures={
            "generate": Signature(
                part="generator",
                inputs=(Tensor("z", (1, 8, 8, 4), role="latent"),),
                outputs=(Tensor("sample", (1, 8, 8, 4)),),
            )
        },
        files={"generate": path.name},
    ).save(folder)
    z = np.random.default_rng(0).standard_normal((8, 8, 8, 4)).astype(np.float32)
    np.savez(folder / "draws.npz", z=z)
    np.savez(folder / "calibration.npz", **{"generate/z": z})
    return folder


def test_layers_are_those_with_weights(net: Path) -> None:
    sizes = litert.layers(net / "net.tflite")
    assert list(sizes.values()) == [9 * 4 * 32, 32 * 32, 9 * 32 * 4]


def test_one_layer_is_measured_and_the_others_stay_float(
    net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensitivity, "interleaved", None)  # it is timed in another process
    first, *_ = litert.layers(net / "net.tflite")
    base = apply([step_of("compact", "litert")], net, tmp_path / "base", net / "calibration.npz")
    tried = ["w8", "w8a8", "w4b32"]
    group = costs(tmp_path, net, base, "litert", [first], tried, net, 8, Device())
    assert set(group.costs) == {FLOAT, "w8", "w8a8"}
    assert "w4b32" in group.failures[0]  # it is for dense layers
    assert group.costs[FLOAT].noise == 0
    assert 0 < group.costs["w8"].noise < group.costs["w8a8"].noise < 0.01
    # Three bytes of four of its weights; a scale and a zero point for each channel come on top.
    saved = 3 * 9 * 4 * 32
    assert -saved < group.costs["w8"].size < -0.75 * saved


def test_layers_are_calibrated_as_candidates_are(
    net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = []

    def seen(
        folder: Path, name: str, engine: str, options: dict[str, object], *rest: object
    ) -> None:
        rows.append(options.get("rows"))
        raise PassError("seen")

    monkeypatch.setattr(sensitivity, "run_pass", seen)
    costs(tmp_path, net, net, "litert", ["a"], ["16x8", "w8"], net, 4, Device())
    assert rows == [4, None]


def test_an_assignment_changes_what_it_names(net: Path, tmp_path: Path) -> None:
    first, second, _ = litert.layers(net / "net.tflite")
    steps = litert.passes({first: "w8", second: "w4b32"})
    folder = apply(
        [checked(step, "litert") for step in steps], net, tmp_path / "made", net / "calibration.npz"
    )
    graph = read_graph(folder / "generate.tflite")
    stored = [
        graph.tensors[op.inputs[1]].dtype
        for op in graph.ops
        if op.name in LAYERS and graph.tensors[op.inputs[1]].bytes
    ]
    assert sorted(stored) == ["FLOAT32", "INT4"]  # w8 is stored small, and made float first
