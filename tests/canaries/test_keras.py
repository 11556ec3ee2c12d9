"""How Keras keeps the graph of a net, and where it defines things."""

from __future__ import annotations

import keras
from keras import layers

from edgekit.sources._keras_allowed import home_of_operation, operations
from tests.canaries import relied


def functional() -> keras.Model:
    x = keras.Input((4,), name="x")
    y = layers.Dense(3, name="hidden")(x)
    return keras.Model(x, {"b": layers.Dense(2)(y) * 2.0, "a": y})


def test_the_calls_of_a_net_by_depth() -> None:
    why = relied("Functional._nodes_by_depth")
    net = functional()
    ordered = [node for depth in sorted(net._nodes_by_depth, reverse=True)
               for node in net._nodes_by_depth[depth]]  # fmt: skip
    called = [node.operation.name for node in ordered if not node.is_input]
    assert called[0] == "hidden", why
    assert len(called) == 3, why
    assert ordered[0].is_input, why
    assert all(hasattr(node, "arguments") and hasattr(node, "output_tensors") for node in ordered)


def test_a_sequential_net_holds_a_functional_one() -> None:
    net = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    assert net._functional._nodes_by_depth, relied("Sequential._functional")


def test_a_net_of_named_outputs() -> None:
    assert sorted(functional()._outputs_struct) == ["a", "b"], relied("Functional._outputs_struct")


def test_tensors_of_a_graph_know_where_they_come_from() -> None:
    why = relied("KerasTensor._keras_history")
    net = functional()
    assert net.outputs[0]._keras_history.operation in [*net.layers, *net.operations], why


def test_all_layers_and_their_own_variables() -> None:
    inner = keras.Sequential([keras.Input((4,)), layers.BatchNormalization(name="norm")])
    net = keras.Sequential([keras.Input((4,)), inner])
    found = {layer.name: layer for layer in net._flatten_layers()}
    assert "norm" in found, relied("Layer._flatten_layers")
    own = found["norm"]
    assert len(own._trainable_variables) == 2, relied("Layer._trainable_variables")
    assert len(own._non_trainable_variables) == 2, relied("Layer._non_trainable_variables")


def test_where_operations_are_defined() -> None:
    why = relied("keras.src")
    assert home_of_operation("Add") == "keras.src.ops.numpy", why
    assert {"Add", "Multiply"} <= operations("keras.src.ops.numpy"), why
    entry = keras.saving.serialize_keras_object(functional())
    assert entry["module"] == "keras.src.models.functional", why
