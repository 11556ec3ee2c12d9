"""What a SavedModel may hold: nets get in, and nothing that would run or reach outside."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from tensorflow.core.framework.variable_pb2 import VariableDef  # noqa: E402

from edgekit.sources import Trust, _graph_ops  # noqa: E402
from edgekit.sources.saved_model import check, open_parts  # noqa: E402
from tests.sources.saved_models import SPEC, edited, refused, saved, saved_v1  # noqa: E402

v1, raw = tf.compat.v1, tf.raw_ops


@pytest.fixture(scope="module")
def plain_v1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_v1(tmp_path_factory.mktemp("plain_v1") / "net")


def writes(target: Path) -> Any:
    """An op that writes a file."""
    return raw.WriteFile(filename=str(target), contents="stolen")


# What TensorFlow does not call stateful, or runs on its own.


def test_every_op_that_is_let_in_exists() -> None:
    from tensorflow.python.framework import op_def_registry

    kinds = (_graph_ops.ALLOWED, _graph_ops.SAVING, _graph_ops.RESTORING)
    assert not [name for kind in kinds for name in kind if op_def_registry.get(name) is None]


def graph_in_a_string(target: Path) -> Any:
    """Ops that write, in a constant: DatasetFromGraph runs them."""
    with tf.Graph().as_default() as graph:
        writes(target)
    return graph.as_graph_def().SerializeToString()


OUTSIDE: dict[str, Callable[[Any, Path], Any]] = {
    "WriteFile": lambda x, path: writes(path),
    "ReadFile": lambda x, path: raw.ReadFile(filename="/etc/passwd"),
    "DatasetFromGraph": lambda x, path: raw.DatasetFromGraph(graph_def=graph_in_a_string(path)),
    "DebugIdentityV2": lambda x, path: raw.DebugIdentityV2(
        input=x, debug_urls=[f"file://{path}"], tensor_debug_mode=2
    ),
    "PyFunc": lambda x, path: v1.py_func(lambda: 0.0, [], tf.float64),
    "SaveV2": lambda x, path: raw.SaveV2(
        prefix=str(path), tensor_names=["x"], shape_and_slices=[""], tensors=[x]
    ),
    "RestoreV2": lambda x, path: raw.RestoreV2(
        prefix=str(path), tensor_names=["x"], shape_and_slices=[""], dtypes=[tf.float32]
    ),
}


@pytest.mark.parametrize("op", OUTSIDE)
def test_an_op_that_reaches_outside_is_refused(op: str, tmp_path: Path) -> None:
    def body(x: Any) -> Any:
        OUTSIDE[op](x, tmp_path / "written")
        return x + 1

    refused(saved(tmp_path / "net", body))
    assert not (tmp_path / "written").exists()


NEVER = ["MatchingFiles", "ImmutableConst", "Abort", "EagerPyFunc", "PrintV2", "DebugIdentity",
         "DebugNumericSummary", "LoadAndRemapMatrix", "OneShotIterator", "DecodePng", "RemoteCall",
         "WholeFileReaderV2", "TextLineDataset", "XlaCallModule", "RpcServerStart"]  # fmt: skip


@pytest.mark.parametrize("where", ["graph", "function"])
@pytest.mark.parametrize("op", NEVER)
def test_an_op_that_is_not_in_the_list_is_refused(
    op: str, where: str, plain: Path, tmp_path: Path
) -> None:
    def change(graph: Any) -> None:
        library = graph.graph_def.library
        nodes = graph.graph_def.node if where == "graph" else library.function[0].node_def
        nodes.add(name="harm", op=op)

    refused(edited(shutil.copytree(plain, tmp_path / "net"), change), op)


@pytest.mark.parametrize("what", ["call", "constant"])
def test_attributes_of_functions_are_looked_at_too(what: str, plain: Path, tmp_path: Path) -> None:
    def change(graph: Any) -> None:
        attribute = graph.graph_def.library.function[0].attr["_harm"]
        if what == "call":
            attribute.list.func.add().name = "harm"
        else:
            attribute.tensor.dtype = tf.variant.as_datatype_enum

    words = {"call": "a call of 'harm'", "constant": "that is no tensor"}
    refused(edited(shutil.copytree(plain, tmp_path / "net"), change), words[what])


def test_functions_that_no_signature_calls_are_looked_at_too(tmp_path: Path) -> None:
    path = tmp_path / "written"
    unused = tf.function(lambda x: (writes(path), x)[1], input_signature=SPEC)
    refused(saved(tmp_path / "net", lambda x: x + 1, unused=unused), "WriteFile")


def test_branches_and_loops_are_looked_at_too(tmp_path: Path) -> None:
    def body(x: Any) -> Any:
        def harm() -> Any:
            with tf.control_dependencies([writes(tmp_path / "written")]):
                return x + 1

        return tf.cond(tf.reduce_sum(x) > 0, harm, lambda: x)

    refused(saved(tmp_path / "net", body), "WriteFile")


def test_a_call_that_names_an_op_instead_of_a_function_is_refused(
    plain: Path, tmp_path: Path
) -> None:
    def change(graph: Any) -> None:
        node = graph.graph_def.node.add(name="harm", op="PartitionedCall")
        node.attr["f"].func.name = "WriteFile"

    refused(edited(shutil.copytree(plain, tmp_path / "net"), change), "WriteFile")


def test_a_constant_that_is_no_tensor_is_refused(plain: Path, tmp_path: Path) -> None:
    def change(graph: Any) -> None:
        node = graph.graph_def.node.add(name="harm", op="Const")
        node.attr["value"].tensor.dtype = 21  # DT_VARIANT

    refused(edited(shutil.copytree(plain, tmp_path / "net"), change), "harm")


# What loading runs by itself.


@pytest.mark.parametrize("key", ["saved_model_main_op", "legacy_init_op"])
def test_an_op_that_runs_on_loading_is_refused(key: str, tmp_path: Path) -> None:
    path = tmp_path / "written"
    folder = saved_v1(tmp_path / "net", lambda: writes(path))

    def change(graph: Any) -> None:
        value = graph.collection_def.pop("saved_model_main_op")
        graph.collection_def[key].CopyFrom(value)

    edited(folder, change)
    refused(folder, "WriteFile", "runs when it is loaded")
    open_parts(folder, Trust(trust=True))
    assert path.exists()  # the attack is real


def test_even_a_harmless_op_does_not_run_on_loading(tmp_path: Path) -> None:
    folder = saved_v1(tmp_path / "net", v1.global_variables_initializer)
    refused(folder, "runs when it is loaded")


def test_a_saver_that_runs_another_op_is_refused(plain_v1: Path, tmp_path: Path) -> None:
    path, folder = tmp_path / "written", shutil.copytree(plain_v1, tmp_path / "net")
    with tf.Graph().as_default() as extra:
        writes(path)

    def change(graph: Any) -> None:
        graph.graph_def.node.extend(extra.as_graph_def().node)
        restore = next(n for n in graph.graph_def.node if n.name == graph.saver_def.restore_op_name)
        restore.input.append("^WriteFile")

    refused(edited(folder, change), "WriteFile")
    open_parts(folder, Trust(trust=True))
    assert path.exists()


class Thief(tf.__internal__.tracking.AutoTrackable):  # type: ignore[misc]
    """An object that saves and restores itself, in functions of its own."""

    def __init__(self, target: Path) -> None:
        self._target = str(target)

    def _serialize_to_tensors(self) -> dict[str, Any]:
        return {"value": tf.constant(1.0)}

    def _restore_from_tensors(self, restored: dict[str, Any]) -> Any:
        with tf.control_dependencies([writes(Path(self._target))]):
            return tf.identity(restored["value"])


def test_restore_functions_of_the_object_graph_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "written"
    folder = saved(tmp_path / "net", lambda x: x + 1, thief=Thief(path))
    refused(folder, "WriteFile", "of its own")
    path.unlink(missing_ok=True)
    open_parts(folder, Trust(trust=True))
    assert path.exists()


def test_tables_are_refused(tmp_path: Path) -> None:
    keys = tf.lookup.KeyValueTensorInitializer(["a"], [1])
    table = tf.lookup.StaticHashTable(keys, 0)
    words = tf.function(table.lookup, input_signature=[tf.TensorSpec((1,), tf.string)])
    refused(saved(tmp_path / "net", lambda x: x + 1, table=table, words=words), "lookup table")


# The saver's own functions, turned to another use.


def saving_function(graph: Any) -> str:
    return next(
        f.signature.name for f in graph.graph_def.library.function if "save" in f.signature.name
    )


def test_the_savers_functions_are_called_by_nothing_else(plain: Path, tmp_path: Path) -> None:
    def change(graph: Any) -> None:
        function = next(
            f for f in graph.graph_def.library.function if "wrapper" in f.signature.name
        )
        node = function.node_def.add(name="harm", op="StatefulPartitionedCall")
        node.attr["f"].func.name = saving_function(graph)

    refused(edited(shutil.copytree(plain, tmp_path / "net"), change), "traced_save")


def test_the_savers_functions_are_not_offered(plain: Path, tmp_path: Path) -> None:
    def change(graph: Any) -> None:
        graph.object_graph_def.concrete_functions[saving_function(graph)].SetInParent()

    refused(edited(shutil.copytree(plain, tmp_path / "net"), change), "traced_save")


@pytest.mark.parametrize("what", ["save_tensor_name", "restore_op_name"])
def test_no_signature_gives_what_the_saver_made(what: str, plain: Path, tmp_path: Path) -> None:
    def change(graph: Any) -> None:
        name = getattr(graph.saver_def, what).partition(":")[0]
        graph.signature_def["serving_default"].outputs["y"].name = f"{name}:0"

    refused(edited(shutil.copytree(plain, tmp_path / "net"), change), "files that are touched")


def test_restoring_reads_no_other_file(plain: Path, tmp_path: Path) -> None:
    def change(graph: Any) -> None:
        for function in graph.graph_def.library.function:
            for node in function.node_def:
                if node.op == "RestoreV2":
                    node.input[0] = "RestoreV2/tensor_names:output:0"

    refused(edited(shutil.copytree(plain, tmp_path / "net"), change), "another file")


@pytest.mark.parametrize("key", ["table_initializer", "variables"])
def test_no_collection_makes_loading_write_a_checkpoint(
    key: str, plain_v1: Path, tmp_path: Path
) -> None:
    def change(graph: Any) -> None:
        if key == "variables":  # a variable's initial value is computed on loading
            variable = VariableDef.FromString(graph.collection_def[key].bytes_list.value[0])
            variable.initial_value_name = "save/Identity:0"
            graph.collection_def[key].bytes_list.value[0] = variable.SerializeToString()
        else:
            graph.collection_def[key].node_list.value.append("save/MergeV2Checkpoints")

    refused(edited(shutil.copytree(plain_v1, tmp_path / "net"), change), "files that are touched")


# Nets that get in.


def test_a_damaged_fingerprint_does_not_matter(plain: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(plain, tmp_path / "net")
    (folder / "fingerprint.pb").write_bytes(b"\xff\xff")
    (folder / "keras_metadata.pb").write_bytes(b"\xff\xff")
    assert "" in open_parts(folder, Trust())


@pytest.mark.parametrize("main_op", [None, v1.tables_initializer])
def test_a_net_of_tensorflow_1_gets_in(main_op: Any, tmp_path: Path) -> None:
    assert "" in open_parts(saved_v1(tmp_path / "net", main_op), Trust())


class Noisy(keras.layers.Layer):  # type: ignore[misc]
    """A layer with a seed of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.seed = keras.random.SeedGenerator(3)

    def call(self, x: Any) -> Any:
        return x + keras.random.normal(keras.ops.shape(x), seed=self.seed)


