"""Who computes and who reads a tensor, after any edits, is what a scan of all ops finds."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from edgekit.engines.litert.wiring import Wiring

INPUT = 0


@dataclass(eq=False)
class Op:
    inputs: list[int]
    outputs: list[int]


@dataclass
class Scanned:
    """The oracle: a list of ops, gone through for every question."""

    ops: list[Op]
    outputs: set[int]

    def producer(self, tensor: int) -> Op | None:
        return next((op for op in self.ops if tensor in op.outputs), None)

    def consumers(self, tensor: int) -> list[Op]:
        return [op for op in self.ops if tensor in op.inputs]

    def replace(self, old: list[Op], new: list[Op]) -> None:
        place = max(map(self.ops.index, old)) + 1
        self.ops[place:place] = new
        self.ops = [op for op in self.ops if op not in old]

    def drop_unread(self) -> None:
        read, kept = set(self.outputs), []
        for op in reversed(self.ops):
            if not read.isdisjoint(op.outputs):
                kept.append(op)
                read.update(op.inputs)
        self.ops = kept[::-1]


def tensors_before(ops: list[Op], place: int) -> list[int]:
    """What an op at a place may read."""
    return [INPUT, *(tensor for op in ops[:place] for tensor in op.outputs)]


def reading(data: st.DataObject, tensors: list[int]) -> list[int]:
    return data.draw(st.lists(st.sampled_from(tensors), min_size=1, max_size=3))


@given(st.data())
def test_edits_keep_the_wiring(data: st.DataObject) -> None:
    ops: list[Op] = []
    for tensor in range(1, data.draw(st.integers(2, 12))):
        ops.append(Op(reading(data, tensors_before(ops, len(ops))), [tensor]))
    count = len(ops) + 1
    outputs = {count - 1, *data.draw(st.sets(st.integers(1, count - 1), max_size=2))}
    scanned, wiring = Scanned(list(ops), outputs), Wiring(ops, outputs)
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(scanned.ops) - 1))
        op, before = scanned.ops[place], tensors_before(scanned.ops, place)
        edit = data.draw(st.sampled_from(["replace", "reroute", "drop"]))
        if edit == "replace":
            new: list[Op] = []
            for _ in range(data.draw(st.integers(0, 2))):
                new.append(Op(reading(data, before), [count]))
                before, count = [*before, count], count + 1
            new.append(Op(reading(data, before), op.outputs))
            scanned.replace([op], new)
            wiring.replace([op], new)
        elif edit == "reroute":
            wiring.reroute(op.outputs[0], data.draw(st.sampled_from(before)))
            assert not scanned.consumers(op.outputs[0])
        else:
            scanned.drop_unread()
            while (unread := wiring.unread()) is not None:
                wiring.remove(unread)
        assert list(wiring.ops()) == scanned.ops
        for tensor in range(count):
            assert wiring.producer(tensor) is scanned.producer(tensor)
            assert wiring.consumers(tensor) == scanned.consumers(tensor)


def test_a_loop_over_ops_leaves_out_what_is_taken_out_meanwhile() -> None:
    first, second, third = ops = [Op([0], [1]), Op([1], [2]), Op([2], [3])]
    wiring = Wiring(ops, {3})
    seen = []
    for op in wiring.ops():
        seen.append(op)
        if op is first:
            wiring.replace([second], [Op([1], [2])])
    assert seen == [first, third]
