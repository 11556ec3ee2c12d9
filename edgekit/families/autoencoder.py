"""Autoencoders and VAEs: encode, decode, reconstruct, sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from edgekit.data.rng import Random
from edgekit.data.values import cast, check_values, rescaled
from edgekit.errors import InputError
from edgekit.families import _base
from edgekit.families._base import (
    Array,
    Arrays,
    PartInfo,
    check_count,
    check_known,
    check_rows,
    rename,
    stand_ins,
)
from edgekit.families._inputs import called
from edgekit.model import Model, Settings, Signature, Tensor

# "mu" and "loc" as words of their own: not in "simulated" or "block".
MEAN = r"mean|(?<![a-z])z?(mu|loc)(?![a-z])"


class Family(_base.Family):
    """`encode` and `decode` from two parts, or `reconstruct` from one net with a bottleneck."""

    gates: ClassVar[dict[str, str]] = {"psnr": ">=30", "ssim": ">=0.9", "cosine": ">=0.98"}
    self_made: ClassVar[str] = "latents from the prior; as images, the net's own decoded samples"
    parts: ClassVar[tuple[str, ...]] = ("encoder", "decoder", "autoencoder")
    offers: ClassVar[str] = "generate, transform, encode or decode"

    @classmethod
    def describe(
        cls, parts: Mapping[str, PartInfo], *, forced: bool = False
    ) -> dict[str, Signature] | None:
        """Parts named encoder and decoder, or one net of equal input and output shape.

        Raises:
            InputError: an encoder and decoder that take more than an image and a code.
        """
        if set(parts) == {"encoder", "decoder"}:
            encoder, decoder = parts["encoder"], parts["decoder"]
            check_unconditional(parts)
            code = code_output(encoder.outputs, decoder.inputs[0])
            return {
                "encode": Signature(
                    part="encoder",
                    inputs=(rename(encoder.inputs[0], "image", "sample"),),
                    outputs=(rename(code, "code", "code"),),
                ),
                "decode": Signature(
                    part="decoder",
                    inputs=(rename(decoder.inputs[0], "z", "latent"),),
                    outputs=(rename(decoder.outputs[0], "sample", "sample"),),
                ),
            }
        if len(parts) != 1:
            return None
        ((name, part),) = parts.items()
        (image, output) = (part.inputs[0], part.outputs[0])
        if len(part.inputs) > 1 or image.shape != output.shape or not (part.bottleneck or forced):
            return None
        return {
            "reconstruct": Signature(
                part=name,
                inputs=(rename(image, "image", "sample"),),
                outputs=(rename(output, "sample", "sample"),),
            )
        }

    @classmethod
    def problems(cls, model: Model) -> Iterator[str]:
        """Two signatures that fit together, or one; each with the one input of its name."""
        roles = ({"encode": "sample", "decode": "latent"}, {"reconstruct": "sample"})
        known = next((names for names in roles if set(names) == set(model.signatures)), None)
        if known is None:
            yield "an autoencoder has the signatures 'encode' and 'decode', or 'reconstruct'"
        for name, role in (known or {}).items():
            if [tensor.role for tensor in model.signatures[name].inputs] != [role]:
                yield f"signature '{name}' does not have one input, of role '{role}'"
        if "encode" in model.signatures:
            code, latent = (
                model.signatures["encode"].outputs[0],
                model.signatures["decode"].inputs[0],
            )
            if code.shape[1:] != latent.shape[1:]:
                yield f"'decode' takes {latent.shape}, 'encode' gives {code.shape}"

    @classmethod
    def settings(cls, parts: Mapping[str, PartInfo]) -> Settings:
        """Nothing is told: no input is a label."""
        return Settings()

    @classmethod
    def shown(cls, model: Model) -> str:
        """Decoded samples; reconstructions where the net cannot decode by itself."""
        return "decode" if "decode" in model.signatures else "reconstruct"

    @classmethod
    def output_tensor(cls, model: Model, output: str) -> Tensor:
        """The round trip through both parts ends in the decoder's output."""
        known = model.signatures.get(output) or model.signatures["decode"]
        return known.outputs[0]

    def draw(self, count: int, seed: int, data: Arrays | None = None) -> dict[str, Array]:
        """Latents from the prior; images from `data`, else the net's own decoded samples."""
        random, signatures = Random(seed), self.model.signatures
        if "decode" not in signatures:
            tensor = signatures["reconstruct"].inputs[0]
            return {"image": image_rows(tensor, count, random, data)}
        latent, image = signatures["decode"].inputs[0], signatures["encode"].inputs[0]
        draws = {"z": self.draw_input(latent, count, random, data)}
        if data is not None and "image" in data:
            draws["image"] = check_rows(image, data["image"])[:count]
        else:
            fresh = self.draw_input(latent, count, Random(seed, stream=1), None)
            made, drawn = self.decode(fresh), signatures["decode"].outputs[0]
            draws["image"] = cast(rescaled(made, drawn.range, image.range), image.dtype)
        return draws

    def trial(self, draws: Arrays) -> dict[str, Array]:
        """Every signature on the given draws, and the round trip through both parts."""
        if "decode" not in self.model.signatures:
            return {"reconstruct": self._run("reconstruct", draws["image"])}
        return {
            "encode": self._run("encode", draws["image"]),
            "decode": self._run("decode", draws["z"]),
            "reconstruct": self._run("decode", self._run("encode", draws["image"])),
        }

    def encode(self, images: Array) -> Array:
        """Images (N, H, W, C) to codes (N, D): the mean, for a variational encoder.

        Images are in the net's input range, or uint8 pixels, which are scaled to it.
        """
        return self._call("encode", images)

    def decode(self, codes: Array) -> Array:
        """Codes (N, D) to images (N, H, W, C)."""
        return self._call("decode", codes)

    def transform(self, images: Any = None, **inputs: Any) -> Array:
        """Reconstruct images (N, H, W, C)."""
        if images is None and "image" in inputs:
            images = inputs.pop("image")
        check_known(inputs, ["image"])
        if images is None:
            raise InputError("this net takes images: 'image' is missing")
        if "reconstruct" in self.model.signatures:
            return self._call("reconstruct", images)
        return self._run("decode", self._call("encode", images))

    reconstruct = transform

    def generate(
        self, count: int = 1, seed: int = 0, label: int | None = None, **inputs: Any
    ) -> Array:
        """`count` samples decoded from the prior."""
        check_known(inputs, ())
        if label is not None:
            raise InputError("this net takes no class label")
        if "decode" not in self.model.signatures:
            raise InputError(
                "this autoencoder has one part and cannot sample; convert a folder with "
                "encoder and decoder (model.toml), or use transform (run --input)"
            )
        check_count(count, self.model.signatures["decode"])
        latent = self.model.signatures["decode"].inputs[0]
        return self.decode(self.draw_input(latent, count, Random(seed), None))

    def _call(self, signature: str, rows: Array) -> Array:
        """A signature on rows that are the user's."""
        if signature not in self.model.signatures:
            known = ", ".join(self.model.signatures)
            raise InputError(f"this autoencoder has no '{signature}'; it has: {known}")
        tensor = self.model.signatures[signature].inputs[0]
        return self._run(signature, check_values(tensor, rows, self.model.range_doubt))

    def _run(self, signature: str, rows: Array) -> Array:
        """A signature, each of which has one input, on rows as they are."""
        tensor = self.model.signatures[signature].inputs[0]
        return self.output(signature, self.runner.run(signature, {tensor.name: rows}))


