"""Search spaces: every choice is a sound recipe, and those of `auto` are among them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edgekit import plugin
from edgekit.candidates import variants
from edgekit.candidates.results import Result
from edgekit.candidates.variants import Made
from edgekit.engines._space import Pick
from edgekit.engines.litert import space as litert
from edgekit.model import Model
from edgekit.plan.request import Request
from edgekit.plan.steps import Step, chain, compacted, with_rows
from tests.plan.plans import planned

ENGINES = {"litert": "linux-litert", "openvino": "linux-openvino"}


def test_every_space_is_tested() -> None:
    assert plugin.names("engines") == sorted(ENGINES)


def steps(engine: str, method: str, pick: Any) -> tuple[Step, ...]:
    passes = plugin.part(engine, "space").passes(method, pick)
    return compacted(chain(passes, engine, "tune"), engine)


def picking(options: Mapping[str, Any]) -> Pick:
    """Picks the given options, which must be among the choices."""

    def pick(name: str, choices: tuple[Any, ...]) -> Any:
        assert options[name] in choices or name == "left_out"  # which depends on the net
        return options[name]

    return pick


@pytest.mark.parametrize("engine", ENGINES)
def test_the_candidates_of_auto_can_be_picked(engine: str) -> None:
    """So a search that tries them first is never worse than `convert` by itself."""
    name = ENGINES[engine]
    seeds = plugin.part(engine, "space").SEEDS
    candidates = planned(name, ["auto"]).candidates
    assert {candidate.name for candidate in candidates} == set(seeds)
    for candidate in candidates:
        options = seeds[candidate.name]
        made = steps(engine, options["method"], picking(options))
        wanted = tuple(with_rows(step, calibration()) for step in candidate.steps)
        assert made == wanted, candidate.name


def calibration() -> int:
    """How many rows `convert` calibrates with."""
    fields = {field.name: field.default for field in msgspec.structs.fields(Request)}
    return int(fields["calibration"])


@pytest.mark.parametrize("engine", ENGINES)
def test_whatever_is_picked_is_a_recipe(engine: str) -> None:
    chance = random.Random(0)

    def pick(name: str, choices: tuple[Any, ...]) -> Any:
        return chance.choice(choices)

    for method in plugin.part(engine, "space").METHODS:
        for _ in range(40):
            made = steps(engine, method, pick)
            assert all(step.rows for step in made if step.calibrates)
            assert made[-1].name == "compact"


@pytest.mark.parametrize(
    ("engine", "applied"),
    [
        ("litert", ["transposed-conv", "idle-movement"]),
        ("openvino", ["nearest-upsampling", "upsampled-convolution", "transposed-conv"]),
        ("openvino", ["nearest-upsampling", "transposed-conv"]),
    ],
)
def test_the_variants_of_auto_can_be_picked(
    engine: str, applied: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that `convert` tries, of every candidate that it may choose."""
    monkeypatch.setattr(variants, "rewritten_by", lambda made: applied)
    kind = next(iter(plugin.part(engine, "runtime").FORMATS))
    Model(kind=kind, family="latent", signatures={}, files={"a": "a"}).save(tmp_path)
    (tmp_path / "a").write_bytes(bytes(10))
    monkeypatch.setattr(litert, "dense_tables", lambda file: 10)
    space = plugin.part(engine, "space")
    dense = tuple(litert.DENSE)
    choices = {"left_out": ("none", *applied), "dense": dense}
    name = ENGINES[engine]
    for candidate in planned(name, ["auto"]).candidates:
        made = Made(engine=engine, artifact=tmp_path, trial=tmp_path, steps=candidate.steps)
        wanted = {
            one.name: tuple(with_rows(step, calibration()) for step in one.steps)
            for one in variants.variants(Result(name=candidate.name, recipe=""), made)
        }
        found = space.variants(space.SEEDS[candidate.name], choices)
        assert wanted == {
            f"{candidate.name} {what}": steps(engine, options["method"], picking(options))
            for what, options in found.items()
        }


@pytest.mark.parametrize(("inputs", "groups"), [(96, None), (100, (64, -1))])
def test_groups_that_no_dense_layer_has_are_not_offered(
    tmp_path: Path, inputs: int, groups: tuple[int, ...] | None
) -> None:
    import numpy as np
    import openvino
    from openvino import opset13 as op

    z = op.parameter([1, inputs], np.float32)
    weights = op.constant(np.ones((inputs, 32), np.float32))
    product = op.matmul(z, weights, transpose_a=False, transpose_b=False)
    openvino.save_model(openvino.Model([product], [z]), str(tmp_path / "net.xml"))
    assert plugin.part("openvino", "space").narrowed([tmp_path]).get("group_size") == groups
