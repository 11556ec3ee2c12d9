"""Whether a net computes the same for the same inputs, and what is done where it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import InputError, ModelError
from edgekit.model import Noise, Signature
from edgekit.sources._cut import SteadyPart
from edgekit.sources._part import Part
from edgekit.sources._steady import check_steady, listed

# What two runs on a processor may differ by where threads add up in another order.
REPEATED = 1e-5


def noise_of(
    parts: Mapping[str, Part],
    signatures: Mapping[str, Signature],
    wanted: Noise | None,
    remarks: list[str],
    *,
    sampler: bool,
) -> Noise | None:
    """How the parts are cut so that no call draws or changes anything; None where none does.

    Raises:
        InputError: there is no noise, though something is `wanted` done with it.
        ModelError: what cannot be taken out, or variables that the file does not hold.
    """
    clean, normal = True, list[str]()
    for signature in signatures.values():
        part = parts[signature.part]
        found = part.findings(signature)
        check_steady(part.path, found, wanted, sampler=sampler)
        clean = clean and found.clean
        normal += found.normal
    # With noise as inputs, the parts were cut when they were loaded, and draw no more.
    inputs = [t for part in parts.values() if isinstance(part, SteadyPart) for t in part.drawn]
    if wanted and not normal and not inputs:
        raise InputError(f"--noise {wanted}: the net draws no normal noise; leave it out")
    if wanted == "input":
        return wanted
    if normal and not wanted:
        remarks.append(
            f"normal noise ({listed(normal)}) is taken as its mean, 0, since an autoencoder draws "
            "it around its code (--noise mean; --noise input makes it an input)"
        )
    return None if clean else "mean"


def check_repeated(
    first: Mapping[str, NDArray[Any]], again: Mapping[str, NDArray[Any]], reason: str
) -> None:
    """Raises ModelError, naming the `reason`, where two runs on equal inputs differ."""
    for name, array in first.items():
        one, other = array.astype(np.float64), again[name].astype(np.float64)
        gap = float(np.abs(one - other).max(initial=0))
        if gap > REPEATED * max(float(np.abs(one).max(initial=0)), 1e-12):
            raise ModelError(f"two runs on equal inputs differ by {gap:.3g} in '{name}': {reason}")
