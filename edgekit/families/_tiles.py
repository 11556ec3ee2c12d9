"""Signals of any size through a net of one size: in tiles that overlap, joined without a seam.

Tiles lie flush with the edges of the signal, where a net of the whole signal has its edges too.
Inside, what a tile makes within its margin is dropped. Where the margin covers all that a net
looks at around a place, what is joined equals what the net makes of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgekit.data.values import cast
from edgekit.families._inputs import called
from edgekit.model import Signature, Tensor, Tiling

Array = NDArray[Any]
STYLE = r"style|(?<![a-z])ref(erence)?(?![a-z])"
RAMP = 8  # tiles that do not agree to the end fade into each other over this part of their side


class Axis(NamedTuple):
    """The tiles along one axis: `covered` samples from `starts`, `scale` times as many come out.

    `weights` (tiles, samples out of a tile) sum up to 1 at every place.
    """

    tile: int
    covered: int
    scale: Fraction
    starts: tuple[int, ...]
    weights: Array

    def taken(self, k: int) -> slice:
        """What tile k is given."""
        return slice(self.starts[k], self.starts[k] + self.tile)

    def made(self, k: int) -> slice:
        """Where its result belongs."""
        start = int(self.starts[k] * self.scale)
        return slice(start, start + int(self.tile * self.scale))


def tiles_along(length: int, tile: int, scale: Fraction, tiling: Tiling) -> Axis:
    """As few tiles as cover `length` samples, each `tile` long."""
    covered = max(length, tile)
    covered += -(covered - tile) % tiling.align
    # What is dropped are whole samples of the output.
    margin = -(-tiling.margin // scale.denominator) * scale.denominator
    free = tile - 2 * margin  # at most this far from one tile to the next
    ramp = 1 if tiling.exact else max(1, tile // RAMP)
    step = max((free - ramp + 1) // tiling.align, 1) * tiling.align
    ramp = min(ramp, free - step + 1)
    starts = (*range(0, covered - tile, step), covered - tile)
    place = np.arange(tile)
    rows = []
    for start in starts:
        inside = np.full(tile, np.inf)
        if start > 0:
            inside = np.minimum(inside, place)
        if start + tile < covered:
            inside = np.minimum(inside, tile - 1 - place)
        rows.append(scaled(np.clip((inside - margin + 1) / ramp, 0, 1), scale))
    total = np.zeros(int(covered * scale))
    axis = Axis(tile, covered, scale, starts, np.array(rows))
    for k, row in enumerate(rows):
        total[axis.made(k)] += row
    weights = [row / total[axis.made(k)] for k, row in enumerate(rows)]
    return axis._replace(weights=np.array(weights, np.float32))


def scaled(weights: Array, scale: Fraction) -> Array:
    """The weights of input samples as those of output samples."""
    many = np.repeat(weights, scale.numerator)
    return np.asarray(many.reshape(-1, scale.denominator).min(axis=1))


def scales(signature: Signature) -> tuple[Fraction, ...] | None:
    """How many samples come out for one that goes in, along each axis between batch and channels.

    None where the net takes no signal, or makes one of another rank.
    """
    image = signature.input("sample")
    if image is None or len(image.shape) < 3:
        return None
    output = signature.outputs[0].shape
    if len(output) != len(image.shape):
        return None
    pairs = zip(output[1:-1], image.shape[1:-1], strict=True)
    return tuple(Fraction(int(out or 1), int(into or 1)) for out, into in pairs)


def follows(tensor: Tensor, image: Tensor) -> bool:
    """Whether an input belongs to the same places as the image, as a mask or a depth."""
    if tensor.role != "sample" or called(tensor, STYLE):
        return tensor is image
    return tensor.shape[1:-1] == image.shape[1:-1]


def cost(signature: Signature, space: Sequence[int]) -> int:
    """How many samples are computed in all for a signal of these lengths."""
    axes = layout(signature, space)
    return int(np.prod([len(axis.starts) * axis.tile for axis in axes]))


def filled_up(signature: Signature, space: Sequence[int]) -> tuple[int, ...] | None:
    """The lengths that a signal is filled up to, None where tiles fit it as it is.

    What the net makes of such a signal is approximate, above all near the end of its axes: its own
    padding would stand there instead, and a stride may fall on other samples.
    """
    covered = tuple(axis.covered for axis in layout(signature, space))
    return covered if covered != tuple(space) else None


def layout(signature: Signature, space: Sequence[int]) -> list[Axis]:
    """The tiles along every axis of a signal of these lengths."""
    image, factors, tiling = signature.input("sample"), scales(signature), signature.tiling
    assert image is not None and factors is not None and tiling is not None
    sides = [int(n or 1) for n in image.shape[1:-1]]
    return [
        tiles_along(length, side, factor, tiling)
        for length, side, factor in zip(space, sides, factors, strict=True)
    ]


def tiled(
    run: Callable[[Mapping[str, Array]], Array], inputs: Mapping[str, Array], signature: Signature
) -> Array:
    """Run a signature with a `tiling` on signals (N, *space, C) of any size.

    Args:
        run: computes the first output of the signature for a batch of its inputs.
        inputs: by name, each with N rows; those that follow the image are cut like it, any other
            goes with every tile as it is.
        signature: says how large a tile is and how tiles are joined.

    Returns:
        The joined output, in the type that the net gives.
    """
    image = signature.input("sample")
    assert image is not None
    rows, space = len(inputs[image.name]), inputs[image.name].shape[1:-1]
    axes = layout(signature, space)
    cut = {t.name for t in signature.inputs if follows(t, image)}
    padded = {k: pad(v, axes) if k in cut else v for k, v in inputs.items()}
    out: Array = np.zeros(
        (rows, *(int(a.covered * a.scale) for a in axes), int(signature.outputs[0].shape[-1] or 1)),
        np.float32,
    )
    dtype: np.dtype[Any] = out.dtype
    for places in batches(rows, axes, int(image.shape[0] or 1)):
        made = run({name: gathered(v, places, axes if name in cut else ())
                    for name, v in padded.items()})  # fmt: skip
        dtype = made.dtype
        for (row, *tile), values in zip(places, made, strict=True):
            where = tuple(axis.made(k) for axis, k in zip(axes, tile, strict=True))
            out[row][where] += values * window(axes, tile)
    whole = out[(slice(None), *(slice(-int(-n * a.scale // 1)) for n, a in zip(space, axes)))]  # noqa: B905
    return cast(whole, dtype.name)


def batches(rows: int, axes: Sequence[Axis], batch: int) -> Iterator[list[tuple[int, ...]]]:
    """The tiles of all rows, as (row, tile along each axis), so many at a time."""
    waiting = product(range(rows), *(range(len(axis.starts)) for axis in axes))
    while places := list(islice(waiting, batch)):
        yield places


def gathered(array: Array, places: Sequence[tuple[int, ...]], axes: Sequence[Axis]) -> Array:
    """What an input is at these tiles; without `axes`, the whole row for each."""
    pieces = []
    for row, *tile in places:
        where = tuple(axis.taken(k) for axis, k in zip(axes, tile, strict=False))
        pieces.append(array[row][where])
    return np.stack(pieces)


def window(axes: Sequence[Axis], tile: Sequence[int]) -> Array:
    """The weights of one tile, for every channel alike."""
    weights = np.ones((), np.float32)
    for axis, k in zip(axes, tile, strict=True):
        weights = np.multiply.outer(weights, axis.weights[k])
    return weights[..., None]


def pad(array: Array, axes: Sequence[Axis]) -> Array:
    """The signal, mirrored at its end as far as the tiles reach."""
    for k, axis in enumerate(axes, start=1):
        short = [(0, 0)] * array.ndim
        short[k] = (0, axis.covered - array.shape[k])
        array = np.pad(array, short, mode="reflect" if array.shape[k] > 1 else "edge")
    return array
