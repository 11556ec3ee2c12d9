"""What people do today, tool by tool, exactly as each tool's own documentation shows it.

Every tool gets what an expert would give it: static shapes, and the calibration data that edgekit
draws from the model itself. `FREE_BATCH` is the export most people do instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from edgekit.model import Model, Signature
from edgekit.passes import export
from edgekit.passes._context import Array, Context, calibration_rows

Rows = list[dict[str, Array]]
FLOAT32 = "TF float32"
EDGEKIT = "edgekit"


def tf_converter(saved: Path, rows: Rows, mode: str) -> bytes:
    """TFLiteConverter: plain, `Optimize.DEFAULT`, float16, or int8 with representative data."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
    if mode != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if mode == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if mode == "int8":

        def dataset() -> Iterator[dict[str, Any]]:
            for row in rows:
                yield {name: tf.constant(array) for name, array in row.items()}

        converter.representative_dataset = dataset
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
            tf.lite.OpsSet.TFLITE_BUILTINS,
        ]
    return bytes(converter.convert())


def litert_quantizer(saved: Path, rows: Rows, name: str) -> bytes:
    """One of litert-quantizer's own recipes on the float graph."""
    from litert_quantizer import quantizer, recipe

    tool = quantizer.Quantizer(bytearray(tf_converter(saved, rows, "float32")))
    tool.load_quantization_recipe(getattr(recipe, name)())
    found = tool.calibrate({"serving_default": rows}) if tool.need_calibration else None
    return bytes(tool.quantize(found).quantized_model)


def nncf_tool(saved: Path, rows: Rows, name: str) -> Any:
    """OpenVINO's converter, followed by NNCF's defaults; the OpenVINO model."""
    import nncf
    import openvino

    graph = openvino.convert_model(str(saved))
    if name == "quantize":
        return nncf.quantize(graph, nncf.Dataset(rows))
    if name == "weights int8":
        return nncf.compress_weights(graph)
    if name == "weights int4":
        return nncf.compress_weights(graph, mode=nncf.CompressWeightsMode.INT4_ASYM)
    return graph


Make = Callable[[Path, Rows], Any]
LITERT: dict[str, Make] = {
    FLOAT32: lambda saved, rows: tf_converter(saved, rows, "float32"),
    "TF float16": lambda saved, rows: tf_converter(saved, rows, "float16"),
    "TF Optimize.DEFAULT": lambda saved, rows: tf_converter(saved, rows, "dynamic"),
    "TF int8": lambda saved, rows: tf_converter(saved, rows, "int8"),
    "litert-quantizer dynamic int8": lambda s, r: litert_quantizer(s, r, "dynamic_wi8_afp32"),
    "litert-quantizer static int8": lambda s, r: litert_quantizer(s, r, "static_wi8_ai8"),
    "litert-quantizer weights int8": lambda s, r: litert_quantizer(s, r, "weight_only_wi8_afp32"),
    "litert-quantizer dynamic int4": lambda s, r: litert_quantizer(s, r, "dynamic_wi4_afp32"),
    "litert-quantizer weights int4": lambda s, r: litert_quantizer(s, r, "weight_only_wi4_afp32"),
}
OPENVINO: dict[str, Make] = {
    "OpenVINO float32": lambda saved, rows: nncf_tool(saved, rows, "float32"),
    "OpenVINO float16": lambda saved, rows: nncf_tool(saved, rows, "float16"),
    "NNCF int8": lambda saved, rows: nncf_tool(saved, rows, "quantize"),
    "NNCF weights int8": lambda saved, rows: nncf_tool(saved, rows, "weights int8"),
    "NNCF weights int4": lambda saved, rows: nncf_tool(saved, rows, "weights int4"),
}
FREE_BATCH: dict[str, Make] = {
    f"{name}, free batch": LITERT[name]
    for name in (FLOAT32, "TF Optimize.DEFAULT", "litert-quantizer dynamic int8")
}
TOOLS = {"litert": LITERT, "openvino": OPENVINO}
FORMATS = {"litert": "tflite", "openvino": "openvino-ir"}  # that they make for each engine


def export_free(output: Path, described: Path) -> None:
    """Step: every signature as a SavedModel whose batch size is left open, as `export` does."""
    model = Model.load(described)
    opened = {name: with_free_batch(signature) for name, signature in model.signatures.items()}
    ctx = Context(source=described, output=output)
    saved = export.run(model.replace(signatures=opened), export.Options(), ctx)
    saved.replace(signatures=model.signatures).save(output)


def with_free_batch(signature: Signature) -> Signature:
    """The signature with any number of rows."""
    replace = msgspec.structs.replace
    inputs = tuple(replace(t, shape=(None, *t.shape[1:])) for t in signature.inputs)
    return replace(signature, inputs=inputs)


def make(output: Path, names: list[str], engine: str, saved: Path, calibration: Path) -> None:
    """Step: every signature of a SavedModel with each tool, in a folder named by its number.

    One process for all, since loading TensorFlow takes longer than most of them. What a tool
    refuses is told in its folder's error.txt.
    """
    for number, name in enumerate(names):
        folder = output / str(number)
        folder.mkdir()
        try:
            make_one(folder, name, engine, saved, calibration)
        except Exception as error:  # tools raise what they like
            reason = str(error).strip().splitlines() or [type(error).__name__]
            (folder / "error.txt").write_text(reason[0])


def make_one(output: Path, tool: str, engine: str, saved: Path, calibration: Path) -> None:
    """Every signature with one tool."""
    model = Model.load(saved)
    ctx = Context(source=saved, output=output, calibration=calibration)
    function = (TOOLS[engine] | FREE_BATCH)[tool]
    files = {}
    for name, signature in model.signatures.items():
        rows = calibration_rows(ctx, name, signature)
        made = function(saved / model.files[name], rows)
        if engine == "litert":
            files[name] = f"{name}.tflite"
            (output / files[name]).write_bytes(made)
        else:
            import openvino

            files[name] = f"{name}.xml"
            half = tool != "OpenVINO float32"  # what save_model does unless told otherwise
            openvino.save_model(made, str(output / files[name]), compress_to_fp16=half)
    model.replace(kind=FORMATS[engine], files=files).save(output)
