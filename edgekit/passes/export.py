"""Each signature as a SavedModel with static shapes.

A free batch size leaves shapes to be computed in the graph, which keeps XNNPACK from taking
transposed convolutions and makes quantized generators slower than float ones; so no dimension is
left free. Weights stay variables here: OpenVINO cannot read recurrent nets that were frozen.
"""

from __future__ import annotations

from typing import Any

from edgekit.errors import PassError
from edgekit.model import ORIGINAL, Model, Signature
from edgekit.original.runner import load_parts
from edgekit.passes._context import Context, artifact, with_files
from edgekit.sources._tensorflow import TensorFlowPart
from edgekit.typed import Typed

TAKES, GIVES = ORIGINAL, "saved-model"
NEEDS = TensorFlowPart.NEEDS


class Options(Typed, frozen=True):
    """None: shapes are fixed in the model's description."""


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Write one SavedModel for each signature, inputs and outputs under the family's names."""
    import tensorflow as tf

    parts = load_parts(ctx.source, model, ctx.trust)
    for name, signature in model.signatures.items():
        part = parts[signature.part]
        if not isinstance(part, TensorFlowPart):
            raise PassError(f"'{part.path.name}' is no net of TensorFlow, so no SavedModel of it")
        module = tf.Module()
        module.weights = part.trackable
        module.call = static_function(part.graph(signature.inputs, signature.outputs), signature)
        tf.saved_model.save(
            module,
            str(artifact(ctx, name, "")),
            signatures={"serving_default": module.call.get_concrete_function()},
        )
    return with_files(model, GIVES, "")


def static_function(graph: Any, signature: Signature) -> Any:
    """A tf.function over exactly the signature's shapes and names."""
    import tensorflow as tf

    specs = [tf.TensorSpec(t.shape, t.dtype, name=t.name) for t in signature.inputs]
    names = [tensor.name for tensor in signature.outputs]

    def call(*inputs: Any) -> dict[str, Any]:
        outputs = graph(*inputs)
        return {n: tf.identity(x, name=n) for n, x in zip(names, outputs, strict=True)}

    return tf.function(call, input_signature=specs)
