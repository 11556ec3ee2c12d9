"""What each input of a net is: its role, its name, and what it takes until the user says."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from typing import TYPE_CHECKING

import msgspec

from edgekit.data.layout import channels_first
from edgekit.data.tensors import elements, is_index, is_integer, is_vector
from edgekit.data.values import type_range
from edgekit.domain import Domain, Domains
from edgekit.model import Tensor

if TYPE_CHECKING:
    from edgekit.families._base import PartInfo

# Patterns are compiled when they are asked for: devices, which load this too, read no names.
# "second" tells an order, not a condition.
LABEL = r"label|class|(?<!se)cond|category|style|one.?hot"
TIME = r"(?<![a-z])(t|time.?steps?|times?|steps?)(?![a-z])|diffusion"
LEVEL = r"sigma|variance|alpha|beta|gamma|snr|nois\w*.?(level|rate|std)"
NOISE = r"noise(?!\w*.?(level|rate|std|var))|latent|(?<![a-z])z(?![a-z])"
MASK = r"(?<![a-z])masks?(?![a-z])"
MAP = r"(?<![a-z])seg(ment\w*)?(?![a-z])|semantic|label|one.?hot"
# An image of these names goes with another, which is what the net translates.
BESIDE = rf"style|(?<![a-z])mask(?!ed)|ref(erence)?(?![a-z])|guid|depth|prev|cond|noise|{MAP}"
# What frameworks call an input that its author gave no name.
MADE_UP = r"(keras_tensor|input|inputs|input_layer|args?)(_?\d+)*"
# What `generate` and `transform` take besides inputs, which are named in their calls too.
KEYWORDS = frozenset({"self", "count", "seed", "tiles", "images", "label"})
PLAIN = {"sample": "image", "latent": "z", "label": "label", "condition": "condition"}
TIME_STEPS = 1000  # of nearly all diffusion nets
PICTURE_CHANNELS = (1, 3, 4)


def called(tensor: Tensor, pattern: str) -> bool:
    """Whether the name of a tensor has something of a pattern."""
    return re.search(pattern, tensor.name, re.IGNORECASE) is not None


def is_label(tensor: Tensor, part: PartInfo) -> bool:
    """A class label: a vector of integers, fed to an embedding, or second and named like one.

    A time step is none, nor are the many numbers of one input that feeds an embedding: tokens.
    """
    if not is_vector(tensor) or tensor.domain or called(tensor, TIME):
        return False
    if tensor.name in part.classes or is_integer(tensor):
        return is_index(tensor) or tensor.name not in part.classes
    return len(part.inputs) > 1 and called(tensor, LABEL)


def is_picture(tensor: Tensor) -> bool:
    """Whether it has the shape of photographs (N, H, W, C)."""
    return len(tensor.shape) == 4 and tensor.shape[3] in PICTURE_CHANNELS


def is_image(tensor: Tensor, part: PartInfo) -> bool:
    """A signal of the output's rank that is no noise and, beside other inputs, no feature map.

    Noise is called so, unless there is nothing else that a picture could be.
    """
    output = part.outputs[0]
    if is_vector(tensor) or tensor.domain or len(tensor.shape) != len(output.shape):
        return False
    same_size = tensor.shape[1:-1] == output.shape[1:-1]
    if all(t is tensor or is_label(t, part) for t in part.inputs):
        return not called(tensor, NOISE) or (is_picture(tensor) and same_size)
    if called(tensor, NOISE) or noise_of_layers(tensor, part):
        return False
    return same_size or tensor.shape[-1] in PICTURE_CHANNELS or called(tensor, MAP)


def noise_of_layers(tensor: Tensor, part: PartInfo) -> bool:
    """Whether it is one of several signals of one channel, each of another size, beside a latent.

    StyleGAN and its kin take noise for each layer in this form.
    """
    rank = len(part.outputs[0].shape)
    signals = [t for t in part.inputs if t.shape[2:] and t.shape[-1] == 1 and len(t.shape) == rank]
    sizes = {t.shape[1:-1] for t in signals}
    latents = [t for t in part.inputs if t not in signals and not is_label(t, part)]
    return tensor in signals and bool(latents) and len(sizes) == len(signals) > 1


def role_of(tensor: Tensor, part: PartInfo) -> str:
    """What an input means: an image, a label, a condition (such as a noise level) or a latent."""
    if is_image(tensor, part):
        return "sample"
    if is_label(tensor, part):
        return "label"
    alone = all(t is tensor or is_label(t, part) for t in part.inputs)
    scalar = is_vector(tensor) and is_index(tensor)
    named = (called(tensor, TIME) or called(tensor, LEVEL)) and is_vector(tensor)
    told = tensor.name in part.classes or is_integer(tensor) or tensor.dtype == "bool"
    if not tensor.domain and (told or ((scalar or named) and not alone)):
        return "condition"
    return "latent"


def with_roles(part: PartInfo) -> list[Tensor]:
    """The inputs with roles, and with domains where the prior or textures would be wrong."""
    tensors = [msgspec.structs.replace(t, role=role_of(t, part)) for t in part.inputs]
    return [
        t if t.domain else msgspec.structs.replace(t, domain=usual_domain(t, tensors, part))
        for t in tensors
    ]


def usual_domain(tensor: Tensor, tensors: Sequence[Tensor], part: PartInfo) -> Domains:
    """What an input of this name and type mostly takes; empty: the role tells."""
    known = part.classes.get(tensor.name)
    if tensor.role == "condition":
        if tensor.dtype == "bool" or is_integer(tensor):
            steps = 2 if tensor.dtype == "bool" else known or TIME_STEPS
            return (Domain("integers", range=(0, last_of(tensor, steps))),)
        kind, last = ("integers", known - 1) if known else ("uniform", 1)
        return (Domain(kind, range=(0, last)),)  # type: ignore[arg-type]
    if tensor.role != "sample":
        return ()
    if known or tensor.dtype == "bool" or called(tensor, MASK):
        return (Domain("mask", range=(0, last_of(tensor, known)) if known else None),)
    if called(tensor, MAP) and tensor.shape[-1] not in PICTURE_CHANNELS:
        return (Domain("one-hot"),)
    # Noisy samples: of variance 1 at every time step.
    return (Domain("normal"),) if denoised(tensor, tensors) else ()


def last_of(tensor: Tensor, count: int) -> float:
    """The last of so many whole numbers from 0 that the type holds."""
    return min(count - 1, (type_range(tensor.dtype) or (0.0, math.inf))[1])


def denoised(tensor: Tensor, tensors: Sequence[Tensor]) -> bool:
    """Whether this is what a diffusion net takes the noise from: it has a time or noise level."""
    levels = [t for t in tensors if t.role == "condition"]
    timed = any(called(t, TIME) or called(t, LEVEL) or is_integer(t) for t in levels)
    return timed and not called(tensor, BESIDE) and not is_integer(tensor)


def image_first(tensors: Sequence[Tensor], output: Tensor) -> list[Tensor]:
    """The image that the net translates goes first: no style or mask, and of the output's size."""
    images = [tensor for tensor in tensors if tensor.role == "sample"]
    main = min(
        images,
        key=lambda t: (called(t, BESIDE), t.shape[1:-1] != output.shape[1:-1]),
    )
    return [main, *(tensor for tensor in tensors if tensor is not main)]


