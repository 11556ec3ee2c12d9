"""Two parts of TensorFlow's own Python that write out calls and know its ops."""

from __future__ import annotations

import tensorflow as tf

from tests.canaries import relied


def test_the_arguments_of_an_op() -> None:
    from tensorflow.python.framework import op_def_registry

    why = relied("tensorflow.python.framework.op_def_registry")
    arguments = op_def_registry.get("RandomStandardNormal").input_arg
    assert [(each.name, each.type_attr) for each in arguments] == [("shape", "T")], why


def test_calls_are_written_out() -> None:
    from tensorflow.python.framework import convert_to_constants

    why = relied("convert_to_constants._run_inline_graph_optimization")
    inner = tf.function(lambda x: x * 2.0)
    outer = tf.function(lambda x: inner(x) + 1.0)
    function = outer.get_concrete_function(tf.TensorSpec([2], tf.float32))
    assert any("Call" in node.op for node in function.graph.as_graph_def().node)
    written = convert_to_constants._run_inline_graph_optimization(
        function, lower_control_flow=False, aggressive_inlining=True
    )
    kinds = {node.op for node in written.node}
    assert {"Mul", "AddV2"} <= kinds, why
    assert not any("Call" in kind for kind in kinds), why
