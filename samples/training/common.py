"""What the training scripts share: options, seeds, where models go, and their figures."""

import argparse
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

MODELS = Path(__file__).resolve().parents[1] / "models"


def start(description: str, epochs: int) -> argparse.Namespace:
    """Read the options (`epochs`, `seed`, `threads`), then seed everything and limit the threads.

    Floating-point sums depend on the number of threads, so that a second run with the same seed
    gives a model of the same quality, not the same bits.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--epochs", type=_positive, default=epochs, help="length of the training")
    parser.add_argument("--seed", type=int, default=0, help="for weights, batches and noise")
    parser.add_argument("--threads", type=_positive, default=2, help="CPU threads to train with")
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    keras.utils.set_random_seed(options.seed)
    return options


def psnr(reference: npt.NDArray[Any], candidate: npt.NDArray[Any]) -> float:
    """Peak signal-to-noise ratio in dB of two arrays of one shape with values in 0..1."""
    error = np.mean((reference.astype(np.float64) - candidate.astype(np.float64)) ** 2)
    return float("inf") if error == 0 else float(-10 * np.log10(error))


def write_figures(name: str, figures: dict[str, Any]) -> None:
    """Write `models/<name>.json`; floats are rounded, since more digits would claim too much."""
    path = MODELS / f"{name}.json"
    path.write_text(json.dumps(_rounded(figures), indent=2) + "\n", encoding="utf-8")
    print(path.read_text(encoding="utf-8"))


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(float(value), 4) if isinstance(value, float | np.floating) else value


def _positive(text: str) -> int:
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value
