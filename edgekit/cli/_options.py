"""Options and arguments that several commands take, each written once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from edgekit import units as quantity
from edgekit.errors import InputError


def parse_size(text: str) -> tuple[int, ...]:
    """`128x96` as (128, 96), one number as (n,) — a square for images is written twice."""
    if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*)*", text):
        raise click.UsageError(f"--input-size '{text}' is not HxW, such as 128x96")
    return tuple(int(part) for part in text.split("x"))


def sizes(ctx: click.Context, option: click.Parameter, given: Any) -> Any:
    """The values of --input-size."""
    return tuple(map(parse_size, given))


def value_range(ctx: click.Context, option: click.Parameter, given: Any) -> Any:
    """`-1,1` as (-1.0, 1.0)."""
    if given is None:
        return None
    try:
        low, high = (float(part) for part in given.split(","))
    except ValueError:
        low, high = 0.0, 0.0
    if not (low < high and math.isfinite(high - low)):
        raise click.UsageError(f"{option.opts[0]} '{given}' is not LO,HI, such as -1,1")
    return low, high


def domains(ctx: click.Context, option: click.Parameter, given: Any) -> Any:
    """`time=integers:0..999` by input; several of one input stay in order."""
    from edgekit.domain import parse_domain

    found: dict[str, tuple[Any, ...]] = {}
    for text in given:
        name, sign, spec = text.rpartition("=")
        if not (sign and name):
            raise click.UsageError(f"--domain '{text}' is not NAME=SPEC, such as t=integers:0..999")
        try:
            found[name] = (*found.get(name, ()), parse_domain(spec))
        except InputError as error:
            raise click.UsageError(f"--domain {name}: {error}") from None
    return found


def limit(ctx: click.Context, option: click.Parameter, given: Any) -> Any:
    """The value of --max-size, --max-latency or --cache-size."""
    parse = {"max_latency": quantity.parse_latency}.get(str(option.name), quantity.parse_size)
    try:
        return None if given is None else parse(given)
    except InputError as error:
        raise click.UsageError(f"{option.opts[0]} {error}") from None


# The fields of `edgekit.plan.request.Budget`.
LIMITS = (
    click.option(
        "--max-size",
        metavar="SIZE",
        callback=limit,
        help="Largest artifact allowed, such as 800kB.",
    ),
    click.option(
        "--max-latency",
        metavar="TIME",
        callback=limit,
        help="Longest latency allowed: 5ms, or 0.5x that of float32.",
    ),
)


# What a candidate is chosen by.
CHOICE = (
    click.option(
        "--objective",
        default="balanced",
        show_default=True,
        help="What to choose by: balanced, size, latency or quality.",
    ),
    click.option(
        "--gate",
        "gates",
        multiple=True,
        metavar="METRIC>=N",
        help="Quality that must be met, such as 'psnr>=30' (quoted); repeatable.",
    ),
    *LIMITS,
    click.option(
        "--packed/--plain",
        default=True,
        show_default=True,
        help="Store artifacts packed, as edgekit's runtime reads them, or plain for any program.",
    ),
)

# What candidates are compared on, and how.
COMPARISON = (
    click.option(
        "--features",
        metavar="NET",
        help="Feature net for Fréchet and KID: .tflite, .xml or module:function.",
    ),
    click.option("--samples", type=int, help="Samples to compare [default: 16 to 128, by size]."),
    click.option(
        "--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of all draws."
    ),
)

CACHE = (
    click.option(
        "--cache-dir",
        "cache",
        type=click.Path(path_type=Path),
        help="Where finished steps are kept.",
    ),
    click.option(
        "--cache-size",
        metavar="SIZE",
        default="20GB",
        show_default=True,
        callback=limit,
        help="Room for finished steps; the oldest go before the next run.",
    ),
    click.option("--no-cache", is_flag=True, help="Do every step again."),
)


# What the user says of a model: the fields of `Given`, then those of `Trust`.
MODEL = (
    click.option("--family", help="latent, autoencoder or image-to-image, instead of detection."),
    click.option(
        "--input-size",
        "sizes",
        multiple=True,
        metavar="HxW",
        callback=sizes,
        help="Size for a fully convolutional net; repeatable.",
    ),
    click.option(
        "--batch-size",
        "batch",
        default=1,
        show_default=True,
        type=click.IntRange(1),
        help="Samples the artifact computes at once.",
    ),
    click.option("--classes", type=click.IntRange(1), help="Number of class labels."),
    click.option(
        "--prior",
        type=click.Choice(["normal", "uniform"]),
        help="Distribution of the latents in training.",
    ),
    click.option(
        "--input-range",
        metavar="LO,HI",
        callback=value_range,
        help="Value range of the input images.",
    ),
    click.option(
        "--output-range", metavar="LO,HI", callback=value_range, help="Value range of the outputs."
    ),
    click.option(
        "--domain",
        "domains",
        multiple=True,
        metavar="NAME=SPEC",
        callback=domains,
        help="What an input takes, such as time=integers:0..999; repeatable.",
    ),
    click.option("--output-name", metavar="NAME", help="The net's output that counts."),
    click.option(
        "--extra-output",
        "extra_outputs",
        multiple=True,
        metavar="NAME",
        help="Another output to keep beside it; repeatable.",
    ),
    click.option(
        "--noise",
        type=click.Choice(["mean", "input"]),
        help="What normal noise that the net draws becomes: its mean, or an input.",
    ),
    click.option(
        "--trust",
        is_flag=True,
        help="Run code inside the model file: Lambda layers, ops of a SavedModel that reach files.",
    ),
    click.option(
        "--custom-objects",
        multiple=True,
        metavar="MODULE",
        help="Module that defines the model's own classes; repeatable.",
    ),
)


def group(options: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    """Several options as one decorator."""

    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


choice_options = group(CHOICE)
comparison_options = group(COMPARISON)
model_options = group(MODEL)
cache_options = group(CACHE)

model_argument = click.argument("model", type=click.Path(path_type=Path))
bundle_argument = click.argument("bundle", type=click.Path(path_type=Path))
data_option = click.option(
    "--data",
    metavar="DATA",
    help="Your data: npz, npy, a folder of images or wav files, or module:function.",
)


class Seconds(click.FloatRange):
    """A time that comes to an end."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """As of any range, which lets through what is not a number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a number of {self.name}.", param, ctx)
        return number


engine_option = click.option(
    "--engine",
    "engines",
    multiple=True,
    metavar="ENGINE",
    help="Of a target's several engines, only this; repeatable.",
)
threads_option = click.option(
    "--threads", type=click.IntRange(1), help="Engine threads; the target's by default."
)
wide_option = click.option("--wide", is_flag=True, help="Show every column of the table.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
