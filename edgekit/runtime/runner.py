"""Runs signatures of artifacts in an engine, one static batch after another."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgekit.data.values import cast, padded
from edgekit.device import Device
from edgekit.engines import check_device, runtime
from edgekit.errors import EngineError, InputError
from edgekit.model import Model, Tensor

Array = NDArray[Any]


class Call(Protocol):
    """One loaded signature: arrays in the order of its inputs to arrays in that of its outputs."""

    def __call__(self, inputs: list[Array]) -> list[Array]: ...


class Exclusive:
    """A call that one thread at a time runs: the engine holds inputs and outputs of one batch."""

    def __init__(self, call: Call) -> None:
        self._call, self._lock = call, Lock()

    def __call__(self, inputs: list[Array]) -> list[Array]:
        with self._lock:
            return self._call(inputs)


class EngineRunner:
    """A Runner over the artifacts of one model; loads each signature when it is first run.

    Any number of threads may use it: calls of one signature wait for each other. A forked process
    must make its own, since the engine's threads are not forked with it.
    """

    def __init__(
        self,
        folder: Path,
        model: Model,
        engine: str,
        device: Device,
        bundle: Path | None = None,
    ) -> None:
        """`bundle` is what messages name, where the files are elsewhere."""
        check_device(engine, device)
        self._engine = runtime(engine)
        self._engine.check_installed()
        self._folder, self._model, self._device = folder, model, device
        self._bundle = bundle or folder
        self._calls: dict[str, Call] = {}
        self._loading, self._process = Lock(), os.getpid()

    def load(self, signature: str) -> Call:
        """The signature as a callable on exactly one static batch.

        Raises:
            EngineError: this process was forked after the bundle was loaded.
        """
        if os.getpid() != self._process:  # or it would wait for threads that are not there
            raise EngineError(
                f"'{self._bundle}' was loaded before this process was forked; "
                "load it in each worker, after the fork"
            )
        with self._loading:
            if signature not in self._calls:
                path = self._folder / self._model.files[signature]
                described = self._model.signatures[signature]
                entry = self._model.entries.get(signature, "")
                call = self._engine.load(path, described, self._device, entry)
                self._calls[signature] = Exclusive(call)
            return self._calls[signature]

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run a signature on N rows.

        Args:
            signature: a name from the model.
            inputs: an array (N, …) for each input; N need not be the artifact's batch.

        Returns:
            An array (N, …) for each output.

        Raises:
            InputError: a missing input or one of the wrong shape or kind.
        """
        described = self._model.signatures[signature]
        rows = [checked(tensor, inputs) for tensor in described.inputs]
        count, batch = len(rows[0]), int(described.inputs[0].shape[0] or 1)
        if any(len(array) != count for array in rows):
            sizes = ", ".join(f"{t.name}: {len(a)}" for t, a in zip(described.inputs, rows))  # noqa: B905
            raise InputError(f"inputs of '{signature}' differ in their number of rows ({sizes})")
        call = self.load(signature)
        names = [tensor.name for tensor in described.outputs]
        if count == batch:
            return dict(zip(names, call(rows), strict=True))
        batches = [
            call([padded(array[i : i + batch], batch) for array in rows])
            for i in range(0, count, batch)
        ]
        return {
            name: np.concatenate([outputs[k] for outputs in batches])[:count]
            for k, name in enumerate(names)
        }


def checked(tensor: Tensor, inputs: Mapping[str, Array]) -> Array:
    """The array of one input, in its dtype."""
    if tensor.name not in inputs:
        raise InputError(f"input '{tensor.name}' is missing; got: {', '.join(inputs) or 'none'}")
    array = np.asarray(inputs[tensor.name])
    if array.shape[1:] != tensor.shape[1:] or array.ndim == 0 or len(array) == 0:
        want = ("N", *tensor.shape[1:])
        raise InputError(f"input '{tensor.name}' has shape {array.shape}, expected {want}")
    if array.dtype != tensor.dtype:
        if array.dtype.kind not in "fiub":
            raise InputError(f"input '{tensor.name}' holds {array.dtype}, expected {tensor.dtype}")
        array = cast(array, tensor.dtype)
    return array
