"""Image-to-image nets: pix2pix and CycleGAN generators, super-resolution, style, denoising."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from edgekit.data.rng import Random
from edgekit.data.values import check_values
from edgekit.errors import InputError
from edgekit.families import _base
from edgekit.families._base import (
    Array,
    Arrays,
    PartInfo,
    check_known,
    paired,
    rename,
)
from edgekit.families._inputs import doubts, image_first, named, with_roles
from edgekit.families._tiles import cost, follows, tiled
from edgekit.model import Model, Signature, Tensor, Tiling


class Family(_base.Family):
    """`translate`: an image (and conditions) in, an image out; one signature for each size."""

    gates: ClassVar[dict[str, str]] = {"psnr": ">=35", "ssim": ">=0.9", "cosine": ">=0.98"}
    self_made: ClassVar[str] = "synthetic textures (give --data to use real images)"
    parts: ClassVar[tuple[str, ...]] = ("generator", "translator")
    offers: ClassVar[str] = "transform"
    tiles: ClassVar[bool] = True

    @classmethod
    def describe(
        cls, parts: Mapping[str, PartInfo], *, forced: bool = False
    ) -> dict[str, Signature] | None:
        """One part from a signal (rank 3 or more, not one 1×1 pixel) to one of the same rank.

        Where there are several, the first input is the one that is translated.
        """
        if len(parts) != 1:
            return None
        ((name, part),) = parts.items()
        tensors, output = with_roles(part), part.outputs[0]
        if forced and not any(t.role == "sample" for t in tensors):
            tensors = [rename(tensors[0], tensors[0].name, "sample"), *tensors[1:]]
        if not any(t.role == "sample" for t in tensors):
            return None
        inputs = named(image_first(tensors, output), plain_label=False)
        if len(output.shape) != len(inputs[0].shape):
            return None
        outputs = (rename(output, "sample", "sample"),)
        return {"translate": Signature(part=name, inputs=inputs, outputs=outputs)}

    @classmethod
    def doubts(cls, signature: Signature) -> Iterator[str]:
        """Whether what is no picture may be noise."""
        return doubts(signature.inputs, signature.outputs[0])

    @classmethod
    def problems(cls, model: Model) -> Iterator[str]:
        """Signatures that begin with an image, each of another size."""
        firsts = [signature.inputs[0] for signature in model.signatures.values()]
        if any(tensor.role != "sample" for tensor in firsts):
            yield "the first input of an image-to-image net is of role 'sample'"
        if len({tensor.name for tensor in firsts}) > 1:
            yield "the first inputs of its signatures have different names"
        if len({tensor.shape[1:] for tensor in firsts}) < len(firsts):
            yield "two signatures take images of one size"
        for name, signature in model.signatures.items():
            if signature.tiling and not can_tile(signature, signature.tiling):
                yield f"the tiling of '{name}' leaves nothing of a tile"

    @classmethod
    def shown(cls, model: Model) -> str:
        """The first size."""
        return next(iter(model.signatures))

    def draw(self, count: int, seed: int, data: Arrays | None = None) -> dict[str, Array]:
        """Inputs of every size, named as their signatures: images of `data` or by their domains."""
        draws = {}
        for name, signature in self.model.signatures.items():
            rows_of = None if data is None else scoped(data, name)
            for stream, tensor in enumerate(signature.inputs):
                check_given(tensor, rows_of)
                rows = self.draw_input(tensor, count, Random(seed, stream), rows_of)
                draws[f"{name}/{tensor.name}"] = rows
        return paired(draws)

    def trial(self, draws: Arrays) -> dict[str, Array]:
        """Every size on its images."""
        outputs: dict[str, Array] = {}
        for name, signature in self.model.signatures.items():
            inputs = {t.name: draws[f"{name}/{t.name}"] for t in signature.inputs}
            outputs |= self.outputs(name, self.runner.run(name, inputs))
        return outputs

    def transform(
        self,
        images: Any = None,
        *,
        label: Any = None,
        seed: int = 0,
        tiles: bool = False,
        **inputs: Any,
    ) -> Array:
        """Images (N, H, W, C), or one (H, W, C), in the net's input range to its output range.

        Any size that was not converted goes through the net in tiles (`_tiles.py`); one that tiles
        do not fit is filled up by its mirror, and its last rows and columns are approximate. Where
        the net sees the whole picture, only with `tiles`: seams may show. uint8 pixels are scaled
        to the range. `images` are the first input; all others go by name: as many rows, one row or
        one number. `label` is a class. Images and conditions (a mask, a time step) must be given;
        latents that are not are drawn by `seed`, labels go in turn.

        Raises:
            InputError: another number of channels, a size that this net does not take, an input
                that is missing or that the net has not.
        """
        first = next(iter(self.model.signatures.values())).inputs[0]
        if images is not None:
            inputs = {**inputs, first.name: images}
        if first.name not in inputs:
            raise InputError(f"this net takes images: '{first.name}' is missing")
        images = np.asarray(inputs.pop(first.name))
        if images.ndim == len(first.shape) - 1:
            how: dict[str, Any] = {"label": label, "seed": seed, "tiles": tiles}
            return np.asarray(self.transform(images[None], **how, **inputs)[0])
        name = self.signature_for(images, tiles=tiles)
        signature = self.model.signatures[name]
        image, *others = signature.inputs
        if np.ndim(label) > 0:
            inputs["label"] = label  # rows of an input of this name
        elif label is not None:
            inputs[label_input(others, inputs)] = label
        check_known(inputs, [tensor.name for tensor in others])
        check_complete(inputs, others)
        rows = {image.name: check_values(image, images, self.model.range_doubt)}
        own = images.shape[1:] == image.shape[1:]
        for stream, tensor in enumerate(others, start=1):
            if tensor.name not in inputs:
                rows[tensor.name] = self.draw_input(tensor, len(images), Random(seed, stream), None)
            elif own or not follows(tensor, image):
                rows[tensor.name] = self.rows_of(tensor, inputs[tensor.name], len(images))
            else:
                rows[tensor.name] = alike(tensor, images, inputs[tensor.name])

        def run(part: Arrays) -> Array:
            return self.output(name, self.runner.run(name, part))

        return run(rows) if own else tiled(run, rows, signature)

    def signature_for(self, images: Array, *, tiles: bool = False) -> str:
        """The signature of just this size, else the one whose tiles are the least work.

        Raises:
            InputError: no signature takes these images (N, …), in tiles or not.
        """
        signatures = self.model.signatures
        fit = {
            name: signature
            for name, signature in signatures.items()
            if images.ndim == len(signature.inputs[0].shape)
            and images.shape[-1:] == signature.inputs[0].shape[-1:]
        }
        for name, signature in fit.items():
            if images.shape[1:] == signature.inputs[0].shape[1:]:
                return name
        able = [name for name, s in fit.items() if s.tiling and (tiles or not s.untiled)]
        if able and images.size:
            return min(able, key=lambda name: cost(signatures[name], images.shape[1:-1]))
        known = ", ".join(str(signature.inputs[0].shape[1:]) for signature in signatures.values())
        why = next((signature.untiled for signature in fit.values() if signature.untiled), "")
        can = any(signature.tiling for signature in fit.values())
        raise InputError(
            f"images are {images.shape}; this bundle takes {known} "
            "(resize them, or convert again with --input-size)"
            + (f": {why}" if why else "")
            + ("; tiles=True (run --tiles) cuts them all the same" if can and why else "")
        )


def alike(tensor: Tensor, images: Array, given: Any) -> Array:
    """An input that belongs to the same places as the images; raises InputError when it does not.

    One may stand for all images.
    """
    rows, want = np.asarray(given), (*images.shape[:-1], tensor.shape[-1])
    rows = rows[None] if rows.ndim == images.ndim - 1 else rows
    if rows.shape not in (want, (1, *want[1:])):
        raise InputError(f"input '{tensor.name}' must be {want}, as the images; it is {rows.shape}")
    return check_values(tensor, np.broadcast_to(rows, want)).astype(tensor.dtype)


def can_tile(signature: Signature, tiling: Tiling) -> bool:
    """Whether tiles cover a signal: what stays of one, without its margins, reaches the next."""
    image, output = signature.inputs[0], signature.outputs[0]
    sides = [int(size or 0) for size in image.shape[1:-1]]
    ranks = len(image.shape) == len(output.shape) >= 3
    return (
        ranks
        and min(tiling.margin, tiling.align - 1) >= 0
        and (2 * tiling.margin + tiling.align < min(sides))
    )


def label_input(tensors: Sequence[Tensor], given: Arrays) -> str:
    """The name of the first label, of which nothing else is said."""
    found = next((tensor.name for tensor in tensors if tensor.role == "label"), None)
    if found is None:
        raise InputError("this net takes no class label")
    if found in given:
        raise InputError(f"both a label and rows of '{found}' are given; leave one out")
    return found


def check_given(tensor: Tensor, data: Arrays | None) -> None:
    """Raises InputError when the user's data lacks an image, for which nothing real stands in."""
    image = tensor.role == "sample" and not tensor.domain
    if data is not None and image and tensor.name not in data:
        raise InputError(f"--data has no array '{tensor.name}'; it has: {', '.join(data)}")


def check_complete(inputs: Arrays, tensors: Sequence[Tensor]) -> None:
    """Raises InputError when an input is missing that no random draw can stand for."""
    for tensor in tensors:
        if tensor.role in ("sample", "condition") and tensor.name not in inputs:
            raise InputError(
                f"input '{tensor.name}' {tensor.shape[1:]} is missing: this net takes it beside "
                f"the image; give transform(…, {tensor.name}=…), or --input with an npz of both"
            )


def scoped(data: Arrays, signature: str) -> dict[str, Array]:
    """The arrays meant for one signature: `signature/name` before a plain `name`."""
    plain = {name: rows for name, rows in data.items() if "/" not in name}
    prefix = f"{signature}/"
    own = {k.removeprefix(prefix): rows for k, rows in data.items() if k.startswith(prefix)}
    return plain | own
