"""OpenVINO on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edgekit.device import Device
from edgekit.engines._agreement import check_number, check_tensor
from edgekit.errors import EngineError, MissingDependency, pip_install, why
from edgekit.model import Signature, Tensor

FORMATS = {"openvino-ir": ".xml"}
DEVICES = ("cpu",)
MODULES = ("openvino",)

# Recent CPUs would run float nets in bfloat16: the artifact alone says what precision is meant.
CONFIG = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1"}

# What a device may not set: threads have a field of their own, and a cache holds code that no
# checksum covers.
OURS = {"INFERENCE_NUM_THREADS", "CACHE_DIR"}

Array = NDArray[Any]


def check_installed() -> None:
    """Raises MissingDependency with the pip command."""
    if not find_spec("openvino"):
        command = pip_install("openvino", "openvino")
        raise MissingDependency(f"OpenVINO is not installed; run: {command}")


def warm() -> None:
    """Import OpenVINO and open its plugins."""
    import openvino

    openvino.Core()


def files(path: Path, there: Callable[[Path], bool] = Path.is_file) -> tuple[Path, ...]:
    """The graph, and its weights unless they are missing."""
    return tuple(file for file in (path, path.with_suffix(".bin")) if there(file))


def load(path: Path, signature: Signature, device: Device, entry: str = "") -> OpenvinoCall:
    """Load one IR file (.xml with its .bin beside it).

    The device's options are properties of OpenVINO.

    Raises:
        EngineError: not a readable IR, an operation or property this OpenVINO does not know, or an
            `entry`, since a file holds one graph.
    """
    if refused := sorted(OURS & device.options.keys()):
        raise EngineError(f"the option {refused[0]} of OpenVINO is edgekit's own; leave it out")
    if entry:
        raise EngineError(f"'{path}' holds one graph, and no signature '{entry[:80]}'")
    return OpenvinoCall(path, signature, device)


def describe(path: Path) -> Signature:
    """The signature that an artifact itself tells."""
    import openvino

    graph = openvino.Core().read_model(str(path))
    return Signature(
        part=path.stem,
        inputs=tuple(described(port) for port in graph.inputs),
        outputs=tuple(described(port) for port in graph.outputs),
    )


def described(port: Any) -> Tensor:
    """One port of a model."""
    return Tensor(name=port.any_name, shape=tuple(port.shape))


def port(path: Path, tensor: Tensor, ports: list[Any]) -> Any:
    """The port of a compiled model that a tensor describes; EngineError when there is none."""
    found = next((port for port in ports if tensor.name in port.names), None)
    if found is None:
        known = sorted(name for port in ports for name in port.names)
        raise EngineError(f"'{path}' has no '{tensor.name}'; it has: {', '.join(known)}")
    if found.partial_shape.is_dynamic:
        raise EngineError(f"'{path}': '{tensor.name}' has no static shape")
    check_tensor(path, tensor, found.shape, [found.element_type.to_dtype().name])
    return found


class OpenvinoCall:
    """One compiled model and its infer request."""

    def __init__(self, path: Path, signature: Signature, device: Device) -> None:
        import openvino

        config = CONFIG | {"INFERENCE_NUM_THREADS": str(device.threads)} | device.options
        try:
            compiled = openvino.Core().compile_model(str(path), "CPU", config)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot load '{path}': {why(error)}") from None
        check_number(path, len(signature.inputs), len(compiled.inputs))
        self._inputs = [port(path, tensor, compiled.inputs) for tensor in signature.inputs]
        self._outputs = [port(path, tensor, compiled.outputs) for tensor in signature.outputs]
        self._path, self._request = path, compiled.create_infer_request()

    def __call__(self, inputs: list[Array]) -> list[Array]:
        try:
            results = self._request.infer(
                dict(zip(self._inputs, inputs, strict=True)), share_inputs=True
            )
        except RuntimeError as error:
            raise EngineError(f"OpenVINO failed in '{self._path}': {why(error)}") from None
        return [results[port] for port in self._outputs]
