"""What the inputs of a model take, as far as the user says; what is assumed of the others."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from edgekit.data.tensors import elements, is_index, is_integer, misfits
from edgekit.domain import Domains, as_text
from edgekit.errors import InputError, did_you_mean
from edgekit.families._base import PartInfo
from edgekit.model import Signature, Tensor


def with_domains(
    signatures: Mapping[str, Signature],
    infos: Mapping[str, PartInfo],
    stated: Mapping[str, Domains],
    remarks: list[str],
) -> dict[str, Signature]:
    """The signatures with the stated domains; what is drawn for all others is remarked.

    An input may be named as the family or as the net itself calls it.

    Raises:
        InputError: no such input, or a domain that it cannot have.
    """
    known = {name for s in signatures.values() for t in s.inputs for name in names(s, t, infos)}
    for name in stated:
        if name not in known:
            raise InputError(
                f"--domain {name}: the net has no such input; {did_you_mean(name, known)}"
            )
    found, assumed = {}, dict[str, str]()
    for key, signature in signatures.items():
        inputs = []
        for tensor in signature.inputs:
            told = [stated[n] for n in names(signature, tensor, infos) if n in stated]
            if not told and (words := assumption(tensor, signature)):
                assumed[tensor.name] = words
            inputs.append(bounded(with_domain(tensor, told[0]) if told else tensor))
        found[key] = msgspec.structs.replace(signature, inputs=tuple(inputs))
    if assumed:
        told_apart = ", ".join(f"'{name}' {words}" for name, words in assumed.items())
        remarks.append(
            f"drawn until you say what they take (--domain NAME=SPEC, or --data): {told_apart}"
        )
    return found


def names(signature: Signature, tensor: Tensor, infos: Mapping[str, PartInfo]) -> list[str]:
    """The family's name of an input, and the net's own."""
    own = [t.name for t in infos[signature.part].inputs if t.source == tensor.source]
    return list(dict.fromkeys([tensor.name, *own]))


def with_domain(tensor: Tensor, domains: Domains) -> Tensor:
    """The tensor with a stated domain, if its shape and type can have it."""
    for domain in domains:
        for reason in misfits(tensor, domain):
            raise InputError(f"--domain {tensor.name}={domain}: {reason}")
    return msgspec.structs.replace(tensor, domain=domains)


def bounded(tensor: Tensor) -> Tensor:
    """An image whose domain has bounds has them as its range."""
    whole = [d for d in tensor.domain if d.columns is None and d.distribution != "normal"]
    if tensor.role != "sample" or len(tensor.domain) != 1 or not whole:
        return tensor
    return msgspec.structs.replace(tensor, range=whole[0].bounds)


def assumption(tensor: Tensor, signature: Signature) -> str:
    """What is drawn for an input of which the user said nothing; empty where none is in doubt."""
    others = [t for t in signature.inputs if t is not tensor and t.role != "label"]
    if tensor.role == "label":
        one_hot = is_integer(tensor) and not is_index(tensor)
        return f"as one-hot rows of {elements(tensor)} classes" if one_hot else ""
    if tensor.domain:
        return f"from {as_text(tensor.domain)}"
    if tensor.role == "latent" and others:
        return "from the prior"
    same = [t for t in others if t.role == "sample"]
    return "as textures" if tensor.role == "sample" and same else ""
