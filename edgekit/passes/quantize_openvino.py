"""Static int8 post-training quantization of OpenVINO models with NNCF."""

from __future__ import annotations

from typing import Literal

from edgekit.errors import PassError
from edgekit.model import Model
from edgekit.passes._context import Context, artifact, calibration_rows, with_files
from edgekit.passes._openvino import all_but, reason
from edgekit.typed import Typed

TAKES, GIVES = "openvino", "openvino"
NEEDS = ("openvino", "nncf")


class Options(Typed, frozen=True):
    """`preset` mixed: activations asymmetric. `bias_correction`: fast, full or none.

    `ranges`: extremes keeps every value seen in calibration, mean (NNCF's default) and quantile
    clip the rare ones. `smooth_quant` is the strength of moving outliers from activations to
    weights, -1 for none. `only` names the layers to quantize, None for all. `rows` is how many
    draws calibrate, None for all there are.
    """

    preset: Literal["mixed", "performance"] = "mixed"
    ranges: Literal["extremes", "mean", "quantile"] = "extremes"
    bias_correction: Literal["fast", "full", "none"] = "fast"
    smooth_quant: float | None = None
    only: tuple[str, ...] | None = None
    rows: int | None = None

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
        openvino.save_model(quantized, str(artifact(ctx, name, ".xml")), compress_to_fp16=False)
    return with_files(model, GIVES, ".xml")
