"""Image-to-image nets: pix2pix and CycleGAN generators, super-resolution, style, denoising."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np

from edgekit.errors import InputError, did_you_mean
from edgekit.families import _base
from edgekit.families._base import (
    Array,
    Arrays,
    PartInfo,
    is_label,
    is_vector,
    paired,
    rename,
    unique,
)
from edgekit.families._tiles import cost, follows, tiled
from edgekit.families.autoencoder import image_rows
from edgekit.model import Model, Signature, Tensor, Tiling
from edgekit.rng import Random
from edgekit.values import check_values


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
        """One part from a signal (rank 3 or more, not one 1×1 pixel) to one of the same rank."""
        if len(parts) != 1:
            return None
        ((name, part),) = parts.items()
        image, output = part.inputs[0], part.outputs[0]
        if (is_vector(image) and not forced) or len(output.shape) != len(image.shape):
            return None
        conditions = (rename(t, t.name, condition_role(t, part)) for t in part.inputs[1:])
        return {
            "translate": Signature(
                part=name,
                inputs=unique([rename(image, "image", "sample"), *conditions]),
                outputs=(rename(output, "sample", "sample"),),
            )
        }

    @classmethod
    def problems(cls, model: Model) -> Iterator[str]:
        """Signatures that begin with an image, each of another size."""
        firsts = [signature.inputs[0] for signature in model.signatures.values()]
        if any((tensor.name, tensor.role) != ("image", "sample") for tensor in firsts):
            yield "the first input of an image-to-image net is 'image', of role 'sample'"
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
        """Images of every size, named as their signatures; conditions by their roles."""
        draws = {}
        for name, signature in self.model.signatures.items():
            image, *conditions = signature.inputs
            rows_of = None if data is None else scoped(data, name)
            draws[f"{name}/image"] = image_rows(image, count, Random(seed), rows_of)
            for stream, tensor in enumerate(conditions, start=1):
                rows = self.draw_input(tensor, count, Random(seed, stream), rows_of)
                draws[f"{name}/{tensor.name}"] = rows
        return paired(draws)

    def trial(self, draws: Arrays) -> dict[str, Array]:
        """Every size on its images."""
        return {
            name: self.output(
                name,
                self.runner.run(name, {t.name: draws[f"{name}/{t.name}"] for t in item.inputs}),
            )
            for name, item in self.model.signatures.items()
        }

    def transform(self, images: Array, *, tiles: bool = False, **conditions: Array) -> Array:
        """Images (N, H, W, C), or one (H, W, C), in the net's input range to its output range.

        Any size that was not converted goes through the net in tiles (`_tiles.py`). Where the net
        sees the whole picture, only with `tiles`: seams may show. uint8 pixels are scaled to the
        range. Conditions that are not given are drawn with seed 0.

        Raises:
            InputError: another number of channels, or a size that this net does not take.
        """
        images = np.asarray(images)
        if images.ndim == len(next(iter(self.model.signatures.values())).inputs[0].shape) - 1:
            return np.asarray(self.transform(images[None], tiles=tiles, **conditions)[0])
        name = self._signature_for(images, tiles=tiles)
        signature = self.model.signatures[name]
        taken = [tensor.name for tensor in signature.inputs[1:]]
        for given in conditions:
            if given not in taken:
                raise InputError(f"this net takes no '{given}'; {did_you_mean(given, taken)}")
        image, *others = signature.inputs
        inputs = {image.name: check_values(image, images)}
        own = images.shape[1:] == image.shape[1:]
        for stream, tensor in enumerate(others, start=1):
            if own or not follows(tensor, image):
                rows = self.draw_input(tensor, len(images), Random(0, stream), conditions)
            else:
                rows = alike(tensor, images, conditions)
            inputs[tensor.name] = rows

        def run(part: Arrays) -> Array:
            return self.output(name, self.runner.run(name, part))

        return run(inputs) if own else tiled(run, inputs, signature)

    def _signature_for(self, images: Array, *, tiles: bool) -> str:
        """The signature of just this size, else the one whose tiles are the least work."""
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
        raise InputError(
            f"images are {images.shape}; this bundle takes {known} "
            "(resize them, or convert again with --input-size)"
            + (f": {why}; tiles=True (run --tiles) cuts them all the same" if why else "")
        )


def alike(tensor: Tensor, images: Array, given: Arrays) -> Array:
    """An input that belongs to the same places as the images; raises InputError when it does not.

    It is not drawn: nobody wants a random mask over a picture of their own.
    """
    rows = given.get(tensor.name)
    want = (*images.shape[:-1], tensor.shape[-1])
    if rows is None or np.shape(rows) != want:
        found = "not given" if rows is None else str(np.shape(rows))
        raise InputError(f"input '{tensor.name}' must be {want}, as the images; it is {found}")
    return check_values(tensor, rows).astype(tensor.dtype)


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


def condition_role(tensor: Tensor, part: PartInfo) -> str:
    """What an input beside the image is: another image (a style, a mask), a label or a latent."""
    if not is_vector(tensor):
        return "sample"
    return "label" if is_label(tensor, part) else "latent"


def scoped(data: Arrays, signature: str) -> dict[str, Array]:
    """The arrays meant for one signature: `signature/name` before a plain `name`."""
    plain = {name: rows for name, rows in data.items() if "/" not in name}
    prefix = f"{signature}/"
    own = {k.removeprefix(prefix): rows for k, rows in data.items() if k.startswith(prefix)}
    return plain | own
