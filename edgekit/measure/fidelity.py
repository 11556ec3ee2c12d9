"""Original against candidate: every metric, and whether the gates are met."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit import plugin
from edgekit.data.layout import channels_last
from edgekit.errors import PassError
from edgekit.families._base import Family
from edgekit.measure.features import Features, standardized
from edgekit.model import Model, Tensor
from edgekit.plan.gate import Gate, parse_gate

Array = NDArray[Any]
Arrays = Mapping[str, Array]

LEAST = 8  # samples that tell something of a distribution


def gates_for(family: type[Family], asked: Sequence[Gate]) -> list[Gate]:
    """The family's default gates, each replaced by one asked for on the same metric."""
    gates = {g.metric: g for g in (parse_gate(m + bound) for m, bound in family.gates.items())}
    gates |= {gate.metric: gate for gate in asked}
    return list(gates.values())


def unchecked(gates: Sequence[Gate], scores: Mapping[str, float], samples: int) -> list[str]:
    """The gates that do not bind, and why, in words."""
    told = []
    for gate in gates:
        if gate.metric not in scores:
            kind = plugin.load("metrics", gate.metric.replace("_", "-")).KIND
            few = kind == "distribution" and samples < LEAST
            why = "too few samples" if few else "it does not apply to these outputs"
            told.append(f"{gate}: not checked, {why}")
    return told


def score(
    family: type[Family],
    model: Model,
    reference: Arrays,
    candidate: Arrays,
    features: Features | None,
    *,
    only: Sequence[str] | None = None,
) -> dict[str, float]:
    """Every metric that applies (of those in `only`): the worst over the outputs of the trial.

    Distances between distributions are taken on the shown output, over standardized features;
    without `features` they are left out.

    Raises:
        PassError: an output of another shape, or a metric that has no finite value.
    """
    scores: dict[str, float] = {}
    for name in only or plugin.names("metrics"):
        metric = plugin.load("metrics", name)
        key = name.replace("-", "_")
        values = [
            value
            for output in reference
            for value in measured(metric, family, model, output, reference, candidate, features)
        ]
        if values:
            if not np.isfinite(values).all():  # a gate on it must not pass for want of a value
                raise PassError(f"{key} of the outputs is not finite: they are too far apart")
            scores[key] = min(values) if metric.BETTER == "higher" else max(values)
    return scores


def measured(
    metric: Any,
    family: type[Family],
    model: Model,
    output: str,
    reference: Arrays,
    candidate: Arrays,
    features: Features | None,
) -> list[float]:
    """One metric on one output: a list of one value, or empty where it does not apply."""
    tensor, a, b = family.output_tensor(model, output), reference[output], candidate[output]
    if metric.KIND == "distribution":
        if features is None or output != family.shown(model) or len(a) < LEAST:
            return []
        a, b = standardized(features(a), features(b))
        if a.shape[1] == 0:  # the same for every sample: they tell nothing
            return []
        finite = np.isfinite(a).all() and np.isfinite(b).all()
        return [metric.measure(a, b, 1.0) if finite else math.nan]
    check_shape(output, a, b)
    if metric.KIND in ("sample", "image") and tensor.role != "sample":
        return []
    if metric.KIND == "image":
        a, b = channels_last(a), channels_last(b)
        if not is_image(a):
            return []
    return [metric.measure(a, b, span(tensor, a))]


def check_shape(output: str, reference: Array, candidate: Array) -> None:
    """Raises PassError when an artifact's output is not of the original's shape."""
    if reference.shape != candidate.shape:
        raise PassError(
            f"the artifact's output '{output}' is {candidate.shape}, the original's "
            f"{reference.shape}: the conversion is wrong"
        )


def is_image(array: Array) -> bool:
    """Whether rows are pictures large enough for structural similarity."""
    return array.ndim == 4 and min(array.shape[1:3]) >= 7


def span(tensor: Tensor, reference: Array) -> float:
    """The width of the tensor's value range; that of the reference where it has none."""
    if tensor.range:
        return tensor.range[1] - tensor.range[0]
    return max(float(reference.max()) - float(reference.min()), 1e-12)


def relative_error(reference: Arrays, candidate: Arrays) -> float:
    """The largest error of any output, relative to the largest value of that output.

    Raises:
        PassError: an output of another shape.
    """
    for name, array in reference.items():
        check_shape(name, array, candidate[name])
    return max(
        largest(array, candidate[name]) / max(float(np.abs(array.astype(np.float64)).max()), 1e-12)
        for name, array in reference.items()
    )


def largest(reference: Array, candidate: Array) -> float:
    """The largest difference, beyond one step in outputs of whole numbers.

    Sums in another order round half a step to the other side, and decide a tie between two classes
    in another way: there, one value in a thousand does not count.
    """
    gap = np.abs(np.subtract(candidate, reference, dtype=np.float64))
    if reference.dtype.kind == "f":
        return float(gap.max())
    return float(np.quantile(np.maximum(gap - 1, 0), 0.999, method="lower"))
