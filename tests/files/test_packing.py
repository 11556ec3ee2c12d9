"""Packed files come near their entropy, and expand to what they were and no further."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.files.packing import CHUNK, LEAST, WORTH, deflated, packed, unpack


def codes(bits: int, count: int = 1 << 18) -> bytes:
    """Normal weights on a grid of so many bits within int8, as the seed 0 draws them."""
    most = 2 ** (bits - 1) - 1
    weights = np.random.default_rng(0).normal(size=count)
    return np.round(np.clip(weights / 3, -1, 1) * most).astype(np.int8).tobytes()


def entropy(content: bytes) -> float:
    """Bytes that the frequencies of byte values alone would take (Shannon, 1948)."""
    counts = np.bincount(np.frombuffer(content, np.uint8), minlength=256)
    shares = counts[counts > 0] / len(content)
    return float(-(shares * np.log2(shares)).sum() / 8 * len(content))


@pytest.mark.parametrize("bits", [3, 4, 5, 6, 7, 8])
def test_weights_take_little_more_than_their_entropy(bits: int) -> None:
    """Huffman's codes are whole bits, which costs most where there are few: 3 bits, 5 %."""
    content = codes(bits)
    small = packed(content)
    assert small is not None
    assert len(small) < 1.06 * entropy(content)


def test_what_would_not_be_smaller_stays_as_it_is() -> None:
    noise = np.random.default_rng(0).bytes(LEAST)
    assert packed(noise) is None
    assert packed(bytes(LEAST - 1)) is None
    assert len(packed(bytes(LEAST)) or b"") < WORTH * LEAST


@given(st.binary(max_size=3 * CHUNK // 2), st.integers(0, 3))
def test_what_is_expanded_is_what_was_packed(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, strategy: int
) -> None:
    folder = tmp_path_factory.mktemp("packed")
    (folder / "small").write_bytes(deflated(content, strategy))
    unpack(folder / "small", folder / "plain", len(content))
    assert (folder / "plain").read_bytes() == content


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        (b"no stream", "incorrect header check"),
        (zlib.compress(bytes(100))[:-6], "it ends too early"),
        (b"", "it ends too early"),
        (zlib.compress(bytes(99)), "it holds 99 bytes, not 100"),
        (zlib.compress(bytes(50 * CHUNK)), "it holds more than 100 bytes"),
    ],
)
def test_nothing_else_is_expanded(tmp_path: Path, stored: bytes, reason: str) -> None:
    """And no more is written than the manifest tells, however far a stream would grow."""
    (tmp_path / "small").write_bytes(stored)
    with pytest.raises(ValueError, match=reason):
        unpack(tmp_path / "small", tmp_path / "plain", 100)
    assert (tmp_path / "plain").stat().st_size <= 100
