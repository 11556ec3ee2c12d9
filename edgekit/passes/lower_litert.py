"""SavedModel to LiteRT with TensorFlow's converter, in float or with its own quantization."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

from edgekit.errors import PassError
from edgekit.litert_file import check_weights_present
from edgekit.model import Model, Signature
from edgekit.passes._context import Context, artifact, calibration_rows, with_files
from edgekit.typed import Typed

TAKES, GIVES = "saved-model", "litert"
NEEDS = ("tensorflow", "ai_edge_litert")
# fused["Asinh:", "net/arcsinh/Asinh@__inference_call_88"]: the op's type, then its place.
LAYER = re.compile(r'fused\["[^"]*", "([^"@]+)')


class Options(Typed, frozen=True):
    """`quantize` is what the converter does itself.

    none: float32. float16: weights stored in half precision. dynamic: int8 weights, activations
    quantized at run time. int8, int8x16: static, calibrated; 8 or 16-bit activations. `rows` is how
    many draws calibrate, None for all there are.
    """

    quantize: Literal["none", "float16", "dynamic", "int8", "int8x16"] = "none"
    rows: int | None = None

    def calibrates(self) -> bool:
        """Whether the pass reads calibration data."""
        return self.quantize in ("int8", "int8x16")


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Convert every signature.

    Raises:
        PassError: an op that LiteRT has not (names op and layer), or weights that were lost.
    """
    for name, signature in model.signatures.items():
        content = convert(name, signature, model, options, ctx)
        artifact(ctx, name, ".tflite").write_bytes(content)
    result = with_files(model, GIVES, ".tflite")
    check_weights_present([ctx.output / file for file in result.files.values()], model.parameters)
    return result


def convert(name: str, signature: Signature, model: Model, options: Options, ctx: Context) -> bytes:
    """One signature as the content of a .tflite file."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(ctx.source / model.files[name]))
    if options.quantize != "none":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if options.quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if options.calibrates():
        rows = calibration_rows(ctx, name, signature, options.rows)
        converter.representative_dataset = lambda: as_tensors(rows)
        ops = tf.lite.OpsSet
        converter.target_spec.supported_ops = [
            ops.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
            if options.quantize == "int8x16"
            else ops.TFLITE_BUILTINS_INT8,
            ops.TFLITE_BUILTINS,
        ]
    try:
        return bytes(converter.convert())
    except Exception as error:  # the converter raises its own private types
        raise PassError(f"lower-litert: {name}: {converter_reason(str(error))}") from None


def as_tensors(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Calibration batches as the converter takes them."""
    import tensorflow as tf

    for row in rows:
        yield {key: tf.constant(array) for key, array in row.items()}


def converter_reason(text: str) -> str:
    """The useful line of the converter's message: for a missing op, which op and where."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        if "is neither a custom op nor a flex op" in line:
            op = line.split("'")[1] if "'" in line else line
            layer = LAYER.search(line)
            where = f" of '{layer[1]}'" if layer else ""
            return (
                f"op {op}{where} has no LiteRT form; replace that layer by one made of standard ops"
            )
    return lines[0][:300] if lines else "the converter gave no reason"
