"""Random draws that are the same on every machine, for every version of NumPy.

NumPy guarantees the bit stream of PCG64 across versions, but not its normal variates, and log()
differs between processors in the last place. So the normal quantile is evaluated here with
nothing but + - * / and sqrt, which IEEE 754 fixes to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import InputError

Array = NDArray[np.floating]

# Wichura, Algorithm AS 241 (1988), PPND16: the normal quantile to about 1e-16.
CENTRE = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0),
)  # fmt: skip
TAIL = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
     1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055,
     4.6303378461565452959, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
     0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494,
     2.05319162663775882187, 1.0),
)  # fmt: skip
FAR_TAIL = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
     0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358,
     5.4637849111641143699, 6.6579046435011037772),
    (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
     7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
     0.59983220655588793769, 1.0),
)  # fmt: skip


class Random:
    """A seeded stream of draws; `stream` separates independent uses of one seed.

    Raises:
        InputError: a negative seed, or no whole number.
    """

    def __init__(self, seed: int, stream: int = 0) -> None:
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise InputError(f"seed is {seed!r}; a seed is a whole number, 0 or more")
        if seed < 0:
            raise InputError(f"seed {seed} is negative; a seed is 0 or more")
        self._bits = np.random.PCG64(np.random.SeedSequence([seed, stream]))

    def uniform(self, shape: Sequence[int]) -> Array:
        """Doubles strictly between 0 and 1, on the 2^-52 grid shifted by half a step."""
        raw = self._bits.random_raw(int(np.prod(shape))).reshape(shape)
        return ((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52

    def normal(self, shape: Sequence[int]) -> NDArray[np.float32]:
        """Standard normal float32 values."""
        return normal_quantile(self.uniform(shape)).astype(np.float32)

    def integers(self, below: int, shape: Sequence[int]) -> NDArray[np.int64]:
        """Integers in [0, below)."""
        return (self.uniform(shape) * below).astype(np.int64)


def normal_quantile(p: Array) -> Array:
    """The inverse of the normal distribution function, for 0 < p < 1 (AS 241)."""
    q = p - 0.5
    centre = q * _ratio(CENTRE, 0.180625 - q * q)
    r = np.sqrt(-_log(np.minimum(p, 1.0 - p)))
    tail = np.where(r <= 5.0, _ratio(TAIL, r - 1.6), _ratio(FAR_TAIL, r - 5.0))
    return np.where(np.abs(q) <= 0.425, centre, np.copysign(tail, q))


def _ratio(polynomials: tuple[tuple[float, ...], tuple[float, ...]], x: Array) -> Array:
    top, bottom = (np.zeros_like(x), np.zeros_like(x))
    for a, b in zip(*polynomials, strict=True):
        top, bottom = top * x + a, bottom * x + b
    return top / bottom


def _log(x: Array) -> Array:
    """Natural logarithm by the series of atanh; the mantissa is within a factor √2 of 1."""
    mantissa, exponent = np.frexp(x)
    low = mantissa < 0.7071067811865476
    mantissa, exponent = np.where(low, mantissa * 2, mantissa), exponent - low
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square, series = s * s, np.zeros_like(s)
    for k in range(23, 0, -2):
        series = series * square + 1.0 / k
    return 2.0 * s * series + exponent * 0.6931471805599453
