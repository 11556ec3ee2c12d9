"""SavedModel to OpenVINO IR.

Never from a quantized .tflite: OpenVINO's frontend for those drops fused activations.
"""

from __future__ import annotations

from edgekit.errors import PassError
from edgekit.model import Model
from edgekit.passes._context import Context, artifact, with_files
from edgekit.reason import reason
from edgekit.typed import Typed

TAKES, GIVES = "saved-model", "openvino-ir"
NEEDS = ("openvino", "tensorflow")


class Options(Typed, frozen=True):
    """`float16` stores the weights in half precision; computation stays float32."""

    float16: bool = False


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Convert every signature; raises PassError naming the operation OpenVINO has not."""
    import openvino

    for name in model.signatures:
        try:
            graph = openvino.convert_model(str(ctx.source / model.files[name]))
        except Exception as error:  # the frontend raises its own private types
            raise PassError(f"lower-openvino: {name}: {reason(error)}") from None
        target = artifact(ctx, name, ".xml")
        openvino.save_model(graph, str(target), compress_to_fp16=options.float16)
    return with_files(model, GIVES, ".xml")
