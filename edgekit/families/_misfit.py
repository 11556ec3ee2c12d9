"""What a net that fits no family looks like, and what its owner can do: in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edgekit.data.tensors import elements, is_integer, is_vector
from edgekit.families._base import PartInfo
from edgekit.families._inputs import is_label
from edgekit.model import Tensor

TOGETHER = (
    "put encoder and decoder into one folder, beside a model.toml with the line "
    'parts = { encoder = "encoder.keras", decoder = "decoder.keras" }, and convert the folder'
)
ALONE = "save the generator alone (generator.save('generator.keras')) and convert that"


def what_it_is(parts: Mapping[str, PartInfo]) -> str:
    """What these nets seem to be, and the remedy."""
    for part in parts.values():
        if reason := of_text(part):
            return reason
    if len(parts) > 1:
        names = ", ".join(f"'{name}'" for name in parts)
        return (
            f"{len(parts)} nets ({names}), of which edgekit knows no pair; those that belong "
            "together are called 'encoder' and 'decoder' in model.toml, any other is converted by "
            "itself"
        )
    (part,) = parts.values()
    if any(not is_vector(tensor) for tensor in part.inputs):
        return of_signals(part)
    return of_vectors(part)


def of_text(part: PartInfo) -> str:
    """Strings or tokens as inputs; empty where there are none."""
    for tensor in part.inputs:
        if tensor.dtype == "string":
            return (
                f"input '{tensor.name}' takes text (strings), which no device engine does; leave "
                "the vectorization out of the net, and convert what comes behind it"
            )
    tokens = [t for t in part.inputs if is_integer(t) and len(t.shape) == 2 and t.shape[1] != 1]
    if tokens and len(part.outputs[0].shape) in (2, 3):
        return (
            f"it looks like a net of text: tokens '{tokens[0].name}' {tokens[0].shape[1:]} in, "
            f"scores {part.outputs[0].shape[1:]} out; sequence models come later, they are not "
            "supported yet"
        )
    return ""


def of_signals(part: PartInfo) -> str:
    """Pictures, sounds or videos in, and no signal of the same rank out."""
    vectors = [tensor for tensor in part.outputs if is_vector(tensor)]
    if len(vectors) < len(part.outputs):
        into = next(t.shape[1:] for t in part.inputs if not is_vector(t))
        made = [t.shape[1:] for t in part.outputs]
        return (
            f"it makes {listed(made)} of {into}: edgekit has families for nets that keep the rank "
            "of a signal (image-to-image) and for those that make one out of vectors (latent)"
        )
    if sum(map(elements, vectors)) == 1:
        return f"it looks like a discriminator: one number for each sample; {ALONE}"
    pair = len({t.shape for t in vectors}) < len(vectors)
    if not pair and vectors[0].range == (0.0, 1.0):
        return (
            f"it looks like a classifier: {elements(vectors[0])} shares between 0 and 1; it "
            "generates nothing, and edgekit is for generative nets"
        )
    return of_encoder(part, vectors)


def of_encoder(part: PartInfo, vectors: Sequence[Tensor]) -> str:
    """Vectors without an activation that makes shares of them."""
    kind = "an encoder alone"
    if len(vectors) > 1:
        names = listed([tensor.name for tensor in vectors])
        kind = f"the encoder of a variational autoencoder alone ({names})"
    labels = [t.name for t in part.inputs if is_label(t, part)]
    beside = (
        f"; that it takes '{labels[0]}' besides is not supported yet: convert the decoder by "
        "itself, as a latent net"
        if labels
        else f"; {TOGETHER}"
    )
    doubt = "" if len(vectors) > 1 else " (or a classifier, which generates nothing)"
    return f"it looks like {kind}{doubt}: vectors out of samples{beside}"


def of_vectors(part: PartInfo) -> str:
    """Vectors in, and less out."""
    largest = max(map(elements, part.inputs))
    made = max(map(elements, part.outputs))
    if made == 1:
        return (
            f"it makes one number out of {largest}: it looks like a discriminator, or like "
            f"generator and discriminator in one model, as a GAN is trained; {ALONE}"
        )
    if all(is_label(tensor, part) for tensor in part.inputs):
        return "it takes class labels only; a latent net takes random numbers besides"
    if all(is_vector(tensor) for tensor in part.outputs):
        return (
            f"it makes {made} values out of vectors of {largest}: it looks like a classifier, a "
            "regression or an encoder of table rows; a generator of rows makes at least as many "
            "values as it takes (--family latent says that it is one); for an autoencoder, "
            f"{TOGETHER}"
        )
    return (
        f"it makes fewer values ({made}) than it takes ({largest}), which generators seldom do; "
        "--family latent says that it is one"
    )


def listed(items: Sequence[object]) -> str:
    """Some things after another."""
    return ", ".join(map(str, items))
