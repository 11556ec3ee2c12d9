"""What is right for each net: a family that it converts as, or the words it is refused with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Build = Callable[[Any, Any, Any], Any]


class Case(NamedTuple):
    """How a net is saved and asked for, and what must come of it.

    `remark` must be found among the report's remarks, `refusal` in the error; one of `family` and
    `refusal` is given.
    """

    save: Callable[[Path], Path]
    family: str = ""
    refusal: str = ""
    remark: str = ""
    options: dict[str, Any] = {}  # noqa: RUF012 - a tuple's default, never changed


CASES: dict[str, Case] = {}


def net(
    *,
    family: str = "",
    refusal: str = "",
    remark: str = "",
    policy: str = "float32",
    write: Callable[[Any, Path], Path] | None = None,
    **options: Any,
) -> Callable[[Build], Build]:
    """Register a builder of a net under its own name; it is saved as `.keras` unless told how."""

    def register(build: Build) -> Build:
        name = build.__name__

        def save(folder: Path) -> Path:
            import keras

            keras.utils.set_random_seed(11)
            keras.config.set_dtype_policy(policy)
            try:
                made = build(keras, keras.layers, keras.ops)
            finally:
                keras.config.set_dtype_policy("float32")
            unlike_fresh(made)
            if write is not None:
                return write(made, folder / name)
            made.save(folder / f"{name}.keras")
            return folder / f"{name}.keras"

        CASES[name] = Case(save, family, refusal, remark, options)
        return build

    return register


def unlike_fresh(made: Any) -> None:
    """Random biases and statistics, so that no layer is as simple as it begins."""
    rng = np.random.default_rng(3)
    for variable in made.variables:
        last = variable.path.split("/")[-1]
        if last in ("moving_mean", "bias", "beta"):
            variable.assign(rng.normal(0, 0.1, variable.shape))
        if last in ("moving_variance", "gamma"):
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))


def exported(made: Any, place: Path) -> Path:
    """As a SavedModel by `model.export`."""
    made.export(str(place), verbose=False)
    return place
