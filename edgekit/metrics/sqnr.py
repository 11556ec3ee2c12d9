"""Signal-to-quantization-noise ratio."""

from __future__ import annotations

import numpy as np

from edgekit.metrics._array import Array, squared_error

BETTER, KIND, UNIT = "higher", "any", "dB"
CEILING = 120.0


def measure(reference: Array, candidate: Array, span: float) -> float:
    """10·log10(mean square of the reference / mean squared error) in dB, at most 120.

    A zero reference gives -120 when the candidate differs.
    """
    error = squared_error(reference, candidate)
    if error == 0:
        return CEILING
    signal = float(np.mean(np.square(reference, dtype=np.float64)))
    return float(np.clip(10 * np.log10(max(signal, 1e-300) / error), -CEILING, CEILING))
