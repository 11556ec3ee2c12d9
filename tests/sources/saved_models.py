"""SavedModels of tiny nets, sound and edited."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
tf = pytest.importorskip("tensorflow")

from tensorflow.core.protobuf.saved_model_pb2 import SavedModel  # noqa: E402

from edgekit.errors import ModelError  # noqa: E402
from edgekit.sources import Trust  # noqa: E402
from edgekit.sources.saved_model import check  # noqa: E402

v1 = tf.compat.v1
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


def refused(folder: Path, *words: str) -> None:
    """It is refused in one line that holds these words, and names --trust."""
    with pytest.raises(ModelError) as caught:
        check(folder, Trust())
    text = str(caught.value)
    assert "\n" not in text
    assert all(word in text for word in (*words, "--trust")), text
