"""How the house is built: `python -m tests.rooms` counts rooms, floors and the arrows between them.

A room is a folder of edgekit (an engine's own folder, and its runtime, count by themselves) or a
module of the root. A floor is a line of LAYERS. An arrow is a pair of rooms of which one imports
the other.
"""

from __future__ import annotations

from collections import Counter

from tests.test_imports import FILES, LAYER, LAYERS, imports, unit


def arrows() -> Counter[tuple[str, str]]:
    """How many imports lead from each room to each."""
    found = (
        (unit(module), unit(other)) for module, path in FILES.items() for other in imports(path)
    )
    return Counter(found)


def main() -> None:
    """Print the figures, and what each room looks down on."""
    found = arrows()
    between = {pair: count for pair, count in found.items() if pair[0] != pair[1]}
    inside = sum(found.values()) - sum(between.values())
    upward = [pair for pair in between if LAYER[pair[1]] <= LAYER[pair[0]]]
    rooms, floors = len({*map(unit, FILES)}), len(LAYERS.strip().splitlines())
    print(f"{rooms} rooms on {floors} floors, {len(between)} arrows between them, {len(upward)} up")
    print(f"{inside} of {sum(found.values())} imports stay inside a room")
    for room in sorted({pair[0] for pair in between}, key=LAYER.__getitem__):
        below = sorted(pair[1] for pair in between if pair[0] == room)
        print(f"{room}: {', '.join(below)}")


if __name__ == "__main__":
    main()