@pytest.mark.parametrize("save", ["export", "tf.saved_model.save"])
def test_nets_with_seeds_and_training_layers_are_no_danger(save: str, tmp_path: Path) -> None:
    layers = keras.layers
    x = inputs = keras.Input((8, 8, 3))
    for layer in (layers.RandomFlip(), layers.Conv2D(4, 3), Noisy(), layers.Dropout(0.5)):
        x = layer(x, training=True) if not isinstance(layer, (Noisy, layers.Conv2D)) else layer(x)
    net = keras.Model(inputs, layers.BatchNormalization()(x, training=True))
    if save == "export":
        net.export(tmp_path / "net", verbose=False)
    else:
        module = tf.Module()
        module.variables_of_the_net = [variable.value for variable in net.variables]
        spec = tf.TensorSpec((1, 8, 8, 3), tf.float32, name="x")
        module.call = tf.function(lambda x: {"y": net(x)}, input_signature=[spec])
        tf.saved_model.save(module, str(tmp_path / "net"), signatures=module.call)
    check(tmp_path / "net", Trust())


@pytest.mark.long
def test_a_folder_of_keras_2_is_no_danger(tmp_path: Path) -> None:
    old = pytest.importorskip("tf_keras")
    layers = old.layers
    net = old.Sequential(
        [
            layers.Input((8, 8, 3)),
            layers.RandomFlip(),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
        ]
    )
    net.compile("adam", "mse")
    net.save(tmp_path / "net")
    assert (tmp_path / "net" / "keras_metadata.pb").exists()
    check(tmp_path / "net", Trust())


def test_what_could_not_be_seen_of_a_net_is_said(tmp_path: Path) -> None:
    """A net of pairs, which no odd batch fits, may be an autoencoder."""
    module = tf.Module()
    spec = [tf.TensorSpec((None, 4, 4, 1), tf.float32, name="x")]

    def body(x: Any) -> Any:
        return {"y": tf.ensure_shape(tf.reshape(tf.reshape(x, (2, -1)), (4, 4, 4, 1)), x.shape)}

    module.call = tf.function(body, input_signature=spec)
    tf.saved_model.save(module, str(tmp_path / "net"), signatures=module.call)
    info = open_parts(tmp_path / "net", Trust())[""].info
    assert not info.bottleneck
    (remark,) = info.remarks
    assert "no batch of 7 (" in remark
    assert "--family autoencoder" in remark
