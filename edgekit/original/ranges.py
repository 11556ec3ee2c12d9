"""Value ranges of samples: told by the user or the layers, else found by running the net."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from edgekit.data.layout import channels_last
from edgekit.data.rng import Random
from edgekit.data.textures import textures
from edgekit.data.values import alternatives, as_text, is_whole, type_range
from edgekit.errors import InputError, ModelError
from edgekit.model import Model, Range, Signature, Tensor
from edgekit.original.runner import OriginalRunner
from edgekit.sources._part import Part

PIXELS: Range = (0.0, 255.0)
RETURNED = 0.02  # of a range's width: a coarse error that tells no range from another
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
    """Fill in what inputs lack: the range of outputs of their kind, else one that the net likes.

    Where it likes several, the model keeps the others as its doubt.
    """
    lacking = [t for t in samples_of(model, "inputs") if not (t.range or t.domain)]
    if not lacking:
        return model
    runner = OriginalRunner(parts, model.signatures)
    told = output_range(model, lacking[0])
    alike = told is not None and not gives_shares(model, runner)
    fitting = [told] if told and alike else liked_ranges(model, runner)
    if len(fitting) == 1:
        remarks.append(f"input range taken to be {as_text(fitting[0])} (--input-range)")
    signatures = ranged(model, fitting[0], None)
    return model.replace(signatures=signatures, range_doubt=tuple(fitting[1:]))


def output_range(model: Model, image: Tensor) -> Range | None:
    """The range of the outputs, where they are of the same kind as an input.

    Of other channels, or of one between 0 and 1 (which may be a mask or a depth), they are not; but
    an autoencoder gives what it takes.
    """
    for made in samples_of(model, "outputs"):
        alike = len(made.shape) == len(image.shape) and made.shape[-1] == image.shape[-1]
        maybe_mask = made.shape[-1] == 1 and made.range == (0.0, 1.0)
        if made.range and alike and (model.family == "autoencoder" or not maybe_mask):
            return made.range
    return None


def doubt(model: Model) -> str:
    """What is not known of the input range, in words; empty where it is known."""
    taken = next((tensor.range for tensor in samples_of(model, "inputs") if tensor.range), None)
    if not model.range_doubt or taken is None:
        return ""
    also = alternatives(model.range_doubt)
    return (
        f"the input range is in doubt: taken to be {as_text(taken)}, but {also} fits as well; say "
        "which (--input-range). Until then nothing calibrated, such as static int8, is chosen"
    )


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
        if tensor.domain and (tensor.range or not override):  # it says all that is known
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


def liked_ranges(model: Model, runner: OriginalRunner) -> list[Range]:
    """The input ranges in which an image-to-image net returns the image it was given, best first.

    Nets that enlarge, clean or restyle a picture keep its coarse shape when it comes in the range
    they were trained on. The error is relative to the range's width. Ranges within three times
    the least error, or in which the image is returned very nearly, are not told apart (nets with
    small biases take any), 0…1 coming first, and none is where the net returns the image in none of
    them. One that overflows is not liked.

    Raises:
        ModelError: the outputs are not finite in any range.
    """
    errors: dict[Range, float] = {}
    for span in KNOWN_RANGES:
        try:
            image, output = probe(model, runner, span)
        except ModelError:
            if span == KNOWN_RANGES[-1] and not errors:
                raise
            continue
        gap = coarse(output) - coarse(image)
        errors[span] = float(np.abs(gap).mean() / (span[1] - span[0]))
        shape = coarse(image) / (span[1] - span[0])
    least, blank = min(errors.values()), float(np.abs(shape - np.median(shape)).mean())
    if least > blank / 2:  # an even grey would come as near
        return list(errors)
    return [span for span in errors if errors[span] <= max(3 * least, RETURNED)]


def gives_shares(model: Model, runner: OriginalRunner) -> bool:
    """Whether the channels of an output add up to one, as those of a softmax do.

    These are probabilities of classes, whatever the range of the picture is. They are finite: a net
    that overflows here gives none.
    """
    try:
        _, output = probe(model, runner, KNOWN_RANGES[0])
    except ModelError:
        return False
    return output.shape[-1] > 1 and bool(np.abs(output.sum(-1) - 1).max() < 1e-3)


def probe(model: Model, runner: OriginalRunner, span: Range) -> tuple[Any, Any]:
    """Two textures in a range and what the net makes of them; its other inputs are zero."""
    name, signature, image = next(
        (name, signature, tensor)
        for name, signature in model.signatures.items()
        for tensor in signature.inputs
        if tensor.role == "sample" and not (tensor.range or tensor.domain)
    )
    inputs = {t.name: np.zeros((2, *(int(n or 1) for n in t.shape[1:])), t.dtype)
              for t in signature.inputs}  # fmt: skip
    inputs[image.name] = textures(inputs[image.name].shape, Random(0), span)
    return inputs[image.name], runner.run(name, inputs)[signature.outputs[0].name]


def coarse(images: Any) -> Any:
    """The mean of each quarter of images (N, H, W, C), over channels; of all of other signals."""
    images = channels_last(np.asarray(images, np.float64))
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
