"""What edgekit's runtime adds to the bare engine: `python -m tests.benchmarks.overhead BUNDLE`.

Prints the time of a call and of the import, each beside the engine's own; exits 1 when edgekit adds
more than it may: to a call 5 % or 50 µs, to the import 20 %.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.bundle.reading import read_manifest
from edgekit.measure.latency import interleaved
from edgekit.runtime import load

ENGINES = {"litert": "ai_edge_litert.interpreter", "openvino": "openvino"}
CALL_RATIO, CALL_US, IMPORT_RATIO = 1.05, 50.0, 1.20


def bare_call(bundle: Path) -> Any:
    """One run of the engine alone on the first signature: set, invoke, get."""
    manifest = read_manifest(bundle)
    artifact = manifest.artifacts[0]
    name, signature = next(iter(manifest.signatures.items()))
    path = bundle / artifact.signatures[name].file
    inputs = [np.zeros([n or 1 for n in tensor.shape], tensor.dtype) for tensor in signature.inputs]
    if artifact.engine == "openvino":
        import openvino

        from edgekit.engines.openvino.runtime import CONFIG

        config = CONFIG | {"INFERENCE_NUM_THREADS": "1"}
        request = openvino.Core().compile_model(str(path), "CPU", config).create_infer_request()
        return lambda: request.infer(inputs, share_inputs=True)
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    slots = [detail["index"] for detail in interpreter.get_input_details()]
    (result, *_) = [detail["index"] for detail in interpreter.get_output_details()]
    integer = interpreter.get_input_details()[0]["dtype"] != np.float32

    def call() -> None:
        for slot, array in zip(slots, inputs, strict=True):
            interpreter.set_tensor(slot, array.astype(np.int8) if integer else array)
        interpreter.invoke()
        interpreter.get_tensor(result)

    return call


def edgekit_call(bundle: Path) -> Any:
    """One run of the same signature through edgekit's Runner."""
    net = load(bundle, threads=1)
    name, signature = next(iter(net.model.signatures.items()))
    inputs = {t.name: np.zeros([n or 1 for n in t.shape], t.dtype) for t in signature.inputs}
    return lambda: net.runner.run(name, inputs)


def import_seconds(modules: tuple[str, ...], rounds: int = 25) -> list[float]:
    """Median CPU seconds of the thread in which a fresh interpreter imports each module, in turns.

    All are compiled before the first round that counts, as installed packages are.
    """
    times: dict[str, list[float]] = {module: [] for module in modules}
    with tempfile.TemporaryDirectory() as compiled:
        surroundings = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
        surroundings.pop("PYTHONDONTWRITEBYTECODE", None)
        for _ in range(1 + rounds):
            for module in modules:
                program = (
                    "import time; start = time.thread_time(); "
                    f"import {module}; print(time.thread_time() - start)"
                )
                command = [sys.executable, "-c", program]
                done = subprocess.run(command, capture_output=True, check=True, env=surroundings)
                times[module].append(float(done.stdout))
    return [statistics.median(times[module][1:]) for module in modules]


def measure(bundle: Path, seconds: float = 4.0) -> dict[str, float]:
    """Microseconds a call and milliseconds of import, of the engine alone and with edgekit."""
    engine = read_manifest(bundle).artifacts[0].engine
    bare, ours = interleaved([bare_call(bundle), edgekit_call(bundle)], seconds)
    # What a device's program imports: the runtime with its engine, against the engine alone.
    alone, together = import_seconds(
        (ENGINES[engine], f"edgekit.runtime, edgekit.engines.{engine}.runtime, {ENGINES[engine]}")
    )
    return {
        "call_us": bare.seconds * 1e6,
        "added_us": (ours.seconds - bare.seconds) * 1e6,
        "call_ratio": ours.ratio,
        "import_ms": alone * 1e3,
        "import_ratio": together / alone,
    }


def missed(found: dict[str, float]) -> list[str]:
    """The limits that are not met, in words."""
    words = []
    if found["call_ratio"] > CALL_RATIO and found["added_us"] > CALL_US:
        words.append(
            f"a call takes {found['call_ratio']:.3f} times the bare engine's, and "
            f"{found['added_us']:.0f} µs more (allowed: {CALL_RATIO:g} times or {CALL_US:g} µs)"
        )
    if found["import_ratio"] > IMPORT_RATIO:
        words.append(
            f"the import takes {found['import_ratio']:.2f} times the engine's "
            f"(allowed: {IMPORT_RATIO:g})"
        )
    return words


if __name__ == "__main__":
    figures = measure(Path(sys.argv[1]))
    print(json.dumps(figures, indent=2))
    sys.exit("\n".join(missed(figures)) or 0)
