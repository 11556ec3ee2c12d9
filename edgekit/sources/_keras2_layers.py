"""What Keras 2 files name and Keras 3 lacks: TensorFlow functions as layers, an old activation.

Keras 2 turns `x * 2` or `tf.concat` between layers into a layer that holds the function's name.
Calling the same function keeps what it computes exactly; only functions that compute are called.
"""

from __future__ import annotations

import operator
from functools import cache, reduce
from typing import Any

from edgekit.sources._keras2 import HARD_SIGMOID
from edgekit.sources._keras2_functions import STAND_INS, may_be_called

NAMES = (*STAND_INS, HARD_SIGMOID)


def function_of(name: Any) -> Any:
    """The TensorFlow function that a layer names."""
    import tensorflow as tf

    if not may_be_called(name):
        raise ValueError(f"the TensorFlow function '{name}' does more than compute")
    return reduce(getattr, name.split("."), tf)


@cache
def stand_ins() -> dict[str, Any]:
    """The classes and functions, by the name that a mended config has for them."""
    import keras

    class TFOpLambda(keras.Operation):  # type: ignore[misc]
        """Calls a TensorFlow function."""

        def __init__(self, function: str, name: str | None = None, **_: Any) -> None:
            super().__init__(name=name)
            self.function = function_of(function)

        def call(self, inputs: Any, **kwargs: Any) -> Any:
            kwargs.pop("name", None)
            return self.function(inputs, **kwargs)

    class SlicingOpLambda(TFOpLambda):
        """Takes a part of a tensor, as `x[:, 1:]` does."""

        def call(self, inputs: Any, slice_spec: Any = None, **kwargs: Any) -> Any:
            spec = tuple(slice_spec) if isinstance(slice_spec, list) else slice_spec
            return operator.getitem(inputs, spec)

    def hard_sigmoid_of_keras_2(x: Any) -> Any:
        """Keras 3 has a slope of 1/6 where Keras 2 had 0.2."""
        return keras.ops.clip(x * 0.2 + 0.5, 0.0, 1.0)

    return {
        "TFOpLambda": TFOpLambda,
        "SlicingOpLambda": SlicingOpLambda,
        HARD_SIGMOID: hard_sigmoid_of_keras_2,
    }
