"""The parts of litert-quantizer that edgekit puts together itself."""

from __future__ import annotations

import inspect

import numpy as np

from edgekit.engines.litert.passes.quantize import GRANULARITY
from tests.canaries import relied

WHY = relied("litert_quantizer")


def test_the_parts_and_what_they_take() -> None:
    from litert_quantizer import calibrator, qtyping, quantizer, recipe_manager
    from litert_quantizer.algorithm_manager import AlgorithmName

    calibrate = inspect.signature(calibrator.Calibrator)
    assert "qsv_update_func" in calibrate.parameters, WHY
    update = inspect.signature(quantizer.Quantizer.update_quantization_recipe).parameters
    assert {"regex", "operation_name", "algorithm_key"} <= set(update), WHY
    assert callable(recipe_manager.RecipeManager), WHY
    assert hasattr(AlgorithmName, "NO_QUANTIZE"), WHY
    assert qtyping.TFLOperationName("FULLY_CONNECTED"), WHY
    for name in GRANULARITY.values():
        assert qtyping.QuantGranularity[name], WHY


def test_how_ranges_of_several_batches_are_joined() -> None:
    from litert_quantizer.utils import qsv_utils

    one = {"min": np.array([[-1.0]]), "max": np.array([[2.0]])}
    other = {"min": np.array([[-3.0]]), "max": np.array([[1.0]])}
    extremes = qsv_utils.min_max_update(one, other)
    assert float(np.ravel(extremes["min"])[0]) == -3.0, WHY
    assert float(np.ravel(extremes["max"])[0]) == 2.0, WHY
    smooth = qsv_utils.moving_average_update(one, other)
    assert -3.0 < float(np.ravel(smooth["min"])[0]) < -1.0, WHY
