"""LiteRT on the CPU: ai-edge-litert, or tflite-runtime where that is all there is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.device import Device
from edgekit.engines._agreement import check_number, check_tensor
from edgekit.errors import EngineError, MissingDependency, pip_install, why
from edgekit.model import Signature, Tensor

FORMATS = {"tflite": ".tflite"}
DEVICES = ("cpu",)
MODULES = ("ai_edge_litert", "tflite_runtime")
STDERR = Lock()

Array = NDArray[Any]


def check_installed() -> None:
    """Raises MissingDependency with the pip command when neither package is there."""
    if not any(find_spec(module) for module in MODULES):
        raise MissingDependency(
            f"LiteRT is not installed; run: {pip_install('litert', MODULES[0])} "
            "(or tflite-runtime, which is older)"
        )


def warm() -> None:
    """Import the interpreter."""
    interpreter_class()


def files(path: Path, there: Callable[[Path], bool] = Path.is_file) -> tuple[Path, ...]:
    """The one file of an artifact."""
    return (path,)


def load(
    path: Path, signature: Signature, device: Device, entry: str = ""
) -> LitertCall | EntryCall:
    """Load the only signature of a file, or one of several.

    Raises:
        EngineError: not a LiteRT file, an op or op version this runtime does not know, or an option
            of the device, of which LiteRT has none.
    """
    if device.options:
        raise EngineError(f"LiteRT has no option '{next(iter(device.options))}'; leave it out")
    if entry:
        return EntryCall(path, signature, device.threads, entry)
    return LitertCall(path, signature, device.threads)


def describe(path: Path) -> Signature:
    """The signature that an artifact itself tells."""
    interpreter = open_interpreter(path, 1)
    sides = {"inputs": interpreter.get_input_details(), "outputs": interpreter.get_output_details()}
    tensors = {
        side: tuple(
            Tensor(name=detail["name"], shape=tuple(int(n) for n in detail["shape"]))
            for detail in details
        )
        for side, details in sides.items()
    }
    return Signature(part=path.stem, inputs=tensors["inputs"], outputs=tensors["outputs"])


def open_interpreter(path: Path, threads: int) -> Any:
    """An interpreter on a file; raises EngineError when the file is none."""
    try:
        with quiet_stderr():
            return interpreter_class()(model_path=str(path), num_threads=threads)
    except (RuntimeError, ValueError) as error:
        raise EngineError(f"LiteRT cannot load '{path}': {why(error)}") from None


def interpreter_class() -> type[Any]:
    """The interpreter of whichever package is installed, the current one first."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tflite_runtime.interpreter import Interpreter
    return Interpreter  # type: ignore[no-any-return]


class LitertCall:
    """One signature of one interpreter; integer inputs and outputs are scaled here."""

    def __init__(self, path: Path, signature: Signature, threads: int) -> None:
        self._interpreter, self._path = open_interpreter(path, threads), path
        try:
            # Scales are read before allocation: XNNPACK rewrites them afterwards.
            self._inputs = bind(self._interpreter.get_input_details(), self._names("inputs"))
            self._outputs = bind(self._interpreter.get_output_details(), self._names("outputs"))
            with quiet_stderr():
                self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"LiteRT cannot load '{path}': {why(error)}") from None
        check_number(path, len(signature.inputs), len(self._inputs))
        self._inputs = ordered(self._inputs, [t.name for t in signature.inputs])
        self._outputs = ordered(self._outputs, [t.name for t in signature.outputs])
        described = signature.inputs + signature.outputs
        for tensor, binding in zip(described, self._inputs + self._outputs, strict=True):
            check_tensor(path, tensor, binding.shape, binding.dtypes)

    def _names(self, side: str) -> dict[int, str]:
        """Signature names by tensor index, of the only signature."""
        signatures = self._interpreter._get_full_signature_list()
        if len(signatures) > 1:
            raise EngineError(f"'{self._path}' holds several signatures: {', '.join(signatures)}")
        first: dict[str, dict[str, int]] = next(iter(signatures.values()), {side: {}})
        return {index: name for name, index in first[side].items()}

    def __call__(self, inputs: list[Array]) -> list[Array]:
        interpreter = self._interpreter
        for binding, array in zip(self._inputs, inputs, strict=True):
            interpreter.set_tensor(binding.index, binding.quantize(array))
        try:
            interpreter.invoke()
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"LiteRT failed in '{self._path}': {why(error)}") from None
        return [b.dequantize(interpreter.get_tensor(b.index)) for b in self._outputs]


