"""Exact rewrites of a float LiteRT graph into forms that its engine runs faster."""

from __future__ import annotations

from edgekit import plugin
from edgekit.litert_edit import Editor
from edgekit.model import Model
from edgekit.passes._context import Context, artifact, with_files
from edgekit.typed import Typed

TAKES, GIVES = "litert", "litert"
NEEDS = ("ai_edge_litert",)


class Options(Typed, frozen=True):
    """The rewrites to try, in order, by the names of their files."""

    rewrites: tuple[str, ...] = (
        "transposed-conv-to-dense",
        "transposed-conv",
        "nearest-upsampling",
    )


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Apply each rewrite wherever it matches; a graph without a match is copied as it is."""
    for name in model.signatures:
        source = ctx.source / model.files[name]
        graph = Editor(source)
        count = 0
        for rewrite in options.rewrites:
            module = plugin.load("rewrites", rewrite)
            for op in graph.ops():
                if module.match(graph, op):
                    module.apply(graph, op)
                    count += 1
        target = artifact(ctx, name, ".tflite")
        if count:
            graph.save(target)
        else:
            target.write_bytes(source.read_bytes())
    return with_files(model, GIVES, ".tflite")
