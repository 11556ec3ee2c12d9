"""Latent generators: GAN generators and VAE decoders, with or without a class label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from edgekit.data.rng import Random
from edgekit.data.tensors import elements, is_vector
from edgekit.errors import InputError
from edgekit.families import _base
from edgekit.families._base import (
    Array,
    Arrays,
    PartInfo,
    check_count,
    check_known,
    one_hot_columns,
    paired,
    rename,
)
from edgekit.families._inputs import named, with_roles
from edgekit.model import Model, Signature


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
        """One part of vectors (or 1×1 images) and noise of any rank, one of them a latent."""
        if len(parts) != 1:
            return None
        ((name, part),) = parts.items()
        tensors = with_roles(part)
        if forced:
            tensors = [rename(t, t.name, "latent") if t.role == "sample" else t for t in tensors]
        # Whole numbers at every place are codes, such as those of a VQ-VAE.
        codes = [t for t in tensors if t.role == "condition" and not is_vector(t)]
        latents = [tensor for tensor in tensors if tensor.role == "latent"] or codes
        if not latents or any(tensor.role == "sample" for tensor in tensors):
            return None
        if not forced and elements(part.outputs[0]) < min(elements(t) for t in latents):
            return None
        output = rename(part.outputs[0], "sample", "sample")
        return {"generate": Signature(part=name, inputs=named(tensors), outputs=(output,))}

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
        return self.outputs("generate", self.runner.run("generate", draws))

    def generate(self, count: int = 1, seed: int = 0, label: Any = None, **inputs: Any) -> Array:
        """`count` samples; `label` fixes the class of a conditional net, else classes alternate.

        `inputs` take the place of what is drawn, by name: `count` rows, one row or one number.

        Returns the net's output shape with `count` first, in the net's own range.
        """
        check_count(count, self.model.signatures["generate"])
        if np.ndim(label) > 0:
            inputs, label = {**inputs, "label": label}, None  # rows of an input of this name
        tensors = self.model.signatures["generate"].inputs
        check_known(inputs, [tensor.name for tensor in tensors])
        draws = self.draw(count, seed)
        if label is not None:
            draws |= self._labelled(draws, label)
        given = {
            t.name: self.rows_of(t, inputs[t.name], count) for t in tensors if t.name in inputs
        }
        return self.trial(draws | given)["generate"]

    def _labelled(self, draws: Arrays, label: int) -> dict[str, Array]:
        """The first input that takes a class, or has columns for one, with this class."""
        signature = self.model.signatures["generate"]
        target = signature.input("label") or next(filter(one_hot_columns, signature.inputs), None)
        if target is None:
            raise InputError("this net takes no class label")
        rows, columns = draws[target.name], one_hot_columns(target)
        number, classes = self.known_class(target, label), self.classes(target)
        if columns is None:
            return {target.name: _base.labels(target, np.full(len(rows), number), classes)}
        flat = rows.reshape(len(rows), -1).copy()
        flat[:, columns] = np.eye(classes)[number]
        return {target.name: flat.reshape(rows.shape)}
