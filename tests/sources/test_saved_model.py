"""What a SavedModel may hold: nets get in, and nothing that would run or reach outside."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from tensorflow.core.framework.variable_pb2 import VariableDef  # noqa: E402
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel  # noqa: E402

from edgekit.errors import ModelError  # noqa: E402
from edgekit.sources import Trust, _graph_ops  # noqa: E402
from edgekit.sources.saved_model import check, open_parts  # noqa: E402

v1, raw = tf.compat.v1, tf.raw_ops
SPEC = [tf.TensorSpec((1, 4), tf.float32, name="x")]


def saved(folder: Path, body: Callable[[Any], Any], **tracked: Any) -> Path:
    """A net of one function, with what it tracks besides."""
    module = tf.Module()
    for name, value in tracked.items():
        setattr(module, name, value)
    module.call = tf.function(lambda x: {"y": body(x)}, input_signature=SPEC)
    tf.saved_model.save(module, str(folder), signatures=module.call)
    return folder


def saved_v1(folder: Path, main_op: Callable[[], Any] | None = None) -> Path:
    """A net as TensorFlow 1 saved it, with an op to run when it is loaded."""
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, (1, 4), name="x")
        y = tf.tanh(x @ v1.get_variable("w", (4, 4)))
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            builder = v1.saved_model.Builder(str(folder))
            signature = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
            given = {"main_op": main_op()} if main_op else {}
            builder.add_meta_graph_and_variables(
                session, ["serve"], signature_def_map={"serving_default": signature}, **given
            )
            builder.save()
    return folder


def edited(folder: Path, change: Callable[[Any], None]) -> Path:
    """The same folder with its graph changed."""
    path = folder / "saved_model.pb"
    proto = SavedModel()
    proto.ParseFromString(path.read_bytes())
    change(proto.meta_graphs[0])
    path.write_bytes(proto.SerializeToString())
    return folder


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound net with one variable."""
    weight = tf.Variable(tf.ones((4, 4)))
    return saved(tmp_path_factory.mktemp("plain") / "net", lambda x: x @ weight, weight=weight)


@pytest.fixture(scope="module")
def plain_v1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_v1(tmp_path_factory.mktemp("plain_v1") / "net")


def writes(target: Path) -> Any:
    """An op that writes a file."""
    return raw.WriteFile(filename=str(target), contents="stolen")


def refused(folder: Path, *words: str) -> None:
    with pytest.raises(ModelError) as caught:
        check(folder, Trust())
    text = str(caught.value)
    assert "\n" not in text
    assert all(word in text for word in (*words, "--trust")), text


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


# Damage and odd files: one clear line.


def damaged(folder: Path, word: str) -> None:
    with pytest.raises(ModelError) as caught:
        open_parts(folder, Trust(trust=True))
    text = str(caught.value)
    assert word in text
    assert "\n" not in text


def nested(depth: int) -> bytes:
    """A graph whose attributes are calls in calls."""
    inner = b""
    for number in (10, 2, 2) * depth:  # a call's attributes' value
        length = len(inner)
        size = b""
        while length > 127:
            size, length = size + bytes([length & 127 | 128]), length >> 7
        inner = bytes([number << 3 | 2]) + size + bytes([length]) + inner
    return inner


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (lambda proto: proto[: len(proto) // 2], "damaged"),
        (lambda proto: b"\xff" * 100, "damaged"),
        (lambda proto: b"", "0 graphs"),
        (lambda proto: proto + proto, "2 graphs"),
        (lambda proto: nested(2000), "damaged"),
    ],
    ids=["cut", "noise", "empty", "two", "deep"],
)
def test_a_damaged_graph_is_one_line(
    content: Callable[[bytes], bytes], word: str, plain: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(plain, tmp_path / "net")
    proto = (folder / "saved_model.pb").read_bytes()
    (folder / "saved_model.pb").write_bytes(content(proto))
    damaged(folder, word)


def test_names_from_the_file_cannot_fill_the_screen(plain: Path, tmp_path: Path) -> None:
    def change(graph: Any) -> None:
        graph.graph_def.node.add(name="harm", op="Two\nlines" + 5000 * "x")

    folder = edited(shutil.copytree(plain, tmp_path / "net"), change)
    refused(folder, "Two?lines")
    with pytest.raises(ModelError) as caught:
        check(folder, Trust())
    assert len(str(caught.value)) < 500


@given(st.data())
def test_no_damage_to_a_graph_is_a_traceback(
    plain: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray((plain / "saved_model.pb").read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(content) - 1))
        width = data.draw(st.integers(0, 30))
        content[place : place + width] = data.draw(st.binary(max_size=30))
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "saved_model.pb").write_bytes(content)
    try:
        check(folder, Trust())
    except ModelError as error:
        assert "\n" not in str(error)


def test_missing_or_damaged_variables_are_one_line(plain: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(plain, tmp_path / "net")
    (folder / "variables" / "variables.index").write_bytes(b"none")
    damaged(folder, "export it again")
    shutil.rmtree(folder / "variables")
    damaged(folder, "export it again")


@pytest.mark.parametrize("name", ["saved_model.pbtxt", "saved_model.cpb"])
def test_a_second_graph_beside_the_first_is_refused(name: str, plain: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(plain, tmp_path / "net")
    (folder / name).write_text("meta_graphs {}")
    damaged(folder, name)


def test_links_out_of_the_folder_are_refused(plain: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(plain, tmp_path / "net")
    shutil.move(folder / "variables", tmp_path / "elsewhere")
    (folder / "variables").symlink_to(tmp_path / "elsewhere")
    damaged(folder, "cp -rL")
    (folder / "variables").unlink()
    shutil.move(tmp_path / "elsewhere", folder / "variables")
    (folder / "within.pb").symlink_to("saved_model.pb")
    assert "" in open_parts(folder, Trust())
    (folder / "round").symlink_to(".")
    damaged(folder, "cp -rL")


def test_a_pipe_in_the_folder_is_refused(plain: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(plain, tmp_path / "net")
    os.mkfifo(folder / "assets" / "endless")
    damaged(folder, "pipe")


@pytest.mark.parametrize("name", ["/etc/passwd", "../../secret"])
def test_assets_lie_in_the_folder(name: str, plain: Path, tmp_path: Path) -> None:
    def change(graph: Any) -> None:
        graph.asset_file_def.add(filename=name)

    damaged(edited(shutil.copytree(plain, tmp_path / "net"), change), "outside")


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
