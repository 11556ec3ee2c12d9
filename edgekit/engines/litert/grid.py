"""Weights of a quantized .tflite file on a grid of fewer bits, taken from the float file anew."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.engines._grid import on_grid
from edgekit.engines.litert.file import (
    LAYERS,
    indices,
    op_names,
    parse,
    type_names,
    unpacked,
)
from edgekit.engines.litert.pack import packed
from edgekit.errors import PassError

Array = NDArray[Any]
Bits = Callable[[str, str], int | None]


def regridded(content: bytes, source: Path, bits: Bits) -> bytes:
    """A quantized file with the int8 weights of some layers on grids of fewer bits.

    Args:
        content: the quantized .tflite file.
        source: the float one that it was made from, with the same names of tensors.
        bits: of a layer, by the name of its output and its type; None leaves it as it is.

    Raises:
        PassError: none of these layers has weights in int8.
    """
    model, floats = unpacked(content), constants(source)
    graph = model.subgraphs[0]
    changed: dict[int, Array] = {}  # by how much the scales of a tensor grew
    for op in graph.operators:
        code = model.operatorCodes[op.opcodeIndex]
        kind = op_names()[max(code.builtinCode, code.deprecatedBuiltinCode)]
        wanted = bits(graph.tensors[op.outputs[0]].name.decode(), kind) if kind in LAYERS else None
        if wanted is None:
            continue
        index = int(op.inputs[LAYERS[kind].weights])
        tensor = graph.tensors[index]
        if index not in changed:
            if type_names()[tensor.type] != "INT8" or tensor.name not in floats:
                continue
            changed[index] = put(model, tensor, floats[tensor.name], wanted)
        place = LAYERS[kind].bias
        if place is not None and len(op.inputs) > place and op.inputs[place] >= 0:
            bias = int(op.inputs[place])
            if bias not in changed and type_names()[graph.tensors[bias].type] == "INT32":
                changed[bias] = rescale(model, graph.tensors[bias], changed[index])
    if not changed:
        raise PassError("quantize-litert: no layer has weights in int8 that a grid could be of")
    return packed(model)


def put(model: Any, tensor: Any, weights: Array, bits: int) -> Array:
    """Give a tensor its codes and scales; by how much each scale grew."""
    parameters = tensor.quantization
    before = np.asarray(parameters.scale, np.float32)
    axes = [int(parameters.quantizedDimension)] if before.size > 1 else []
    codes, scales = on_grid(weights, bits, axes)
    store(model, tensor, codes)
    parameters.scale = scales.reshape(-1)
    return np.asarray(parameters.scale / before)


def rescale(model: Any, tensor: Any, grown: Array) -> Array:
    """Give a bias, whose scale is that of input times weights, the scales that have grown."""
    codes = np.frombuffer(bytes(model.buffers[tensor.buffer].data), np.int32)
    store(model, tensor, np.rint(codes / grown).astype(np.int32))
    tensor.quantization.scale = np.asarray(tensor.quantization.scale, np.float32) * grown
    return grown


def store(model: Any, tensor: Any, codes: Array) -> None:
    """Give a tensor other codes, in a buffer of its own where it shares one."""
    shared = sum(t.buffer == tensor.buffer for graph in model.subgraphs for t in graph.tensors) > 1
    if shared:
        model.buffers.append(copy.copy(model.buffers[tensor.buffer]))
        tensor.buffer = len(model.buffers) - 1
    model.buffers[tensor.buffer].data = np.frombuffer(codes.tobytes(), np.uint8)


def constants(path: Path) -> dict[bytes, Array]:
    """The float constants of a file by the names of their tensors."""
    model = parse(path)
    return {
        tensor.name: np.frombuffer(bytes(data), np.float32).reshape(indices(tensor.shape))
        for tensor in model.subgraphs[0].tensors
        if type_names()[tensor.type] == "FLOAT32"
        and (data := model.buffers[tensor.buffer].data) is not None
        and len(data)
    }