def named(tensors: Sequence[Tensor], *, plain_label: bool = True) -> tuple[Tensor, ...]:
    """Inputs under the names that users know.

    One that has no other beside it, labels apart, is called `image` or `z`, and the only label
    `label`; of several each keeps its own name, where its author gave one. Of one that would be
    taken for another argument of a call, `seed` becomes `seed_input`.
    """
    labels = [tensor for tensor in tensors if tensor.role == "label"]
    alone = {True: plain_label and len(labels) == 1, False: len(tensors) - len(labels) == 1}

    def name(tensor: Tensor) -> str:
        alike = alone[tensor.role == "label"] and tensor.role != "condition"
        if alike or re.fullmatch(MADE_UP, tensor.name, re.IGNORECASE):
            return PLAIN[tensor.role]
        taken = tensor.name in KEYWORDS and not tensor.role == tensor.name == "label"
        return f"{tensor.name}_input" if taken else tensor.name

    return unique(msgspec.structs.replace(t, name=name(t)) for t in tensors)


def unique(tensors: Iterable[Tensor]) -> tuple[Tensor, ...]:
    """The tensors with repeated names numbered: label, label_2."""
    found: dict[str, Tensor] = {}
    for tensor in tensors:
        names = chain([tensor.name], (f"{tensor.name}_{k}" for k in count(2)))
        name = next(name for name in names if name not in found)
        found[name] = msgspec.structs.replace(tensor, name=name)
    return tuple(found.values())


def class_count(tensor: Tensor, part: PartInfo) -> int | None:
    """The classes of a label: of the embedding it feeds, or its one-hot width; None if unknown."""
    width = None if is_index(tensor) else elements(tensor)
    return part.classes.get(tensor.name) or width


def doubts(tensors: Sequence[Tensor], output: Tensor) -> Iterator[str]:
    """What may be wrong in taking these inputs, of an image-to-image net, for images."""
    image = tensors[0]
    picture = is_picture(image) and (image.shape[3] != 4 or output.shape[-1] == 4)
    picture = picture or channels_first(image.shape)
    if len(tensors) == 1 and not picture:
        yield (
            f"input '{image.name}' {image.shape[1:]} is taken for a signal that users give, and "
            "drawn as textures; if the net makes samples out of noise, pass --family latent "
            "(and --prior uniform if that is how it was trained), if it takes something else, "
            f"--domain {image.name}=SPEC or --data"
        )
    if picture and space(output) < space(image) and output.shape[-1] not in (1, image.shape[-1]):
        yield (
            f"a picture {image.shape[1:]} becomes {output.shape[1:]}: if this is an encoder, "
            "convert it with its decoder, as a folder with model.toml"
        )


def space(image: Tensor) -> int:
    """Places of a signal, each of which has all channels."""
    return elements(image) // (image.shape[-1] or 1)
