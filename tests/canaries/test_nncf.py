"""The estimators of ranges by name."""

from __future__ import annotations

from tests.canaries import relied


def test_how_ranges_are_estimated() -> None:
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet as Ranges

    why = relied("nncf.quantization.range_estimator")
    for name in ("MINMAX", "MEAN_MINMAX", "MEAN_QUANTILE"):
        found = getattr(Ranges, name)
        assert found.min.statistics_type, why
        assert found.max.statistics_type, why
