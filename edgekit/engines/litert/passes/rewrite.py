"""Exact rewrites of a LiteRT graph into forms that its engine runs faster.

One rewrite may open another, so all are tried in turn until none matches. What was done is noted
in the file itself, where `edgekit inspect` finds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any

import msgspec

from edgekit import plugin
from edgekit.engines._rewriting import Applied, Change, until_none_matches
from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.file import REWRITES, read_note
from edgekit.model import Model
from edgekit.passes._context import Context, artifact, with_files
from edgekit.typed import Typed

TAKES, GIVES = "tflite", "tflite"
NEEDS = ("ai_edge_litert",)


class Options(Typed, frozen=True):
    """The rewrites to try, in order, by the names of their files.

    The default is what pays or does no harm on LiteRT's CPU engine.
    """

    rewrites: tuple[str, ...] = (
        "scale-folding",
        "normalization",
        "squares",
        "reflection-padding",
        "upsampled-convolution",
        "transposed-conv-to-dense",
        "transposed-conv",
        "nearest-upsampling",
        "pixel-shuffle",
        "depth-to-space",
        "idle-movement",
    )


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Apply each rewrite wherever it matches; a graph without a match is copied as it is."""
    rewrites = {name: plugin.load("engines.litert.rewrites", name) for name in options.rewrites}
    for name in model.signatures:
        source = ctx.source / model.files[name]
        graph = Editor(source)
        applied = rewrite(graph, rewrites)
        target = artifact(ctx, name, ".tflite")
        if applied:
            earlier = msgspec.json.decode(read_note(source, REWRITES) or b"[]", type=list[Applied])
            graph.note(REWRITES, msgspec.json.encode([*earlier, *applied]))
            graph.save(target)
        else:
            target.write_bytes(source.read_bytes())
    return with_files(model, GIVES, ".tflite")


def rewrite(graph: Editor, rewrites: Mapping[str, ModuleType]) -> list[Applied]:
    """Change the graph until no rewrite matches; tells what was done, in order."""
    return until_none_matches(rewrites, partial(everywhere, graph))


def everywhere(graph: Editor, module: ModuleType) -> Change:
    """Apply one rewrite to every op that matches."""
    count, before = 0, list(graph.ops())
    for op in graph.ops():
        if module.match(graph, op):
            module.apply(graph, op)
            graph.drop_dead()
            count += 1
    return Change(count, *difference(graph, before, list(graph.ops())))


def difference(
    graph: Editor, before: Sequence[Any], after: Sequence[Any]
) -> tuple[dict[str, int], dict[str, int]]:
    """The ops that went and that came, by kind."""
    old, new = set(before), set(after)
    went = Counter(graph.kind(op) for op in before if op not in new)
    came = Counter(graph.kind(op) for op in after if op not in old)
    return dict(went), dict(came)
