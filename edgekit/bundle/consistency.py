"""Whether what a manifest says of a model can be true: asked before any artifact is opened."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import PurePosixPath

from edgekit import plugin
from edgekit.data.tensors import misfits
from edgekit.errors import did_you_mean
from edgekit.model import ROLES, Model, Signature, Tensor

# What both engines take and NumPy has a word for.
DTYPES = frozenset(
    ["float16", "float32", "float64", "bool"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)
MOST_VALUES = 1 << 31  # of one tensor: what a .tflite file can hold
MOST_RANK = 8
MOST_CLASSES = 1 << 24  # numbers beyond are no longer exact in float32
LONGEST = 500  # letters of a name


def problems(model: Model, engine: str) -> Iterator[str]:
    """What contradicts itself or is out of bounds; what comes later presumes what came before."""
    formats = plugin.part(engine, "runtime").FORMATS
    if model.kind not in formats:
        yield f"the model is of kind {quoted(model.kind)}, which engine '{engine}' does not read"
    if model.family not in (known := plugin.names("families")):
        near = did_you_mean(model.family[:LONGEST], known)
        yield f"unknown family {quoted(model.family)}; {near}"
    if not model.signatures or set(model.signatures) != set(model.files):
        yield "it does not have one file for each signature"
    suffix = formats.get(model.kind, "")
    for file in model.files.values():
        if PurePosixPath(file).suffix != suffix:
            yield f"file {quoted(file)} is none of engine '{engine}', whose files end in {suffix}"
    classes = model.settings.classes
    if classes is not None and not 1 <= classes <= MOST_CLASSES:
        yield f"it has {classes} classes"
    for name, signature in model.signatures.items():
        yield from in_signature(name, signature)
    yield from plugin.load("families", model.family).Family.problems(model)


def in_signature(name: str, signature: Signature) -> Iterator[str]:
    """What is wrong with one signature."""
    if not is_name(name):
        yield f"{quoted(name)} is no name of a signature"
    for side, tensors in (("inputs", signature.inputs), ("outputs", signature.outputs)):
        names = {tensor.name for tensor in tensors}
        if not tensors or len(names) < len(tensors):
            yield f"signature '{name}' has no {side}, or two of one name"
        for tensor in tensors:
            yield from (f"signature '{name}': {text}" for text in in_tensor(tensor))
    batches = {tensor.shape[0] for tensor in (*signature.inputs, *signature.outputs)}
    if len(batches) > 1:
        yield f"signature '{name}' has batches of different sizes"


def in_tensor(tensor: Tensor) -> Iterator[str]:
    """What is wrong with one tensor."""
    if not is_name(tensor.name):
        yield f"{quoted(tensor.name)} is no name of a tensor"
    sizes = [size or 0 for size in tensor.shape]
    if not 1 <= len(sizes) <= MOST_RANK or min(sizes) < 1 or math.prod(sizes) > MOST_VALUES:
        yield f"'{tensor.name}' has the shape {quoted(str(tensor.shape))}"
    if tensor.dtype not in DTYPES:
        yield f"'{tensor.name}' has the unknown dtype {quoted(tensor.dtype)}"
    if tensor.role not in ROLES:
        yield f"'{tensor.name}' has the unknown role {quoted(tensor.role)}"
    low, high = tensor.range or (0.0, 1.0)
    if not (low < high and math.isfinite(high - low)):
        yield f"'{tensor.name}' has the range {low:g}…{high:g}"
    for domain in tensor.domain:
        yield from (f"'{tensor.name}': {domain}: {text}" for text in misfits(tensor, domain))


def is_name(text: str) -> bool:
    """Whether a text can stand for something in a message of one line."""
    return 0 < len(text) <= LONGEST and text.isprintable()


def quoted(text: str) -> str:
    """A text from a file that may hold anything, short and on one line."""
    return repr(text if len(text) <= 80 else text[:80] + "…")
