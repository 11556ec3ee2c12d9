"""Which op computes a tensor and which ops read it, kept as ops come and go.

Each change takes the time of the ops that it is about, however many others there are, so that
graphs of thousands of ops are rewritten in seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Place = tuple[int, ...]


class Wiring:
    """Ops in order of execution. What they read and write is changed here alone.

    An op's place is a tuple. Those that replace it get that and a number of their own behind it:
    they sort where it stood, and no other place changes.
    """

    def __init__(self, ops: Iterable[Any], outputs: Iterable[int]) -> None:
        self._places: dict[Any, Place] = {}
        self._producers: dict[int, Any] = {}
        self._consumers: defaultdict[int, set[Any]] = defaultdict(set)
        self._outputs = set(outputs)
        self._doubtful: list[Any] = []  # ops that nothing may read
        for number, op in enumerate(ops):
            self._insert(op, (number,))

    def ops(self) -> Iterator[Any]:
        """The ops in order of execution when the loop began, but for those taken out since."""
        for op in self._ordered(self._places):
            if op in self._places:
                yield op

    def first(self, ops: Iterable[Any]) -> Any:
        """The op that is executed first of some."""
        return min(ops, key=self._places.__getitem__)

    def producer(self, tensor: int) -> Any | None:
        """The op that computes a tensor; None for inputs and constants."""
        return self._producers.get(tensor)

    def consumers(self, tensor: int) -> list[Any]:
        """The ops that read a tensor, in order of execution."""
        return self._ordered(self._consumers.get(tensor, ()))

    def is_output(self, tensor: int) -> bool:
        """Whether a tensor is an output of the graph."""
        return tensor in self._outputs

    def replace(self, old: Sequence[Any], new: Sequence[Any]) -> None:
        """Put `new` in the place of the last of the `old` ops, and take those out."""
        place = max(self._places[op] for op in old)
        for op in old:
            self.remove(op)
        for number, op in enumerate(new):
            self._insert(op, (*place, number))

    def remove(self, op: Any) -> None:
        """Take an op out."""
        del self._places[op]
        for tensor in op.outputs:
            if self._producers.get(tensor) is op:
                del self._producers[tensor]
        for tensor in op.inputs:
            self._forget(tensor, op)

    def reroute(self, old: int, new: int) -> None:
        """Let all that read one tensor read another."""
        for op in self.consumers(old):
            op.inputs = [new if tensor == old else tensor for tensor in op.inputs]
            self._consumers[new].add(op)
            self._forget(old, op)

    def unread(self) -> Any | None:
        """An op whose outputs nothing reads; None when there is none."""
        while self._doubtful:
            op = self._doubtful.pop()
            if op in self._places and not any(map(self._is_read, op.outputs)):
                return op
        return None

    def _ordered(self, ops: Iterable[Any]) -> list[Any]:
        return sorted(ops, key=self._places.__getitem__)

    def _insert(self, op: Any, place: Place) -> None:
        self._places[op] = place
        self._doubtful.append(op)
        self._producers.update(dict.fromkeys(op.outputs, op))
        for tensor in op.inputs:
            self._consumers[tensor].add(op)

    def _forget(self, tensor: int, op: Any) -> None:
        """An op no longer reads a tensor."""
        self._consumers[tensor].discard(op)
        if tensor in self._producers:
            self._doubtful.append(self._producers[tensor])

    def _is_read(self, tensor: int) -> bool:
        return self.is_output(tensor) or bool(self._consumers.get(tensor))
