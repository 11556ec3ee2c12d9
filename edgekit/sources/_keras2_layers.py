"""What Keras 2 files name and Keras 3 lacks: TensorFlow functions as layers, an old activation.

Keras 2 turns `x * 2` or `tf.concat` between layers into a layer that holds the function's name.
Calling the same function keeps what it computes exactly; only functions that compute are called.
"""

from __future__ import annotations

import operator
import re
from functools import cache, reduce
from typing import Any

from edgekit.sources._keras2 import HARD_SIGMOID, STAND_INS

PURE = re.compile(
    r"(?:compat\.v1\.)?(?:"
    r"(?:math|nn|linalg|signal|bitwise|dtypes|__operators__|random|keras\.activations"
    r"|keras\.backend)\.\w+"
    r"|image\.(?:resize\w*|adjust_\w+|central_crop|convert_image_dtype|crop_\w+|extract_\w+|flip_\w+"
    r"|grayscale_to_rgb|hsv_to_rgb|image_gradients|pad_to_bounding_box|per_image_standardization"
    r"|rgb_to_\w+|rot90|sobel_edges|total_variation|transpose|yiq_to_rgb|yuv_to_rgb)"
    r"|abs|acos|add|add_n|argmax|argmin|argsort|asin|atan|atan2|batch_to_space|boolean_mask"
    r"|broadcast_to|cast|ceil|clip_by_norm|clip_by_value|complex|concat|constant|convert_to_tensor"
    r"|cos|cosh|cumsum|depth_to_space|divide|eig|einsum|equal|exp|expand_dims|eye|fill|floor|gather"
    r"|gather_nd|greater|greater_equal|identity|less|less_equal|linspace|logical_\w+|matmul|maximum"
    r"|meshgrid|minimum|multiply|negative|norm|not_equal|one_hot|ones|ones_like|pad|pow|range|rank"
    r"|realdiv|reduce_\w+|repeat|reshape|reverse|roll|round|scatter_nd|sequence_mask|shape|sigmoid"
    r"|sign|sin|sinh|size|slice|sort|space_to_batch|space_to_depth|split|sqrt|square|squeeze|stack"
    r"|stop_gradient|strided_slice|subtract|tan|tanh|tensor_scatter_nd_\w+|tensordot|tile|to_float"
    r"|transpose|truediv|unstack|where|zeros|zeros_like)"
)
NAMES = (*STAND_INS, HARD_SIGMOID)


def function_of(name: Any) -> Any:
    """The TensorFlow function that a layer names."""
    import tensorflow as tf

    if not isinstance(name, str) or not PURE.fullmatch(name):
        raise ValueError(f"the TensorFlow function '{name}' cannot be taken over from Keras 2")
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
