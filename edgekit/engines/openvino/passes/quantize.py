"""Static int8 post-training quantization of OpenVINO models with NNCF.

Exact changes come first, without which less of the net would run in int8, or be stored so: some
rewrites, and the scale of a batch normalization folded into a dense layer.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from edgekit.engines.openvino.graph import all_but, save_quantized
from edgekit.engines.openvino.grid import regridded
from edgekit.engines.openvino.passes.rewrite import rewrite
from edgekit.errors import PassError
from edgekit.model import Model
from edgekit.passes._context import Context, artifact, calibration_rows, with_files
from edgekit.reason import reason
from edgekit.typed import Typed

TAKES, GIVES = "openvino-ir", "openvino-ir"
NEEDS = ("openvino", "nncf")
PREPARED = ("padded-convolution", "nearest-upsampling", "single-row")


class Options(Typed, frozen=True):
    """`preset` mixed: activations asymmetric. `bias_correction`: fast, full or none.

    `ranges`: extremes keeps every value seen in calibration, mean (NNCF's default) and quantile
    clip the rare ones. `smooth_quant` is the strength of moving outliers from activations to
    weights, -1 for none. `only` names the layers to quantize, None for all. `rows` is how many
    draws calibrate, None for all there are. `grid`: of the 8 bits that weights are stored and
    computed in, so many are used, and packed files are smaller.
    """

    preset: Literal["mixed", "performance"] = "mixed"
    ranges: Literal["extremes", "mean", "quantile"] = "extremes"
    bias_correction: Literal["fast", "full", "none"] = "fast"
    smooth_quant: float | None = None
    only: tuple[str, ...] | None = None
    rows: int | None = None
    grid: Literal[1, 2, 3, 4, 5, 6, 7] | None = None

    def calibrates(self) -> bool:
        """Always."""
        return True


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Quantize every signature; raises PassError when NNCF refuses the graph."""
    import nncf
    import openvino
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet as Ranges

    advanced = nncf.AdvancedQuantizationParameters(
        disable_bias_correction=options.bias_correction == "none",
        activations_range_estimator_params={
            "extremes": Ranges.MINMAX,
            "mean": Ranges.MEAN_MINMAX,
            "quantile": Ranges.MEAN_QUANTILE,
        }[options.ranges],
    )
    if options.smooth_quant is not None:
        advanced.smooth_quant_alphas = nncf.AdvancedSmoothQuantParameters(
            convolution=options.smooth_quant, matmul=options.smooth_quant
        )
    for name, signature in model.signatures.items():
        rows = calibration_rows(ctx, name, signature, options.rows)
        graph = openvino.Core().read_model(str(ctx.source / model.files[name]))
        fold_scales(graph)
        rewrite(graph, PREPARED)
        try:
            quantized = nncf.quantize(
                graph,
                nncf.Dataset(rows),
                ignored_scope=all_but(graph, options.only),
                preset=nncf.QuantizationPreset(options.preset),
                subset_size=len(rows),
                fast_bias_correction=options.bias_correction != "full",
                advanced_parameters=advanced,
            )
        except (RuntimeError, ValueError, AssertionError) as error:
            raise PassError(f"quantize-openvino: {name}: {reason(error)}") from None
        if options.grid:
            regridded(quantized, options.grid)
        save_quantized(quantized, artifact(ctx, name, ".xml"))
    return with_files(model, GIVES, ".xml")


def fold_scales(graph: Any) -> None:
    """Fold the scale of a batch normalization into the dense layer before it: (x W) s = x (W s).

    OpenVINO folds it into convolutions itself, but not into dense layers. It is for passes that
    keep scales in float32: in NNCF's weight compression they have half precision, and folded ones
    may be too small for it.
    """
    from openvino import opset13 as ops

    for op in graph.get_ordered_ops():
        dense = op.input_value(0).get_node() if op.get_type_name() == "Multiply" else None
        if dense is None or dense.get_type_name() != "MatMul":
            continue
        weights, scale = dense.input_value(1).get_node(), op.input_value(1).get_node()
        if {weights.get_type_name(), scale.get_type_name()} != {"Constant"} or any(
            len(node.output(0).get_target_inputs()) > 1 for node in (dense, weights)
        ):
            continue
        factors, transposed = scale.get_data(), dense.get_attributes()["transpose_b"]
        if not 0 < factors.ndim <= 2 or factors.size != factors.shape[-1]:
            continue  # not one factor for each output
        if weights.get_data().ndim != 2:
            continue
        column = factors.reshape(-1, 1) if transposed else factors.reshape(1, -1)
        folded = ops.constant((weights.get_data() * column).astype(np.float32))
        dense.input(1).replace_source_output(folded.output(0))
        for port in op.output(0).get_target_inputs():
            port.replace_source_output(dense.output(0))
