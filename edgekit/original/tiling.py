"""Whether a net may be run in tiles, and how: measured on the original.

Two tiles of one picture are run, the second a little further on. Where they overlap, both say what
the net makes of the same places; how far they disagree, at which distance from their edges, is what
a seam would show. It tells the receptive field, the stride that tiles must keep to, and nets that
see the whole picture, all at once and without looking at layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgekit.data.layout import channels_first
from edgekit.data.rng import Random
from edgekit.data.textures import textures
from edgekit.families._base import Family
from edgekit.families._tiles import follows, scales
from edgekit.model import Model, Signature, Tiling

Array = NDArray[Any]
SMALLEST = 8  # samples along a side: less leaves no room for a margin
EXACT = 1e-4  # of the output's range: another order of the same sums
# Of the output's range, at the sharpest edges that a picture may have. Less than this, fading over
# an eighth of a tile, is below one of 255 steps from one pixel to the next in tiles of 64.
VISIBLE = 0.03


def with_tilings(model: Model, member: Family, remarks: list[str]) -> Model:
    """The model with a tiling, or the reason why it has none, for every size."""
    signatures = {
        name: tiling_of(member, name, signature) for name, signature in model.signatures.items()
    }
    for name, signature in signatures.items():
        if signature.untiled:
            remarks.append(f"{name} takes pictures of its own size only: {signature.untiled}")
        elif signature.tiling and not signature.tiling.exact:
            remarks.append(
                f"{name}: pictures of other sizes are approximate, since the net looks further "
                "than a quarter of a tile; where tiles meet, they differ by up to "
                f"{signature.tiling.seam:.1%} of the range (a larger --input-size makes it less)"
            )
    return model.replace(signatures=signatures)


def tiling_of(member: Family, name: str, signature: Signature) -> Signature:
    """One signature with its tiling; unchanged where its input is no signal."""
    factors, image = scales(signature), signature.input("sample")
    if factors is None or image is None:
        return signature
    if channels_first(image.shape):
        why = "its channels come before height and width, for which no tiles are made"
        return msgspec.structs.replace(signature, untiled=why)
    sides = [int(n or 1) for n in image.shape[1:-1]]
    if min(sides) < SMALLEST or any(1 not in (f.numerator, f.denominator) for f in factors):
        return signature
    half = min(sides) // 2
    twos = 1 << half.bit_length() - 1
    threes = 3 << (half // 3).bit_length() - 1 if half >= 3 else twos  # nets with a stride of 3
    tiling = aligned(Probe(member, name, signature, factors, twos), twos)
    if tiling.seam > VISIBLE:
        other = aligned(Probe(member, name, signature, factors, threes), threes)
        tiling = other if other.seam <= VISIBLE else tiling
    untiled = too_wide(tiling.seam, sides) if tiling.seam > VISIBLE else ""
    return msgspec.structs.replace(signature, tiling=tiling, untiled=untiled)


def aligned(probe: Probe, coarsest: int) -> Tiling:
    """The tiling of the finest step that agrees as well as the coarsest, its multiple.

    Tiles that disagree there always will.
    """
    apart = probe.disagreement(coarsest)
    exact = bool((apart <= EXACT).any())
    align = coarsest
    for finer in (step for step in range(1, coarsest) if coarsest % step == 0):
        worst = np.maximum(apart, probe.disagreement(finer))
        # A stride that tiles do not keep to must not pass for a little more disagreement.
        if worst.min() <= (EXACT if exact else 1.3 * apart.min()):
            align, apart = finer, worst
            break
    bound = EXACT if exact else max(VISIBLE, float(apart.min()))
    margin = int(np.argmax(apart <= bound))
    return Tiling(margin=margin, align=align, seam=float(apart[margin]), exact=exact)


def too_wide(apart: float, sides: Sequence[int]) -> str:
    """Why a net is not run in tiles."""
    size = "x".join(map(str, sides))
    return (
        f"tiles of {size} disagree by {apart:.1%} of the range where they meet, since what it "
        "makes of a place depends on the whole picture (normalization or attention over it), or "
        "on more around it than a quarter of that"
    )


class Probe:
    """Runs the original on tiles of one texture of sharp edges: dim and even at its begin, bright
    and rich in contrast at its end.

    A texture whose parts are alike would hide a net that normalizes over the picture.
    """

    def __init__(
        self,
        member: Family,
        name: str,
        signature: Signature,
        factors: Sequence[Fraction],
        furthest: int,
    ) -> None:
        self._member, self._name, self._signature = member, name, signature
        self._factors = factors
        image = signature.input("sample")
        assert image is not None
        self._sides = [int(n or 1) for n in image.shape[1:-1]]
        self._widest = min(min(self._sides) // 4, (min(self._sides) - furthest - 1) // 2)
        drawn = member.draw(1, seed=0)
        self._inputs = {t.name: drawn[f"{name}/{t.name}"] for t in signature.inputs}
        self._cut = [tensor for tensor in signature.inputs if follows(tensor, image)]
        space = [side + furthest for side in self._sides]
        for stream, tensor in enumerate(self._cut):
            unit = textures((1, *space, int(tensor.shape[-1] or 1)), Random(1, stream), (0.0, 1.0))
            low, high = tensor.range or (0.0, 1.0)
            rows = richer(unit) * (high - low) + low
            self._inputs[tensor.name] = rows.astype(tensor.dtype)
        self._first = self._at(0)

    def _at(self, start: int) -> Array:
        """What the net makes of the tile that begins `start` samples from the edges."""
        inputs = dict(self._inputs)
        where = tuple(slice(start, start + side) for side in self._sides)
        for tensor in self._cut:
            inputs[tensor.name] = self._inputs[tensor.name][(slice(None), *where)]
        output = self._member.runner.run(self._name, inputs)
        return np.asarray(self._member.output(self._name, output)[0], np.float64)

    def disagreement(self, step: int) -> Array:
        """How far tiles at 0 and `step` differ, beyond margins of 0, 1, … samples.

        Relative to the range of the output, infinite where a step is no whole number of outputs.
        """
        if any((step * factor).denominator > 1 for factor in self._factors):
            return np.full(self._widest + 1, np.inf)
        moves = [int(step * factor) for factor in self._factors]
        second = self._at(step)
        here = tuple(slice(move, None) for move in moves)
        there = tuple(slice(None, -move) for move in moves)
        gap = np.abs(self._first[here] - second[there]).max(axis=-1)
        inside = np.full(gap.shape, np.inf)
        for axis, factor in enumerate(self._factors):
            length = gap.shape[axis]
            near = np.minimum(np.arange(length), np.arange(length)[::-1]) / float(factor)
            shape = [1] * gap.ndim
            shape[axis] = length
            inside = np.minimum(inside, near.reshape(shape))
        beyond = [gap[inside >= margin] for margin in range(self._widest + 1)]
        worst = [gaps.max() if gaps.size else np.inf for gaps in beyond]
        return np.array(worst) / self._span()

    def _span(self) -> float:
        """The width of the output's range."""
        told = self._signature.outputs[0].range
        return told[1] - told[0] if told else max(float(np.ptp(self._first)), 1e-12)


def richer(unit: Array) -> Array:
    """Signals in 0…1 as two values, nearly equal and dim at the begin of every axis."""
    ramps = np.zeros((), np.float32)
    for length in unit.shape[1:-1]:
        ramps = np.add.outer(ramps, np.linspace(0, 1, length, dtype=np.float32))
    growing = (ramps / ramps.max())[..., None]
    edges = np.where(unit > np.median(unit), np.float32(0.5), np.float32(-0.5))
    return np.asarray((0.5 + edges * (0.02 + 0.98 * growing)) * (0.3 + 0.7 * growing))
