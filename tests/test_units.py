"""Sizes and times as people write them."""

import pytest

from edgekit.errors import InputError
from edgekit.units import latency_text, parse_latency, parse_size, size_text


@pytest.mark.parametrize(
    ("text", "size"), [("800kB", 800_000), ("1.5 MB", 1_500_000), ("12B", 12), (".5kB", 500)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size
    assert parse_size(size_text(size)) == size


@pytest.mark.parametrize(
    ("text", "latency"), [("5ms", (0.005, "s")), ("2 s", (2.0, "s")), ("0.5x", (0.5, "x"))]
)
def test_latencies(text: str, latency: tuple[float, str]) -> None:
    assert parse_latency(text) == latency
    assert parse_latency(latency_text(*latency)) == latency


@pytest.mark.parametrize("text", ["", "800", "kB", "0kB", "-1kB", "1KB", "1e3kB", "1 k B"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(InputError, match="is not a number with a unit \\(B, kB, MB, GB\\)"):
        parse_size(text)
