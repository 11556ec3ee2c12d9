"""SavedModel to LiteRT with TensorFlow's converter, in float or with its own quantization."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from edgekit.engines.litert.file import check_weights_present, computed_convolutions
from edgekit.errors import PassError
from edgekit.model import Model, Signature
from edgekit.passes._context import Context, artifact, calibration_rows, with_files
from edgekit.reason import reason
from edgekit.typed import Typed

TAKES, GIVES = "saved-model", "tflite"
NEEDS = ("tensorflow", "ai_edge_litert")
TYPES = {"f16": "half precision", "bf16": "bfloat16", "f64": "float64"}
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
        path = artifact(ctx, name, ".tflite")
        path.write_bytes(content)
        if options.calibrates():
            check_convolutions(path)
    result = with_files(model, GIVES, ".tflite")
    check_weights_present([ctx.output / file for file in result.files.values()], model.parameters)
    return result


def check_convolutions(path: Path) -> None:
    """Raise PassError for what the converter quantizes though no kernel computes it rightly."""
    wrong = [name for name, integer in computed_convolutions(path).items() if integer]
    if wrong:
        raise PassError(
            f"lower-litert: TensorFlow's quantizer cannot leave '{wrong[0]}' in float, whose "
            "weights are computed; use the recipe int8, which can"
        )


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
    """Why the converter refuses a graph: for a missing op which op, where, and what it lacks."""
    for line in text.splitlines():
        if "is neither a custom op nor a flex op" in line:
            op = line.split("'")[1] if "'" in line else line
            layer = LAYER.search(line)
            where = f" of '{layer[1]}'" if layer else ""
            return f"op {op}{where} {lacks(op, text)}"
    return reason(text)


def lacks(op: str, text: str) -> str:
    """What keeps LiteRT from an op, by the types that the converter shows of it."""
    shown = re.search(rf"{re.escape(op)}\((.*)\) -> \(([^)]*)\)", text)
    types = f"{shown[1]}, {shown[2]}" if shown else ""
    if wide := re.search(r"x?(bf16|f16|f64|complex<f\d+>)>", types):
        kind = TYPES.get(wide[1], "complex numbers")
        return f"computes in {kind}, which LiteRT does not; save the net with the policy float32"
    if free := re.search(r"tensor<([^>]*\?[^>]*)>", types):
        return (
            f"has no LiteRT form for a shape that is only known at run time ({free[1]}); "
            "use fixed sizes in that layer"
        )
    return "has no LiteRT form; replace that layer by one made of standard ops"
