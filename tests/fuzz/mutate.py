"""Ways to damage a file: its bytes, or the values of the tree that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

Edit = tuple[int, int, int]
NUMBER = st.integers(0, 2**32 - 1)
EDITS = st.lists(st.tuples(st.integers(0, 7), NUMBER, NUMBER), min_size=1, max_size=4)

# What a careless reader takes for a length, an index, a path or a name.
WORDS = (0, 1, 2, 4, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF)
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**400, 0.0, -0.5, 1e308,
    float("nan"), float("inf"), "", "x", "\0", "\ud800", "../../outside", "/etc/passwd", "~",
    "n" * 5000, "__class__", "\n\x1b[31m", [], [[]], [1, 2], [None], {}, {"": {}}, {"a": 1},
    [2**40] * 3, ["x"] * 1000,
)  # fmt: skip


def broken_bytes(whole: bytes) -> st.SearchStrategy[bytes]:
    """A file with some of its bytes changed, cut, moved or repeated."""
    return EDITS.map(lambda edits: edited(whole, edits))


def edited(whole: bytes, edits: Sequence[Edit]) -> bytes:
    """A file after some edits."""
    content = bytearray(whole)
    for kind, first, second in edits:
        at = first % (len(content) + 1)
        match kind:
            case 0 if content:  # a bit
                content[at % len(content)] ^= 1 << second % 8
            case 1 if content:  # a byte
                content[at % len(content)] = second % 256
            case 2 | 3:  # a field
                at -= at % 4
                content[at : at + 4] = WORDS[second % len(WORDS)].to_bytes(4, "little")
            case 4:  # the end
                del content[at:]
            case 5:  # some of the middle
                del content[at : at + second % 64]
            case 6:  # a part of it elsewhere
                start = second % (len(content) + 1)
                content[at:at] = content[start : start + 64]
            case _:
                content[at:at] = bytes([second % 256]) * (second >> 8 & 0xFF)
    return bytes(content)


def broken_tree(tree: Any) -> st.SearchStrategy[Any]:
    """Plain values, some of which are replaced, renamed, repeated or gone."""
    return EDITS.map(lambda edits: changed(tree, edits))


def changed(tree: Any, edits: Sequence[Edit]) -> Any:
    """A copy of plain values after some edits."""
    result = [copied(tree)]  # so that the whole can be replaced as well
    for kind, first, second in edits:
        places = list(nodes(result))
        holder, key = places[first % len(places)]
        match kind:
            case 0 | 1 | 2 | 3:
                holder[key] = copied(VALUES[second % len(VALUES)])
            case 4 if len(places) > 1:
                del holder[key]
            case 5 if isinstance(holder, dict):
                name = VALUES[second % len(VALUES)]
                holder[name if isinstance(name, str) else str(key) + "x"] = holder.pop(key)
            case 6:  # another part of it
                other, name = places[second % len(places)]
                holder[key] = copied(other[name])
            case _:
                holder[key] = [holder[key]] * (second % 4)
        if not result:
            result = [None]
    return result[0]


def copied(value: Any) -> Any:
    """A copy of plain values."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    return [copied(inner) for inner in value] if isinstance(value, list) else value


def nodes(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a tree that holds a value, as its holder and the key there."""
    keys = range(len(tree)) if isinstance(tree, list) else list(tree)
    for key in keys:
        yield tree, key
        if isinstance(tree[key], (dict, list)):
            yield from nodes(tree[key])


def either(*strategies: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """One of several ways."""
    return st.one_of(*strategies)


def written(tree: Any, write: Callable[[Any], bytes]) -> st.SearchStrategy[bytes]:
    """The file of a broken tree, whose bytes may be broken besides."""
    files = broken_tree(tree).map(write)
    return st.one_of(files, files, st.tuples(files, EDITS).map(lambda made: edited(*made)))
