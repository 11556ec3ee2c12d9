"""The converter's messages, cut down to what a user can act on."""

import pytest

from edgekit.passes.lower_litert import converter_reason

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
        ("", "the converter gave no reason"),
    ],
)
def test_a_missing_op_is_named_with_its_layer(text: str, reason: str) -> None:
    assert converter_reason(text) == reason
