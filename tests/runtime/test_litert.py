"""Integer tensors of LiteRT: real values in and out, as the quantization of the file says."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from edgekit.engines.litert.runtime import Binding, bind, ordered
from edgekit.errors import EngineError

DTYPES = st.sampled_from(["int8", "uint8", "int16"])
SCALES = st.floats(2.0**-20, 2.0**10, width=32)
VALUES = npst.arrays(np.float32, (8,), elements=st.floats(-1e6, 1e6, width=32))


def zeros(dtype: str) -> st.SearchStrategy[int]:
    """Zero points: 16-bit tensors are symmetric."""
    limits = np.iinfo(dtype)
    return st.just(0) if dtype == "int16" else st.integers(limits.min, limits.max)


BINDINGS = DTYPES.flatmap(lambda dtype: st.builds(binding, st.just(dtype), SCALES, zeros(dtype)))


def binding(dtype: str, scale: float, zero: int, name: str = "x", index: int = 0) -> Binding:
    detail = {"index": index, "dtype": np.dtype(dtype), "shape": [8], "quantization": (scale, zero)}
    return Binding(name, detail)


@given(BINDINGS, VALUES)
def test_quantize_against_a_loop(bound: Binding, values: NDArray[np.float32]) -> None:
    limits = np.iinfo(bound.dtype)
    expected = []
    for value in values:
        step = round(float(np.float32(value) / bound.scale))  # Python rounds half to even too
        expected.append(min(limits.max, max(limits.min, step + int(bound.zero))))
    quantized = bound.quantize(values)
    assert quantized.dtype == bound.dtype
    assert quantized.tolist() == expected


@given(BINDINGS, st.data())
def test_dequantize_against_a_loop(bound: Binding, data: st.DataObject) -> None:
    integers = data.draw(npst.arrays(bound.dtype, (8,)))
    # The product of two float32 is exact in double: one rounding, as in the runtime.
    expected = [np.float32((int(q) - int(bound.zero)) * float(bound.scale)) for q in integers]
    real = bound.dequantize(integers)
    assert real.dtype == np.float32
    assert real.tolist() == expected


@given(BINDINGS)
def test_every_integer_survives_the_round_trip(bound: Binding) -> None:
    limits = np.iinfo(bound.dtype)
    integers = np.arange(limits.min, limits.max + 1).astype(bound.dtype)
    assert np.array_equal(bound.quantize(bound.dequantize(integers)), integers)


@given(BINDINGS, VALUES)
def test_values_in_range_come_back_within_half_a_step(
    bound: Binding, values: NDArray[np.float32]
) -> None:
    limits = np.iinfo(bound.dtype)
    low, high = bound.dequantize(np.array([limits.min, limits.max], bound.dtype))
    values = np.clip(values, low, high)
    back = bound.dequantize(bound.quantize(values))
    # Half a step, and float32 rounding of quotient and product (2^-22 of the value).
    allowed = bound.scale / 2 + np.abs(values) * 2.0**-22
    assert (np.abs(back - values) <= allowed).all()


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_tensors_without_scale_pass_as_they_are(dtype: str) -> None:
    bound = binding(dtype, 0.0, 0)
    values = np.array([1, 2, 3], dtype)
    assert bound.quantize(values) is values
    assert bound.dequantize(values) is values


def test_integers_of_the_tensors_own_type_count_as_quantized() -> None:
    pixels = np.array([0, 7, 255], np.uint8)
    assert binding("uint8", 0.5, 3).quantize(pixels) is pixels


def details(*names: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "index": k, "dtype": np.float32, "shape": [1], "quantization": (0.0, 0)}
        for k, name in enumerate(names)
    ]


def test_tensors_are_found_by_their_signature_name() -> None:
    """Converters sort them as they like."""
    bindings = bind(details("serving_default_z:0", "serving_default_label:0"), {0: "z", 1: "label"})
    assert [b.index for b in ordered(bindings, ["label", "z"])] == [1, 0]


def test_without_signature_names_only_a_single_tensor_is_sure() -> None:
    assert [b.name for b in ordered(bind(details("a:0"), {}), ["z"])] == ["a:0"]
    with pytest.raises(EngineError, match="a:0"):
        ordered(bind(details("a:0", "b:0"), {}), ["z", "label"])
