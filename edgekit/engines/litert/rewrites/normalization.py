"""Instance, group and layer normalization in the fewest four-dimensional ops.

All of them compute y = (x - m) · r · γ + β with m = mean(x), v = mean((x - m)²), r = 1 / √(v + ε);
they differ in the axes of the mean. Keras lowers group normalization to five dimensions and to
x·rγ + (-m)·rγ + β, others to squared differences and more. What a graph computes from x, m, r and
constants of each channel is followed as a polynomial in x, m and r. Where it is γ·x·r - γ·m·r + β,
the ops between are replaced by

    d = x - m,   r = rsqrt(mean(d·d) + ε),   y = d · (r·γ) + β,

in which x - m is computed once and before it is squared, so nothing cancels.

The mean over a group of channels, all groups being of one size, is the mean over the group of the
means over space: the latter are C numbers, which a view as (G, C/G) averages without a view of the
image in five dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.rewrites._build import Build

Array = NDArray[Any]
Form = dict[str, Array]  # a polynomial: constants of each channel by monomial in x, m and r
MONOMIALS = {"", "m", "r", "x", "mr", "rx"}
ACTIVATIONS = {"RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3}
LEAN = {"MEAN", "SUB", "MUL", "ADD", "RSQRT"}


@dataclass
class Norm:
    """What is normalized: `groups` of channels, or each position by itself (groups 0)."""

    source: int
    groups: int
    epsilon: Array
    region: set[Any]
    target: Any = None
    gamma: Array = field(default_factory=lambda: np.ones(1))
    beta: Array = field(default_factory=lambda: np.zeros(1))
    activation: int = 0


def match(graph: Editor, op: Any) -> bool:
    """The RSQRT of a normalization that can be said in fewer or better supported ops."""
    norm = find(graph, op)
    if norm is None:
        return False
    kinds = [graph.kind(each) for each in norm.region]
    per_group = 1 < norm.groups < graph.shape(norm.source)[-1]
    return per_group or not LEAN.issuperset(kinds) or len(kinds) > 9


def apply(graph: Editor, op: Any) -> None:
    """Replace the op that gives the normalized tensor; the others are then dead."""
    norm = find(graph, op)
    assert norm is not None  # by match
    shape = graph.shape(norm.source)
    build = Build(graph, norm.target)
    channels, axes = shape[-1], tuple(range(1, len(shape) - 1))
    split = 1 < norm.groups < channels
    groups = (shape[0], 1, norm.groups, channels // max(norm.groups, 1))
    row = (shape[0], *[1] * len(axes), channels)
    if norm.groups == 0:
        axes = (len(shape) - 1,)
    elif norm.groups == 1:
        axes = tuple(range(1, len(shape)))

    def mean(tensor: int) -> int:
        average = build.mean(tensor, axes)
        return build.mean(build.reshape(average, groups), [3]) if split else average

    center = mean(norm.source)
    if split:
        ones = build.constant(np.ones(groups[3], np.float32))
        center = build.reshape(build.binary("MUL", center, ones), row)
    centered = build.binary("SUB", norm.source, center)
    variance = mean(build.binary("MUL", centered, centered))
    shifted = build.binary("ADD", variance, build.constant(norm.epsilon))
    scale = build.op("RSQRT", [shifted], graph.shape(shifted), version=1)
    gamma = np.broadcast_to(norm.gamma, channels).astype(np.float32)
    if split:  # γ also brings the value of a group to its channels
        factors = build.constant(gamma.reshape(groups[2:]))
        scale = build.reshape(build.binary("MUL", scale, factors), row)
    elif norm.groups and not (gamma == 1).all():
        scale = build.binary("MUL", scale, build.constant(gamma))
    result = build.binary("MUL", centered, scale)
    if norm.groups == 0 and not (gamma == 1).all():
        result = build.binary("MUL", result, build.constant(gamma))
    if norm.beta.any():
        beta = np.broadcast_to(norm.beta, channels).astype(np.float32)
        build.binary("ADD", result, build.constant(beta))
    build.ops[-1].builtinOptions.fusedActivationFunction = norm.activation
    build.finish()


def find(graph: Editor, op: Any) -> Norm | None:
    """The normalization around an RSQRT, when it is one."""
    if graph.kind(op) != "RSQRT" or graph.dtype(op.inputs[0]) != "FLOAT32":
        return None
    statistics = moments(graph, op)
    if statistics is None:
        return None
    x, center, axes, epsilon = statistics
    for source in (x, before_reshape(graph, x)):
        groups = grouping(graph.shape(source), graph.shape(x), axes)
        if groups is not None:
            norm = Norm(source=source, groups=groups, epsilon=epsilon, region=set())
            return norm if follow(graph, norm, x, center, int(op.outputs[0])) else None
    return None


def moments(graph: Editor, op: Any) -> tuple[int, int, list[int], Array] | None:
    """x, its mean, the axes and ε, when the op is the RSQRT of a variance plus ε."""
    plus = graph.producer(op.inputs[0])
    if plus is None or graph.kind(plus) != "ADD" or plus.builtinOptions.fusedActivationFunction:
        return None
    operands = [(int(i), graph.constant(i)) for i in plus.inputs]
    epsilon = next((value for _, value in operands if value is not None and value.size == 1), None)
    variance = next((averaged(graph, i) for i, value in operands if value is None), None)
    if epsilon is None or variance is None:
        return None
    squares, axes = variance
    square = graph.producer(squares)
    if square is None:
        return None
    pair = [int(i) for i in square.inputs]
    if graph.kind(square) == "SQUARE" or (graph.kind(square) == "MUL" and len(set(pair)) == 1):
        minus = graph.producer(pair[0])
        if minus is None or graph.kind(minus) != "SUB":
            return None
        pair = [int(i) for i in minus.inputs]
        if minus.builtinOptions.fusedActivationFunction:
            return None
    elif graph.kind(square) != "SQUARED_DIFFERENCE":
        return None
    for x, center in (pair, pair[::-1]):
        if averaged(graph, center) == (x, axes):
            return x, center, axes, epsilon.reshape(-1)
    return None


def averaged(graph: Editor, tensor: int) -> tuple[int, list[int]] | None:
    """What a tensor is the mean of, and over which axes, when they stay with size 1."""
    op = graph.producer(tensor)
    if op is None or graph.kind(op) != "MEAN" or not op.builtinOptions.keepDims:
        return None
    axes = graph.constant(op.inputs[1])
    rank = len(graph.shape(tensor))
    return None if axes is None else (int(op.inputs[0]), sorted(int(a) % rank for a in axes.flat))


def before_reshape(graph: Editor, tensor: int) -> int:
    """The tensor that this one is a view of."""
    op = graph.producer(tensor)
    return int(op.inputs[0]) if op is not None and graph.kind(op) == "RESHAPE" else tensor


def grouping(shape: Sequence[int], view: Sequence[int], axes: Sequence[int]) -> int | None:
    """How many groups of the channels of `shape` a mean over axes of its view makes; 0: layers."""
    last = len(view) - 1
    if len(shape) > 4 or len(shape) < 2:
        return None
    if tuple(shape) == tuple(view):
        over_space = list(range(1, last))
        whole = {(last,): 0, (*over_space, last): 1, tuple(over_space): shape[-1]}
        return whole.get(tuple(axes))
    if len(view) < 3:
        return None
    split = view[0] == shape[0] and view[-2] * view[-1] == shape[-1]
    return int(view[-2]) if split and list(axes) == [*range(1, last - 1), last] else None


def follow(graph: Editor, norm: Norm, x: int, center: int, scale: int) -> bool:
    """Find the last tensor that is γ·x·r - γ·m·r + β, and what γ and β are."""
    shape = graph.shape(norm.source)
    one = np.ones(shape[-1])
    forms: dict[int, Form] = {x: {"x": one}, center: {"m": one}, scale: {"r": one}}
    results = []
    waiting = {op for tensor in forms for op in graph.consumers(tensor)}
    while waiting:
        op = graph.first(waiting)
        waiting.remove(op)
        form = combined(graph, op, forms, shape)
        if form is not None and not fused(op):
            forms[int(op.outputs[0])] = form
            waiting.update(graph.consumers(op.outputs[0]))
        if form is not None and normalized(form):
            results.append((op, form))
    if not results:
        return False
    norm.target, form = results[0]
    for op, later in results[1:]:
        if only_reader(graph, norm.target) is op:
            norm.target, form = op, later
    norm.gamma, norm.beta = form["rx"], form.get("", norm.beta)
    norm.activation = fused(norm.target)
    reader = only_reader(graph, norm.target)
    if reader is not None and norm.activation and graph.kind(reader) == "RESHAPE":
        norm.target = reader
    elif reader is not None and not norm.activation and graph.kind(reader) in ACTIVATIONS:
        norm.target, norm.activation = reader, ACTIVATIONS[graph.kind(reader)]
    norm.region = between(graph, norm.source, norm.target)
    return graph.shape(norm.target.outputs[0]) == shape


def normalized(form: Form) -> bool:
    """Whether a polynomial is γ·x·r - γ·m·r + β."""
    return form.keys() | {""} == {"rx", "mr", ""} and np.array_equal(
        form["rx"].astype(np.float32), -form["mr"].astype(np.float32)
    )


def combined(graph: Editor, op: Any, forms: dict[int, Form], shape: Sequence[int]) -> Form | None:
    """The polynomial of an op's output, when it is one of those."""
    kind, out = graph.kind(op), graph.shape(op.outputs[0])
    if kind == "NEG" and int(op.inputs[0]) in forms:
        return scaled(forms[int(op.inputs[0])], -1)
    if kind == "RESHAPE" and out == tuple(shape):
        # Only of a result: m and r, which broadcast, would then stand for other positions.
        form = forms.get(int(op.inputs[0]), {})
        return form if normalized(form) else None
    if kind not in ("ADD", "SUB", "MUL") or forms.keys().isdisjoint(op.inputs):
        return None
    sides = []
    for tensor in op.inputs:
        constant = per_channel(graph, tensor, out, shape[-1])
        side = forms.get(int(tensor), None if constant is None else {"": constant})
        if side is None:
            return None
        sides.append(side)
    left, right = sides
    result: Form = {}
    if kind == "MUL":
        for (a, p), (b, q) in ((s, t) for s in left.items() for t in right.items()):
            monomial = "".join(sorted(a + b))
            result[monomial] = result.get(monomial, 0) + p * q
    else:
        result = dict(left)
        for monomial, factor in (right if kind == "ADD" else scaled(right, -1)).items():
            result[monomial] = result.get(monomial, 0) + factor
    return result if result.keys() <= MONOMIALS else None