def check_unconditional(parts: Mapping[str, PartInfo]) -> None:
    """Raises InputError when a part has a second input, such as a label."""
    for name, part in parts.items():
        if len(part.inputs) > 1:
            inputs = ", ".join(f"'{tensor.name}'" for tensor in part.inputs)
            raise InputError(
                f"the {name} takes {inputs}: conditional autoencoders are not supported yet; save "
                "the decoder alone and convert it as a latent net"
            )


def code_output(outputs: tuple[Tensor, ...], latent: Tensor) -> Tensor:
    """Which output of an encoder is the code: the mean of a variational one, else the first."""
    fitting = [tensor for tensor in outputs if tensor.shape[1:] == latent.shape[1:]]
    if not fitting:
        shapes = ", ".join(str(tensor.shape[1:]) for tensor in outputs)
        raise InputError(
            f"no output of the encoder {shapes} fits the decoder's input {latent.shape[1:]}"
            + ("; " + half_of(outputs, latent)).rstrip("; ")
        )
    return next((tensor for tensor in fitting if called(tensor, MEAN)), fitting[0])


def half_of(outputs: tuple[Tensor, ...], latent: Tensor) -> str:
    """The remedy where one output holds a mean and its spread; empty where none does."""
    width = latent.shape[-1] or 0
    double = (*latent.shape[1:-1], 2 * width)
    if not any(tensor.shape[1:] == double for tensor in outputs):
        return ""
    return (
        "it looks like mean and log-variance in one: save an encoder that gives the mean alone, "
        f"such as keras.Model(encoder.input, encoder.output[..., :{width}]).save('encoder.keras') "
        "if the mean comes first"
    )


def image_rows(tensor: Tensor, count: int, random: Random, data: Arrays | None) -> Array:
    """Images from `data`, or synthetic textures in the input's range."""
    if data is not None:
        if tensor.name not in data:
            raise InputError(f"--data has no array '{tensor.name}'; it has: {', '.join(data)}")
        return check_rows(tensor, data[tensor.name])[:count]
    return stand_ins(tensor, count, random)
