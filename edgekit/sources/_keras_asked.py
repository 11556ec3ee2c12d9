"""The weights that a config asks for beside those that its file holds, before Keras makes any.

A config of a few letters may ask for terabytes: `"units": 1000000000`.
"""

from __future__ import annotations

import math
from copy import deepcopy
from pathlib import Path
from typing import Any

from edgekit.errors import ModelError
from edgekit.reason import one_line
from edgekit.sources._keras_file import HARMLESS
from edgekit.units import size_text

FLOAT = 4  # bytes of a weight: all nets are computed in float32


def check_asked(
    path: Path, tree: Any, held: int, known: dict[str, Any], *, own: bool, safe_mode: bool
) -> None:
    """Build a net of shapes alone, and see that its weights are in the file: `held` values.

    Where layers of the user's `own`, or such that keep a state, make variables of values that they
    have, shapes alone do not do, and nothing is seen.

    Raises:
        ModelError: far more weights than are held.
        Exception: Keras cannot build the config, with values neither.
    """
    import keras

    try:
        with keras.StatelessScope(initialize_variables=False):
            net = keras.saving.deserialize_keras_object(
                deepcopy(tree),
                custom_objects=known,
                safe_mode=safe_mode,  # Keras changes it
            )
        sizes = {v.path: (math.prod(v.shape), tuple(v.shape)) for v in net.variables}
    except Exception as error:  # Keras raises nearly every type here
        if own or "stateless scope" in str(error):
            return
        raise
    finally:
        keras.utils.clear_session()  # or Keras would fill the variables in later
    asked = sum(size for size, _ in sizes.values())
    if FLOAT * (asked - held) > HARMLESS:
        name, (_, shape) = max(sizes.items(), key=lambda item: item[1][0])
        raise ModelError(
            f"'{path}' does not fit its architecture, which has {size_text(FLOAT * asked)} of "
            f"weights ('{one_line(name)[:80]}' {shape}), where the file holds "
            f"{size_text(FLOAT * held)}; save the model again"
        )
