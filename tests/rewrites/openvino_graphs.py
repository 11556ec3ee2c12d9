"""What the tests of rewrites of OpenVINO graphs share: random nets, and before against after."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import numpy as np
import openvino

from edgekit import plugin
from edgekit.engines._rewriting import Applied, until_none_matches
from edgekit.engines.openvino.passes.rewrite import everywhere
from edgekit.model import Model, Signature, Tensor

EXACT = {"INFERENCE_PRECISION_HINT": "f32"}


def random(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def computed(graph: Any, values: Any) -> Any:
    net = openvino.Core().compile_model(graph, "CPU", EXACT)
    return np.array(net(values)["y"])


def model(result: Any, image: Any) -> Any:
    result.output(0).set_names({"y"})
    return openvino.Model([result], [image])


def check(graph: Any, *names: str) -> list[Applied]:
    """Rewrite a graph, and compare with what it gave before; tells what was applied."""
    values = random(*graph.input(0).shape)
    before = computed(graph, values)
    modules = {name: plugin.load("engines.openvino.rewrites", name) for name in names}
    applied = until_none_matches(modules, partial(everywhere, graph))
    after = computed(graph, values)
    assert after.shape == before.shape
    # The same products in another order: rounding relative to the largest of the sums.
    assert np.abs(after - before).max() <= 1e-5 * max(1.0, np.abs(before).max())
    return applied


def kinds(graph: Any) -> Counter[str]:
    return Counter(op.get_type_name() for op in graph.get_ordered_ops())


def precisions(graph: Any) -> list[str]:
    """What the convolutions of a net compute in."""
    net = openvino.Core().compile_model(graph, "CPU", EXACT)
    notes = [op.get_rt_info() for op in net.get_runtime_model().get_ordered_ops()]
    layers = [note for note in notes if note["layerType"].astype(str) == "Convolution"]
    return [str(note["runtimePrecision"].astype(str)) for note in layers]


def describe(image: tuple[int, ...], result: tuple[int, ...], name: str = "image") -> Model:
    """A model of one net, from pictures or sequences to such."""
    signature = Signature(
        part="net",
        inputs=(Tensor(name=name, shape=image),),
        outputs=(Tensor(name="y", shape=result),),
    )
    return Model(kind="openvino-ir", family="image-to-image", signatures={"net": signature},
                 files={"net": "net.xml"})  # fmt: skip
