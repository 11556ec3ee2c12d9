"""The converter's messages, cut down to what a user can act on."""

import pytest

from edgekit.engines.litert.passes.lower import converter_reason

REMEDY = "has no LiteRT form; replace that layer by one made of standard ops"
CALL = 'fused["StatefulPartitionedCall:", "StatefulPartitionedCall_1"]'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            f'loc(callsite(fused["Cholesky:", "net/whiten/Cholesky@call_88"] at {CALL}))'
            ": error: 'tf.Cholesky' op is neither a custom op nor a flex op",
            f"op tf.Cholesky of 'net/whiten/Cholesky' {REMEDY}",
        ),
        (
            "<unknown>:0: error: 'tf.Cholesky' op is neither a custom op nor a flex op",
            f"op tf.Cholesky {REMEDY}",
        ),
        ("\n  out of luck\nmore", "out of luck"),
        ("", "no reason was given"),
    ],
)
def test_a_missing_op_is_named_with_its_layer(text: str, reason: str) -> None:
    assert converter_reason(text) == reason


@pytest.mark.parametrize(
    ("types", "reason"),
    [
        ("tensor<1x8xf16>, tensor<8x8xf16>", "computes in half precision, which LiteRT does not"),
        ("tensor<1x8xbf16>", "computes in bfloat16"),
        ("tensor<f64>", "computes in float64"),
        ("tensor<2xcomplex<f32>>", "computes in complex numbers"),
        ("tensor<1x?x?x3xf32>", "only known at run time (1x?x?x3xf32); use fixed sizes"),
        ("tensor<1x8xf32>", REMEDY),
    ],
)
def test_what_keeps_an_op_from_its_form_is_told(types: str, reason: str) -> None:
    """A net in half precision needs another policy, not another layer."""
    text = (
        "<unknown>:0: error: 'tf.MatMul' op is neither a custom op nor a flex op\n"
        "<unknown>:0: error: failed while converting: 'main': \nTF Select ops: MatMul\nDetails:\n"
        f"\ttf.MatMul({types}) -> (tensor<1x8xf32>) : {{grad_a = false}}\n"
    )
    told = converter_reason(text)
    assert told.startswith("op tf.MatMul ") and reason in told
    assert (REMEDY in told) == (reason == REMEDY)
