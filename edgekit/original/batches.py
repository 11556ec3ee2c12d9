"""The batch that a net computes at once: as asked for, or as its layers fix it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from edgekit.errors import InputError, ModelError
from edgekit.families._base import PartInfo
from edgekit.model import Signature, Tensor
from edgekit.original.runner import fixed_batch
from edgekit.sources._part import Part

# What is tried where a net refuses the batch it was given: the usual ones, small ones first.
TRIED: tuple[int, ...] = (*range(2, 17), 20, 24, 25, 32, 36, 48, 50, 64, 100, 128)
# Not where it fails for what no batch mends, such as a function that is not there.
UNMENDED = (
    *(NameError, AttributeError, TypeError, ImportError, NotImplementedError),
    *(MemoryError, ModelError),
)


def with_batches(
    infos: Mapping[str, PartInfo],
    signatures: Mapping[str, Signature],
    asked: int,
    remarks: list[str],
) -> dict[str, Signature]:
    """The signatures with the batch of every input filled in.

    Raises:
        InputError: a net that fixes another one than was asked for.
    """
    filled = {}
    for name, signature in signatures.items():
        fixed = fixed_batch(infos[signature.part])
        if fixed and asked not in (1, fixed):  # one is the default: rows are padded
            part = f"'{signature.part}' " if signature.part else ""
            raise InputError(
                f"--batch-size {asked}: the net {part}takes batches of {fixed}, as it was saved; "
                "leave out --batch-size"
            )
        if fixed and not any(tensor.shape[0] for tensor in infos[signature.part].inputs):
            remarks.append(f"a batch of {fixed} is written into the net: converted for that")
        filled[name] = rebatched(signature, fixed or asked)
    return filled


def rebatched(signature: Signature, batch: int) -> Signature:
    """The signature with another batch at its inputs."""

    def fill(tensor: Tensor) -> Tensor:
        return msgspec.structs.replace(tensor, shape=(batch, *tensor.shape[1:]))

    return msgspec.structs.replace(signature, inputs=tuple(map(fill, signature.inputs)))


def with_outputs(part: Part, signature: Signature) -> Signature:
    """The signature with the output shapes that its graph has at these input shapes.

    Raises:
        InputError: outputs of more or fewer rows than the inputs.
        ModelError: a tensor that is larger than memory.
        Exception: the net's own layers raise what they like.
    """
    told = zip(part.info.outputs, part.outputs_at(signature.inputs), strict=True)
    found = {tensor.source: spec for tensor, spec in told}
    outputs = tuple(
        msgspec.structs.replace(tensor, shape=shape, dtype=dtype)
        for tensor, (shape, dtype) in ((t, found[t.source]) for t in signature.outputs)
    )
    batch = signature.inputs[0].shape[0]
    for tensor in outputs:
        if tensor.shape and tensor.shape[0] not in (None, batch):
            raise InputError(
                f"the net makes {tensor.shape[0]} rows of output '{tensor.name}' from a batch of "
                f"{batch}; a row of outputs for each row of inputs is needed"
            )
    return msgspec.structs.replace(signature, outputs=outputs)


def working_batch(part: Part, signature: Signature) -> int | None:
    """A batch that a net takes which refuses the one it was given; None when none is found.

    That of a reshape, in most cases.
    """
    for batch in TRIED:
        try:
            with_outputs(part, rebatched(signature, batch))
        except Exception:  # the net's own layers raise what they like
            continue
        return batch
    return None
