"""Exact rewrites of a LiteRT graph into forms that its engine runs faster.

One rewrite may open another, so all are tried in turn until none matches. What was done is noted
in the file itself, where `edgekit inspect` finds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

import msgspec

from edgekit import plugin
from edgekit.errors import PassError
from edgekit.litert_edit import Editor
from edgekit.litert_file import REWRITES, read_note
from edgekit.model import Model
from edgekit.passes._context import Context, artifact, with_files
from edgekit.typed import Typed

TAKES, GIVES = "litert", "litert"
NEEDS = ("ai_edge_litert",)
ROUNDS = 50  # a bound, should rewrites undo each other


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


class Applied(Typed, frozen=True):
    """How often a rewrite was applied, and the ops, by kind, that went and came."""

    rewrite: str
    count: int
    before: dict[str, int]
    after: dict[str, int]


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Apply each rewrite wherever it matches; a graph without a match is copied as it is."""
    rewrites = {name: plugin.load("rewrites", name) for name in options.rewrites}
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
    """Change the graph until no rewrite matches; tells what was done, in order.

    Raises:
        PassError: there is no end, because some rewrites undo each other, or one itself.
    """
    done: dict[str, Applied] = {}
    for _ in range(ROUNDS):
        found = [applied for applied in each(graph, rewrites) if applied.count]
        if not found:
            return list(done.values())
        for applied in found:
            earlier = done.get(applied.rewrite)
            done[applied.rewrite] = together(earlier, applied) if earlier else applied
    names = ", ".join(applied.rewrite for applied in found)
    raise PassError(f"rewrite-litert: no end after {ROUNDS} rounds of {names}")


def each(graph: Editor, rewrites: Mapping[str, ModuleType]) -> Iterator[Applied]:
    """Apply every rewrite in turn, wherever it matches."""
    for name, module in rewrites.items():
        before = list(graph.graph.operators)
        count = everywhere(graph, module)
        went, came = difference(graph, before, graph.graph.operators)
        yield Applied(rewrite=name, count=count, before=went, after=came)


def together(first: Applied, second: Applied) -> Applied:
    """What two rounds of a rewrite did."""
    return Applied(
        rewrite=first.rewrite,
        count=first.count + second.count,
        before=dict(Counter(first.before) + Counter(second.before)),
        after=dict(Counter(first.after) + Counter(second.after)),
    )


def everywhere(graph: Editor, module: ModuleType) -> int:
    """Apply one rewrite to every op that matches; tells how many did."""
    count = 0
    for op in graph.ops():
        if module.match(graph, op):
            module.apply(graph, op)
            graph.drop_dead()
            count += 1
    return count


def difference(
    graph: Editor, before: Iterable[Any], after: Iterable[Any]
) -> tuple[dict[str, int], dict[str, int]]:
    """The ops that went and that came, by kind."""
    old, new = ({id(op): op for op in ops} for ops in (before, after))
    went = Counter(graph.kind(op) for key, op in old.items() if key not in new)
    came = Counter(graph.kind(op) for key, op in new.items() if key not in old)
    return dict(went), dict(came)