def scaled(form: Form, factor: float) -> Form:
    """A polynomial times a number."""
    return {monomial: factor * value for monomial, value in form.items()}


def per_channel(graph: Editor, tensor: int, shape: Sequence[int], channels: int) -> Array | None:
    """A constant that varies over channels alone, as a vector; the shape is the op's output's."""
    value = graph.constant(tensor)
    if value is None:
        return None
    if value.size == 1:
        return np.full(channels, value.item(), np.float64)
    inner = 1 if shape[-1] == channels else 2
    sides = value.shape[-inner:]
    if value.size != math.prod(sides) or math.prod(shape[-inner:]) != channels:
        return None
    return np.broadcast_to(value.reshape(sides), shape[-inner:]).reshape(-1).astype(np.float64)


def fused(op: Any) -> int:
    """The activation that an op ends with."""
    return int(getattr(op.builtinOptions, "fusedActivationFunction", 0))


def only_reader(graph: Editor, op: Any) -> Any | None:
    """The one op that reads an op's output; None for several, or an output of the graph."""
    readers = graph.consumers(op.outputs[0])
    return readers[0] if len(readers) == 1 and not graph.is_output(op.outputs[0]) else None


def between(graph: Editor, source: int, target: Any) -> set[Any]:
    """The ops from a tensor to an op, the latter included."""
    found, waiting = {target}, [*target.inputs]
    while waiting:
        tensor = waiting.pop()
        op = graph.producer(tensor)
        if tensor == source or op is None or op in found:
            continue
        found.add(op)
        waiting += op.inputs
    return found
