"""Weight compression of OpenVINO models with NNCF: weights stored in 8 or 4 bits."""

from __future__ import annotations

from typing import Any, Literal

from edgekit.engines.openvino.graph import all_but, save_quantized
from edgekit.engines.openvino.grid import compressed
from edgekit.errors import PassError
from edgekit.model import Model
from edgekit.passes._context import Context, artifact, calibration_rows, with_files
from edgekit.reason import reason
from edgekit.typed import Typed

TAKES, GIVES = "openvino-ir", "openvino-ir"
NEEDS = ("openvino", "nncf")


class Options(Typed, frozen=True):
    """`bits` 4 applies to dense layers, the others stay at 8.

    `group_size` weights share a scale (-1: a whole channel). `scale_estimation` and `awq` choose
    scales by the activations that were recorded. `correction` of what rounding did to them: gptq
    rounds one weight after another, lora adds a small matrix beside the layer. All three are for
    4 bits. `only` names the layers to compress, None for all. `rows` is how many draws calibrate,
    None for all there are. `grid`: of 8 bits that weights are stored in, so many are used, and
    packed files are smaller; with it, none of the others counts but `only`.
    """

    bits: Literal[8, 4] = 8
    group_size: int = -1
    scale_estimation: bool = False
    awq: bool = False
    correction: Literal["none", "gptq", "lora"] = "none"
    only: tuple[str, ...] | None = None
    rows: int | None = None
    grid: Literal[1, 2, 3, 4, 5, 6, 7] | None = None

    def calibrates(self) -> bool:
        """Whether the pass reads calibration data."""
        return self.scale_estimation or self.awq or self.correction != "none"


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Compress the weights of every signature; raises PassError when NNCF refuses the graph."""
    import nncf
    import openvino

    for name, signature in model.signatures.items():
        graph = openvino.Core().read_model(str(ctx.source / model.files[name]))
        if options.grid:
            compressed(graph, options.grid, options.only)
            save_quantized(graph, artifact(ctx, name, ".xml"))
            continue
        extra: dict[str, Any] = {}
        if options.calibrates():
            rows = calibration_rows(ctx, name, signature, options.rows)
            extra = {"dataset": nncf.Dataset(rows), "subset_size": len(rows)}
        if options.bits == 4:
            extra |= {
                "group_size": options.group_size,
                "scale_estimation": options.scale_estimation,
                "awq": options.awq,
                "gptq": options.correction == "gptq",
                "lora_correction": options.correction == "lora",
                "all_layers": True,
                # Layers narrower than a group get the largest group that fits, else 8 bits.
                "advanced_parameters": nncf.AdvancedCompressionParameters(
                    group_size_fallback_mode=nncf.GroupSizeFallbackMode.ADJUST
                ),
            }
        mode = (
            nncf.CompressWeightsMode.INT4_ASYM
            if options.bits == 4
            else (nncf.CompressWeightsMode.INT8_ASYM)
        )
        try:
            graph = nncf.compress_weights(
                graph, mode=mode, ignored_scope=all_but(graph, options.only), **extra
            )
        except (RuntimeError, ValueError, AssertionError) as error:
            raise PassError(f"compress-openvino: {name}: {reason(error)}") from None
        save_quantized(graph, artifact(ctx, name, ".xml"))
    return with_files(model, GIVES, ".xml")
