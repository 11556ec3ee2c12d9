"""Takes out of a .tflite file what no runtime reads: names, notes, and repeated small vectors.

Exact: the ops and every constant stay as they are. Small nets gain most: of a super-resolution
net in int8, a tenth of the file was names and repeated zero points.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.engines.litert.file import indices, parse
from edgekit.engines.litert.pack import packed
from edgekit.model import Model
from edgekit.passes._context import Context, artifact, with_files
from edgekit.typed import Typed

TAKES, GIVES = "tflite", "tflite"
NEEDS = ("ai_edge_litert",)
# What other tools of ours read is kept; the converter's own notes are not.
KEPT = (b"min_runtime_version", b"edgekit.rewrites")


class Options(Typed, frozen=True):
    """None."""


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Compact every signature."""
    for name, file in model.files.items():
        graph = parse(ctx.source / file)
        strip(graph)
        artifact(ctx, name, ".tflite").write_bytes(packed(graph, share=True))
    return with_files(model, GIVES, ".tflite")


def strip(model: Any) -> None:
    """Number inner tensors instead of naming them, and drop recorded ranges and metadata."""
    for graph in model.subgraphs:
        ends = {int(i) for side in (graph.inputs, graph.outputs) for i in indices(side)}
        for index, tensor in enumerate(graph.tensors):
            if index not in ends:
                tensor.name = str(index).encode()  # other tools want some name
            if np.array_equal(indices(tensor.shapeSignature), indices(tensor.shape)):
                tensor.shapeSignature = None  # says nothing more; in loops it may
            parameters = tensor.quantization
            if parameters is not None:
                parameters.min = parameters.max = None
                if not len(indices(parameters.scale)) and not parameters.details:
                    tensor.quantization = None
    dropped = [entry for entry in model.metadata or [] if entry.name not in KEPT]
    for entry in dropped:
        model.buffers[entry.buffer].data = None
    model.metadata = [entry for entry in model.metadata or [] if entry.name in KEPT]
    model.description = None
    drop_unread_buffers(model)


def drop_unread_buffers(model: Any) -> None:
    """Keep the buffers that something refers to, equal ones once; the first is empty by rule."""
    places = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    places += list(model.metadata)
    kept, where = [model.buffers[0]], {b"": 0}
    for place in places:
        data = model.buffers[place.buffer].data
        content = b"" if data is None else np.asarray(data, np.uint8).tobytes()
        if content not in where:
            where[content] = len(kept)
            kept.append(model.buffers[place.buffer])
        place.buffer = where[content]
    model.buffers = kept
