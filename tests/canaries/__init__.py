"""Canaries: what edgekit relies on in libraries beyond what they document, pinned one by one.

A test that fails here names what a new version of a library broke, and the file that relies on it.
`USES` lists them; a test holds that nothing else is used.
"""

# What is used → where. Modules that a library does not document, and attributes with an underscore.
USES = {
    "ai_edge_litert.schema_py_generated": {"engines/litert/edit.py", "engines/litert/file.py"},
    "Interpreter._get_ops_details": {"engines/litert/coverage.py"},
    "Interpreter._get_full_signature_list": {"engines/litert/runtime.py"},
    "litert_quantizer": {"engines/litert/passes/_large_weights.py",
                         "engines/litert/passes/quantize.py"},
    "nncf.quantization.range_estimator": {"engines/openvino/passes/quantize.py"},
    "tensorflow.python.framework.op_def_registry": {"sources/_cut.py"},
    "tensorflow.python.framework.convert_to_constants": {"sources/_flat_graph.py"},
    "convert_to_constants._run_inline_graph_optimization": {"sources/_flat_graph.py"},
    "keras.src": {"sources/_keras2.py", "sources/_keras_allowed.py"},
    "Layer._flatten_layers": {"sources/_keras_precision.py"},
    "Layer._trainable_variables": {"sources/_keras_precision.py"},
    "Layer._non_trainable_variables": {"sources/_keras_precision.py"},
    "KerasTensor._keras_history": {"sources/_preprocessing.py"},
    "Functional._outputs_struct": {"sources/keras.py"},
    "Functional._nodes_by_depth": {"sources/keras.py"},
    "Sequential._functional": {"sources/keras.py"},
}  # fmt: skip


def relied(use: str) -> str:
    """What a failing canary says."""
    return f"{use} is not what it was: {' and '.join(sorted(USES[use]))} in edgekit rely on it"
