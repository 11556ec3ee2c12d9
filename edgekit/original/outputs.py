"""Which output of a net counts, and which are kept beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from edgekit.data.tensors import elements, is_vector
from edgekit.errors import InputError, did_you_mean
from edgekit.families._base import PartInfo
from edgekit.families._inputs import PICTURE_CHANNELS, unique
from edgekit.model import Signature, Tensor
from edgekit.sources._part import Part, Shape

PROBE_SIZE = 128


def arranged(
    parts: Mapping[str, Part], wanted: str | None, extra: Sequence[str], size: Sequence[int]
) -> dict[str, PartInfo]:
    """What is known of each part, its outputs in order of preference: the wanted one first.

    Raises:
        InputError: no part has an output of such a name.
    """
    infos = {name: part.info for name, part in parts.items()}
    known = [tensor.name for info in infos.values() for tensor in info.outputs]
    for option, name in [("--output-name", wanted), *(("--extra-output", n) for n in extra)]:
        if name is not None and name not in known:
            raise InputError(f"{option} {name}: no such output; {did_you_mean(name, known)}")
    return {
        name: msgspec.structs.replace(info, outputs=ordered(parts[name], wanted, size))
        for name, info in infos.items()
    }


def ordered(part: Part, wanted: str | None, size: Sequence[int]) -> tuple[Tensor, ...]:
    """The outputs of a part: the wanted one, then those of an input's size, then the largest."""
    outputs = part.info.outputs
    if len(outputs) == 1:
        return outputs
    images = [t for t in part.info.inputs if not is_vector(t)]
    free = any(None in tensor.shape[1:] for tensor in outputs)
    shapes = (probed(part, size) if free else None) or [
        (tensor.shape, [t.shape for t in images]) for tensor in outputs
    ]

    def rank(index: int) -> tuple[bool, bool, bool, int, int]:
        shape, given = shapes[index]
        tensor = msgspec.structs.replace(outputs[index], shape=shape)
        spaces = [s[1:-1] for s in given if len(s) == len(shape)]
        pictures = [s[1:] for s in given if s[-1] in PICTURE_CHANNELS]
        return (
            tensor.name != wanted,
            shape[1:-1] not in spaces,
            shape[1:] not in pictures,
            -elements(tensor),
            index,
        )

    return tuple(outputs[index] for index in sorted(range(len(outputs)), key=rank))


def probed(part: Part, size: Sequence[int]) -> list[tuple[Shape, list[Shape]]] | None:
    """The shape of each output beside those of the image inputs at one size; None if it has none.

    A net without fixed sizes does not tell which of its outputs are large.
    """
    inputs = [msgspec.structs.replace(t, shape=at_size(t, size)) for t in part.info.inputs]
    try:
        outputs = part.outputs_at(inputs)
    except Exception:  # told, with its reason, when the signatures are traced
        return None
    given = [tensor.shape for tensor in inputs if not is_vector(tensor)]
    return [(shape, given) for shape, _ in outputs]


def at_size(tensor: Tensor, size: Sequence[int]) -> Shape:
    """A shape with its batch and free dimensions filled in."""
    sizes = iter(size)
    rest = (n if n is not None else next(sizes, PROBE_SIZE) for n in tensor.shape[1:])
    return (tensor.shape[0] or 1, *rest)


def with_extra(
    signatures: Mapping[str, Signature], infos: Mapping[str, PartInfo], extra: Sequence[str]
) -> dict[str, Signature]:
    """The signatures with more outputs of their parts, under the net's own names for them."""
    found = {}
    for key, signature in signatures.items():
        used = [tensor.source for tensor in signature.outputs]
        kept = [
            msgspec.structs.replace(tensor, role="extra")
            for tensor in infos[signature.part].outputs
            if tensor.name in extra and tensor.source not in used
        ]
        taken = [*signature.inputs, *signature.outputs]  # engines mix up equal names
        outputs = (*signature.outputs, *unique([*taken, *kept])[len(taken) :])
        found[key] = msgspec.structs.replace(signature, outputs=outputs)
    return found
