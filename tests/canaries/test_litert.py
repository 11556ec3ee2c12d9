"""What the interpreter of LiteRT tells of a file, and the classes of its schema."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.engines.litert.runtime import interpreter_class
from tests.canaries import relied
from tests.tiny import tanh_file

SIZE = (2, 6)


@pytest.fixture
def interpreter(tmp_path: Path) -> object:
    """One with a net of a single op."""
    (tmp_path / "net.tflite").write_bytes(tanh_file(SIZE))
    made = interpreter_class()(model_path=str(tmp_path / "net.tflite"), num_threads=1)
    made.allocate_tensors()
    return made


def test_the_ops_of_a_plan(interpreter: object) -> None:
    """Delegates stand beside the ops that they took."""
    told = interpreter._get_ops_details()  # type: ignore[attr-defined]
    why = relied("Interpreter._get_ops_details")
    assert {"index", "op_name", "inputs", "outputs"} <= set(told[0]), why
    named = {node["op_name"]: node for node in told}
    assert "TANH" in named, why
    assert set(named) <= {"TANH", "DELEGATE"}, why
    tanh = named["TANH"]
    assert (list(tanh["inputs"]), list(tanh["outputs"])) == ([0], [1]), why


def test_the_signatures_of_a_file(interpreter: object) -> None:
    told = interpreter._get_full_signature_list()  # type: ignore[attr-defined]
    why = relied("Interpreter._get_full_signature_list")
    assert told == {"serving_default": {"inputs": {"z": 0}, "outputs": {"sample": 1}}}, why


def test_the_schema_reads_and_writes_files() -> None:
    from ai_edge_litert import schema_py_generated as schema

    why = relied("ai_edge_litert.schema_py_generated")
    model = schema.ModelT.InitFromPackedBuf(tanh_file(SIZE), 0)
    graph = model.subgraphs[0]
    assert list(graph.tensors[0].shape) == list(SIZE), why
    assert graph.tensors[0].type == schema.TensorType.FLOAT32, why
    code = model.operatorCodes[graph.operators[0].opcodeIndex]
    assert code.builtinCode == schema.BuiltinOperator.TANH, why
    for name in ("BufferT", "TensorT", "OperatorT", "OperatorCodeT", "MetadataT", "SubGraphT",
                 "SignatureDefT", "TensorMapT", "QuantizationParametersT"):  # fmt: skip
        assert callable(getattr(schema, name)), f"{name}: {why}"
    assert isinstance(schema.BuiltinOptions.Conv2DOptions, int), why