class EntryCall:
    """One of several signatures of a file, whose weights are stored once."""

    def __init__(self, path: Path, signature: Signature, threads: int, entry: str) -> None:
        # The runner does not keep the interpreter alive.
        self._interpreter, self._path = open_interpreter(path, threads), path
        known = self._interpreter.get_signature_list()
        if entry not in known:
            has = ", ".join(known) or "none"
            raise EngineError(f"'{path}' has no signature '{entry[:80]}'; it has: {has}")
        self._run = self._interpreter.get_signature_runner(entry)
        sides = (
            (signature.inputs, self._run.get_input_details()),
            (signature.outputs, self._run.get_output_details()),
        )
        self._inputs, self._outputs = (
            ordered([Binding(n, detail) for n, detail in found.items()], [t.name for t in wanted])
            for wanted, found in sides
        )
        for tensor, binding in zip(
            signature.inputs + signature.outputs, self._inputs + self._outputs, strict=True
        ):
            check_tensor(path, tensor, binding.shape, binding.dtypes)

    def __call__(self, inputs: list[Array]) -> list[Array]:
        given = {
            binding.name: binding.quantize(array)
            for binding, array in zip(self._inputs, inputs, strict=True)
        }
        try:
            made = self._run(**given)
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"LiteRT failed in '{self._path}': {why(error)}") from None
        return [binding.dequantize(made[binding.name]) for binding in self._outputs]


class Binding:
    """A tensor of the interpreter and its affine quantization (scale 0: none)."""

    def __init__(self, name: str, detail: dict[str, Any]) -> None:
        self.name, self.index, self.dtype = name, detail["index"], np.dtype(detail["dtype"])
        scale, zero = detail["quantization"]
        self.integer = self.dtype.kind in "iu" and scale != 0
        self.scale, self.zero = np.float32(scale), np.int32(zero)
        self.shape = tuple(map(int, detail["shape"]))

    @property
    def dtypes(self) -> tuple[str, ...]:
        """The type of its real values, and its own."""
        return ("float32", self.dtype.name) if self.integer else (self.dtype.name,)

    def quantize(self, array: Array) -> Array:
        """Real values to this tensor's integers: round(x / scale) + zero point, saturated."""
        if not self.integer or array.dtype == self.dtype:
            return array.astype(self.dtype, copy=False)
        limits = np.iinfo(self.dtype)
        rounded = np.rint(array / self.scale) + self.zero
        return np.clip(rounded, limits.min, limits.max).astype(self.dtype)

    def dequantize(self, array: Array) -> Array:
        """This tensor's integers to real values: (q - zero point) · scale."""
        if not self.integer:
            return array
        return (array.astype(np.int32) - self.zero).astype(np.float32) * self.scale


def bind(details: list[dict[str, Any]], names: dict[int, str]) -> list[Binding]:
    """A binding for each tensor, named by the signature where it has a name."""
    return [Binding(names.get(detail["index"], detail["name"]), detail) for detail in details]


def ordered(bindings: list[Binding], names: list[str]) -> list[Binding]:
    """The bindings in the order of the signature.

    Raises EngineError when names were not kept and there is more than one to tell apart.
    """
    by_name = {binding.name: binding for binding in bindings}
    if set(names) <= set(by_name):
        return [by_name[name] for name in names]
    if len(names) == len(bindings) == 1:
        return bindings
    raise EngineError(f"the artifact has tensors {sorted(by_name)}, its manifest {sorted(names)}")


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what native code prints: LiteRT announces its delegate for each interpreter.

    Its errors come as exceptions all the same.
    """
    with STDERR:  # one descriptor for the whole process
        try:
            saved = os.dup(2)
        except OSError:  # the program was started without one
            yield
            return
        silent = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(silent, 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(silent)
            os.close(saved)
