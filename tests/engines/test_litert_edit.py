"""What an edited graph keeps when it is saved."""

from __future__ import annotations

from pathlib import Path

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.file import parse
from tests.rewrites.graphs import keras, lowered


def test_what_an_op_keeps_for_itself_is_kept_under_its_new_number(tmp_path: Path) -> None:
    """Recurrent layers in integers hold the scales of their inner values in such tensors."""
    x = keras.Input((4,), batch_size=1)
    path = lowered(keras.Model(x, keras.ops.tanh(x)), tmp_path)
    graph = Editor(path)
    op = next(graph.ops())
    graph.add_tensor((1,), "unused", op.inputs[0])
    op.intermediates = [graph.add_tensor((1,), "inner", op.inputs[0])]
    graph.save(path)
    main = parse(path).subgraphs[0]
    (place,) = main.operators[0].intermediates
    assert main.tensors[place].name == b"inner"
    assert b"unused" not in {tensor.name for tensor in main.tensors}
