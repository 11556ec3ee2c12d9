"""Exact rewrites of an OpenVINO graph into forms that its engine runs faster.

What was done is noted in the file itself, where `edgekit inspect` finds it.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable
from functools import partial
from types import ModuleType
from typing import Any

import msgspec

from edgekit import plugin
from edgekit.engines._rewriting import Applied, Change, until_none_matches
from edgekit.engines.openvino.rewrites import NOTE
from edgekit.model import Model
from edgekit.passes._context import Context, artifact, with_files
from edgekit.typed import Typed

TAKES, GIVES = "openvino-ir", "openvino-ir"
NEEDS = ("openvino",)


class Options(Typed, frozen=True):
    """The rewrites to try, in order, by the names of their files."""

    rewrites: tuple[str, ...] = (
        "padded-convolution",
        "nearest-upsampling",
        "single-row",
        "upsampled-convolution",
        "transposed-conv",
    )


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Apply each rewrite wherever it matches; a graph without a match is copied as it is."""
    import openvino

    for name in model.signatures:
        source, target = ctx.source / model.files[name], artifact(ctx, name, ".xml")
        graph = openvino.Core().read_model(str(source))
        if rewrite(graph, options.rewrites):
            openvino.save_model(graph, str(target), compress_to_fp16=False)
        else:
            shutil.copyfile(source, target)
            shutil.copyfile(source.with_suffix(".bin"), target.with_suffix(".bin"))
    return with_files(model, GIVES, ".xml")


def rewrite(graph: Any, names: Iterable[str]) -> list[Applied]:
    """Change the graph until no rewrite matches; tells what was done, and notes it in the graph."""
    rewrites = {name: plugin.load("engines.openvino.rewrites", name) for name in names}
    applied = until_none_matches(rewrites, partial(everywhere, graph))
    if applied:
        place, earlier = list(NOTE), []
        if graph.has_rt_info(place):
            earlier = msgspec.json.decode(graph.get_rt_info(place).astype(str), type=list[Applied])
        graph.set_rt_info(msgspec.json.encode([*earlier, *applied]).decode(), place)
    return applied


def everywhere(graph: Any, module: ModuleType) -> Change:
    """Apply one rewrite to every op that matches; ops that went and came are counted by kind."""
    count, before = 0, kinds(graph)
    for op in graph.get_ordered_ops():
        if module.match(op):
            module.apply(op)
            count += 1
    graph.validate_nodes_and_infer_types()
    return Change(count, dict(before - kinds(graph)), dict(kinds(graph) - before))


def kinds(graph: Any) -> Counter[str]:
    """How many ops of each kind compute something."""
    found = Counter(str(op.get_type_name()) for op in graph.get_ordered_ops())
    return Counter({k: n for k, n in found.items() if k not in ("Constant", "Parameter", "Result")})
