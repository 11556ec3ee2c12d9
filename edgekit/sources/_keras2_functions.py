"""Which TensorFlow functions and ops Keras 2 files may call between layers: those that compute."""

from __future__ import annotations

import re
from typing import Any

from edgekit.sources._graph_ops import ALLOWED, CONTROL_FLOW, VARIABLES

FUNCTION_LAYERS = ("TFOpLambda", "SlicingOpLambda")
OP_LAYER = "TensorFlowOpLayer"  # before TensorFlow 2.4: a node of a graph
STAND_INS = (*FUNCTION_LAYERS, OP_LAYER)
PURE = re.compile(
    r"(?:compat\.v1\.)?(?:"
    r"(?:math|nn|linalg|signal|bitwise|__operators__)\.[a-z]\w*"
    r"|random\.(?:normal|uniform|truncated_normal|stateless_\w+)"
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


def called(class_name: str, config: Any) -> Any:
    """The function or op that one of these layers calls.

    A node in a text is not looked into: tf_keras reads such a text as a binary message.
    """
    if class_name in FUNCTION_LAYERS:
        return config.get("function")
    node = config.get("node_def")
    return node.get("op") if isinstance(node, dict) else "a node in a text"


def may_be_called(name: Any) -> bool:
    """Whether a function computes, and does nothing else."""
    return isinstance(name, str) and PURE.fullmatch(name) is not None


def check_call(class_name: str, config: Any) -> str | None:
    """What one of these layers calls and may not; None when it may."""
    name = called(class_name, config)
    if class_name in FUNCTION_LAYERS:
        return None if may_be_called(name) else str(name)
    return None if name in ALLOWED - VARIABLES - CONTROL_FLOW else str(name)
