"""Value ranges of samples: told by the user or the layers, else found by running the net."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from edgekit.errors import InputError
from edgekit.model import Model, Range, Signature, Tensor
from edgekit.original import OriginalRunner
from edgekit.rng import Random
from edgekit.sources._part import Part
from edgekit.textures import textures
from edgekit.values import is_whole, type_range

PIXELS: Range = (0.0, 255.0)
KNOWN_RANGES: tuple[Range, ...] = ((0.0, 1.0), (-1.0, 1.0), PIXELS)


def with_given_ranges(model: Model, inputs: Range | None, outputs: Range | None) -> Model:
    """What the user says, whatever the layers tell.

    Raises:
        InputError: a range that the type of a tensor cannot hold.
    """
    for side, span in (("inputs", inputs), ("outputs", outputs)):
        for tensor in samples_of(model, side) if span else ():
            held = type_range(tensor.dtype)
            if held and span and not held[0] <= span[0] < span[1] <= held[1]:
                raise InputError(
                    f"'{tensor.name}' is {tensor.dtype}, which cannot hold {as_text(span)}; "
                    f"give --{side[:-1]}-range as values are stored, within {as_text(held)}"
                )
    return model.replace(signatures=ranged(model, inputs, outputs, override=True))


def with_type_ranges(model: Model, remarks: list[str]) -> Model:
    """What the types of integer samples tell, where neither user nor layers do.

    Of 8 bits without a sign and of truth values, that is what they span; that others do is
    remarked. Integers of 32 bits and more hold pixels of 8; their outputs are observed.
    """

    def fill(tensor: Tensor, *, wide: Range | None) -> Tensor:
        if tensor.role != "sample" or tensor.range or not is_whole(tensor.dtype):
            return tensor
        span = type_range(tensor.dtype) or wide
        if span and tensor.dtype not in ("uint8", "bool"):
            told = f"'{tensor.name}' is {tensor.dtype}, taken to span {as_text(span)}"
            option = "--input-range" if wide else "--output-range"
            remarks.append(f"{told} ({option})")
        return msgspec.structs.replace(tensor, range=span)

    signatures = {
        name: msgspec.structs.replace(
            signature,
            inputs=tuple(fill(tensor, wide=PIXELS) for tensor in signature.inputs),
            outputs=tuple(fill(tensor, wide=None) for tensor in signature.outputs),
        )
        for name, signature in model.signatures.items()
    }
    remarks[:] = dict.fromkeys(remarks)  # once for several sizes
    return model.replace(signatures=signatures)


def samples_of(model: Model, side: str) -> list[Tensor]:
    """The samples among the inputs or the outputs of all signatures."""
    found = [tensor for s in model.signatures.values() for tensor in getattr(s, side)]
    return [tensor for tensor in found if tensor.role == "sample"]


def with_input_ranges(model: Model, parts: Mapping[str, Part], remarks: list[str]) -> Model:
    """Fill in what inputs lack: the range of the outputs, else the one the net likes best."""
    images = [t for s in model.signatures.values() for t in s.inputs if t.role == "sample"]
    if all(tensor.range for tensor in images):
        return model
    outputs = [t for s in model.signatures.values() for t in s.outputs if t.role == "sample"]
    output_range = next((tensor.range for tensor in outputs if tensor.range), None)
    if output_range:
        fitting = [output_range]
    else:
        fitting = liked_ranges(model, OriginalRunner(parts, model.signatures))
    also = " or ".join(map(as_text, fitting[1:]))
    doubt = f", but {also} fits as well: say which" if also else ""
    remarks.append(f"input range taken to be {as_text(fitting[0])}{doubt} (--input-range)")
    return model.replace(signatures=ranged(model, fitting[0], None))


def with_output_ranges(model: Model, samples: Any, remarks: list[str]) -> Model:
    """Fill in what outputs lack, by what was observed on a few samples."""
    outputs = [t for s in model.signatures.values() for t in s.outputs if t.role == "sample"]
    span = None if all(tensor.range for tensor in outputs) else snapped(samples)
    if span:
        remarks.append(f"output range observed: {as_text(span)} (--output-range)")
    return model.replace(signatures=ranged(model, None, span))


def ranged(
    model: Model, inputs: Range | None, outputs: Range | None, *, override: bool = False
) -> dict[str, Signature]:
    """The signatures with these ranges on samples that have none, or on all of them."""

    def fill(tensor: Tensor, span: Range | None) -> Tensor:
        if tensor.role != "sample" or span is None or (tensor.range and not override):
            return tensor
        return msgspec.structs.replace(tensor, range=span)

    return {
        name: msgspec.structs.replace(
            signature,
            inputs=tuple(fill(tensor, inputs) for tensor in signature.inputs),
            outputs=tuple(fill(tensor, outputs) for tensor in signature.outputs),
        )
        for name, signature in model.signatures.items()
    }


def as_text(span: Range) -> str:
    """`0…1`."""
    return f"{span[0]:g}…{span[1]:g}"


def liked_ranges(model: Model, runner: OriginalRunner) -> list[Range]:
    """The input ranges in which an image-to-image net returns the image it was given, best first.

    Nets that enlarge, clean or restyle a picture keep its coarse shape when it comes in the range
    they were trained on. The error is relative to the range's width; ranges within three times
    the least error are not told apart (nets with small biases take any), 0…1 coming first.
    """
    name, signature = next(
        (n, s) for n, s in model.signatures.items() if any(t.role == "sample" for t in s.inputs)
    )
    image = next(t for t in signature.inputs if t.role == "sample")
    unit = textures((2, *(int(n or 1) for n in image.shape[1:])), Random(0), (0.0, 1.0))
    errors = {}
    for low, high in KNOWN_RANGES:
        inputs = {
            t.name: unit * (high - low) + low
            if t is image
            else np.zeros((2, *(int(n or 1) for n in t.shape[1:])), t.dtype)
            for t in signature.inputs
        }
        output = runner.run(name, inputs)[signature.outputs[0].name]
        gap = coarse(output) - coarse(inputs[image.name])
        errors[low, high] = float(np.abs(gap).mean() / (high - low))
    limit = 3 * min(errors.values())
    return [span for span in KNOWN_RANGES if errors[span] <= limit]


def coarse(images: Any) -> Any:
    """The mean of each quarter of images (N, H, W, C), over channels; of all of other signals."""
    if images.ndim != 4:
        return images.reshape(len(images), -1).mean(1)
    rows, columns = images.shape[1] // 2, images.shape[2] // 2
    halves = (images[:, :rows], images[:, rows:])
    quarters = [q for half in halves for q in (half[:, :, :columns], half[:, :, columns:])]
    return np.stack([quarter.mean((1, 2, 3)) for quarter in quarters])


def snapped(values: Any) -> Range | None:
    """The usual range (0…1, -1…1, 0…255) that observed values fill; None when they fill none."""
    low, high = (float(v) for v in np.percentile(np.asarray(values, np.float64), (0.5, 99.5)))
    if low >= -0.15 and 0.3 < high <= 1.15:
        return (0.0, 1.0)
    if low >= -1.15 and high <= 1.15:
        return (-1.0, 1.0)
    if low >= -40 and 20 < high <= 300:
        return (0.0, 255.0)
    return None
