"""The limits of what the runtime may add to its engine; tests/benchmarks/overhead.py measures."""

import pytest

from tests.benchmarks.overhead import missed


@pytest.mark.parametrize(
    ("ratio", "added", "imported", "words"),
    [
        (1.04, 900.0, 1.1, []),
        (3.00, 20.0, 1.1, []),  # a tiny net: what is added is less than anybody notices
        (1.06, 60.0, 1.1, ["a call takes 1.060 times"]),
        (1.00, 0.0, 1.3, ["the import takes 1.30 times"]),
        (1.50, 90.0, 1.3, ["a call takes", "the import takes"]),
    ],
)
def test_limits(ratio: float, added: float, imported: float, words: list[str]) -> None:
    found = {"call_ratio": ratio, "added_us": added, "import_ratio": imported}
    told = missed(found)
    assert len(told) == len(words)
    assert all(text.startswith(word) for text, word in zip(told, words, strict=True))
