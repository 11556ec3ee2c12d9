"""Latent generators: GAN generators and VAE decoders, with or without a class label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np

from edgekit.errors import InputError
from edgekit.families import _base
from edgekit.families._base import (
    Array,
    Arrays,
    PartInfo,
    check_count,
    elements,
    is_label,
    is_vector,
    paired,
    rename,
    unique,
)
from edgekit.model import Model, Signature
from edgekit.rng import Random


class Family(_base.Family):
    """`generate`: a latent vector (and a label) in, a sample out."""

    gates: ClassVar[dict[str, str]] = {
        "psnr": ">=30",
        "ssim": ">=0.9",
        "cosine": ">=0.98",
        "frechet": "<=0.1",
    }
    self_made: ClassVar[str] = "latents from the prior"
    parts: ClassVar[tuple[str, ...]] = ("generator", "decoder")
    offers: ClassVar[str] = "generate"

    @classmethod
    def describe(
        cls, parts: Mapping[str, PartInfo], *, forced: bool = False
    ) -> dict[str, Signature] | None:
        """One part whose inputs are vectors (or 1×1 images), one of them no label."""
        if len(parts) != 1:
            return None
        ((name, part),) = parts.items()
        if not forced and not all(is_vector(tensor) for tensor in part.inputs):
            return None
        latents = [tensor for tensor in part.inputs if not is_label(tensor, part)]
        if not latents:
            return None
        if not forced and elements(part.outputs[0]) < max(elements(t) for t in latents):
            return None
        inputs = unique(
            rename(tensor, "label", "label")
            if is_label(tensor, part)
            else rename(tensor, "z" if tensor is latents[0] else tensor.name, "latent")
            for tensor in part.inputs
        )
        output = rename(part.outputs[0], "sample", "sample")
        return {"generate": Signature(part=name, inputs=inputs, outputs=(output,))}

    @classmethod
    def problems(cls, model: Model) -> Iterator[str]:
        """One signature, from latents and labels."""
        if set(model.signatures) != {"generate"}:
            yield "a latent net has the signature 'generate' alone"
        if any(tensor.role == "code" for tensor in model.signatures["generate"].inputs):
            yield "a latent net takes no code"

    @classmethod
    def shown(cls, model: Model) -> str:
        """The generated samples."""
        return "generate"

    def draw(self, count: int, seed: int, data: Arrays | None = None) -> dict[str, Array]:
        """Latents from the prior, labels 0, 1, 2, … in turn; rows of `data` by input name."""
        signature = self.model.signatures["generate"]
        if data is not None and not any(tensor.name in data for tensor in signature.inputs):
            names = ", ".join(f"'{tensor.name}'" for tensor in signature.inputs)
            raise InputError(
                f"--data for a latent net is an npz with {names}; got "
                + ", ".join(f"'{name}'" for name in data)
            )
        drawn = {
            tensor.name: self.draw_input(tensor, count, Random(seed, stream), data)
            for stream, tensor in enumerate(signature.inputs)
        }
        return paired(drawn)

    def trial(self, draws: Arrays) -> dict[str, Array]:
        """Samples for the given latents."""
        return {"generate": self.output("generate", self.runner.run("generate", draws))}

    def generate(self, count: int = 1, seed: int = 0, label: int | None = None) -> Array:
        """`count` samples; `label` fixes the class of a conditional net, else classes alternate.

        Returns the net's output shape with `count` first, in the net's own range.
        """
        check_count(count)
        draws = self.draw(count, seed)
        target = self.model.signatures["generate"].input("label")
        if label is not None:
            if target is None:
                raise InputError("this net takes no class label")
            classes = self.classes(target)
            if not 0 <= label < classes:
                raise InputError(f"label {label} is not in 0…{classes - 1}")
            draws[target.name] = _base.labels(target, np.full(count, label), classes)
        return self.trial(draws)["generate"]
