"""What a conversion takes beside the bare library calls: `python -m tests.benchmarks.conversion`.

usage: python -m tests.benchmarks.conversion [ROUNDS] [MODEL] [TARGET]

The bare calls are what one writes by hand for an int8-dynamic .tflite file: load, export, lower,
quantize, run once. edgekit makes the same file, and runs the original beside it, times it,
compares and reports. Each is a fresh process, edgekit's cache is empty, and they take turns.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MODEL = Path(__file__).parents[2] / "samples" / "models" / "digits_dcgan.keras"
LIMIT = 2.5  # times the bare calls
ROUNDS = 5
BARE = """
import os, sys
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
import keras, numpy, tensorflow
from ai_edge_litert.interpreter import Interpreter
from litert_quantizer import qtyping, quantizer
net = keras.saving.load_model(sys.argv[1])
inputs = [keras.InputSpec(shape=(1, *t.shape[1:]), dtype=t.dtype, name=t.name) for t in net.inputs]
net.export(sys.argv[2] + "/saved", input_signature=inputs, verbose=False)
content = tensorflow.lite.TFLiteConverter.from_saved_model(sys.argv[2] + "/saved").convert()
with open(sys.argv[2] + "/float.tflite", "wb") as file:
    file.write(content)
tool = quantizer.Quantizer(sys.argv[2] + "/float.tflite")
tool.add_dynamic_config(regex=".*", operation_name=qtyping.TFLOperationName.ALL_SUPPORTED,
                        num_bits=8, granularity=qtyping.QuantGranularity.CHANNELWISE)
with open(sys.argv[2] + "/int8.tflite", "wb") as file:
    file.write(tool.quantize().quantized_model)
interpreter = Interpreter(model_path=sys.argv[2] + "/int8.tflite")
interpreter.allocate_tensors()
for entry in interpreter.get_input_details():
    interpreter.set_tensor(entry["index"], numpy.zeros(entry["shape"], entry["dtype"]))
interpreter.invoke()
interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
"""


def commands(model: str, target: str, folder: Path) -> dict[str, list[str]]:
    """What is timed: each writes into the empty folder."""
    edgekit = [str(Path(sys.executable).with_name("edgekit")), "convert", model, "-t", target,
               "-o", str(folder / "out"), "--cache-dir", str(folder / "cache")]  # fmt: skip
    return {
        "bare": [sys.executable, "-c", BARE, model, str(folder)],
        "int8-dynamic": [*edgekit, "-r", "int8-dynamic"],
        "auto": edgekit,
    }


def seconds(name: str, model: str, target: str) -> float:
    """The time of one command in an empty folder; modules stay compiled, as installed ones are."""
    surroundings = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as scratch:
        command = commands(model, target, Path(scratch))[name]
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=surroundings)
        return time.perf_counter() - start


def main(rounds: int = ROUNDS, model: str = str(MODEL), target: str = "raspberry-pi-5") -> int:
    """Print medians, ranges, and ratios of medians; 1 when int8-dynamic misses the limit."""
    times: dict[str, list[float]] = {name: [] for name in commands(model, target, Path())}
    for _ in range(rounds):
        for name, found in times.items():
            found.append(seconds(name, model, target))
            print(f"{name:14}{found[-1]:7.1f} s", flush=True)
    bare = statistics.median(times["bare"])
    for name, found in times.items():
        ratios = [each / one for each, one in zip(found, times["bare"], strict=True)]
        print(
            f"{name:14}{statistics.median(found):7.1f} s ({min(found):.1f}…{max(found):.1f})"
            f"{statistics.median(found) / bare:7.2f} × bare ({min(ratios):.2f}…{max(ratios):.2f})"
        )
    return int(statistics.median(times["int8-dynamic"]) > LIMIT * bare)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else ROUNDS, *sys.argv[2:]))
