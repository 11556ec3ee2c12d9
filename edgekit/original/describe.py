"""First step of a conversion: load what the user gave, check it, and describe it as a Model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from edgekit import plugin
from edgekit.data.values import as_text
from edgekit.domain import Domains
from edgekit.errors import EdgekitError, InputError, ModelError, PassError
from edgekit.families._base import PartInfo
from edgekit.families._misfit import what_it_is
from edgekit.machine.capacity import weight
from edgekit.machine.limits import Limits
from edgekit.model import ORIGINAL, Model, Noise, Prior, Range, Settings, Signature, Tensor
from edgekit.original.batches import UNMENDED, rebatched, with_batches, with_outputs, working_batch
from edgekit.original.inputs import with_domains
from edgekit.original.outputs import arranged, with_extra
from edgekit.original.ranges import (
    with_given_ranges,
    with_input_ranges,
    with_output_ranges,
    with_type_ranges,
)
from edgekit.original.runner import OriginalRunner, load_parts
from edgekit.original.steady import check_repeated, noise_of
from edgekit.original.tiling import with_tilings
from edgekit.reason import advice, reason
from edgekit.sources import ModelToml, Trust, needs, open_parts, part_files, read_description
from edgekit.sources._cut import cut
from edgekit.sources._part import Part, check_weights
from edgekit.typed import Typed
from edgekit.work.workspace import Workspace

DEFAULT_SIZE = 128
UNHELD = (
    "a layer makes values when it is loaded (random ones, say) that the file does not hold; make "
    "them with add_weight, and save again"
)


class Given(Typed, frozen=True):
    """What the user says of a model; None leaves it to detection."""

    family: str | None = None
    sizes: tuple[tuple[int, ...], ...] = ()
    batch: int = 1
    prior: Prior | None = None
    classes: int | None = None
    input_range: Range | None = None
    output_range: Range | None = None
    domains: dict[str, Domains] = {}  # noqa: RUF012 - a struct field, copied for each instance
    output_name: str | None = None
    extra_outputs: tuple[str, ...] = ()
    noise: Noise | None = None


def described(workspace: Workspace, source: Path, given: Given, trust: Trust) -> Path:
    """The folder of a described model: loaded in a child process, within limits.

    Raises:
        InputError: as `describe`, and for a file that wants the whole machine.
    """
    files = part_files(source).values()
    try:
        return workspace.step(
            describe,
            needs=(*needs(files), *trust.custom_objects),
            limits=Limits.of_net(sum(map(weight, files))),
            source=source.absolute(),
            given=given,
            trust=trust,
        )
    except PassError as error:
        raise InputError(f"'{source}' cannot be used: {error}") from None


def describe(output: Path, source: Path, given: Given, trust: Trust) -> None:
    """Load and check the model at `source`; write it with its description into `output`.

    Raises:
        InputError: the model fits no family, or a free size is not given.
        ModelError: corrupt, not trusted, non-finite weights or outputs.
    """
    told = read_description(source)
    given = merged(given, told)
    files = part_files(source)
    for span in (given.input_range, given.output_range):
        if span and not (span[0] < span[1] and np.isfinite(span).all()):
            raise InputError(f"the range {as_text(span)} of '{source}' is none; give LO,HI as -1,1")
    parts = open_parts(files, trust)
    if given.noise == "input":
        parts = cut(parts, given.noise, {})
    parameters = sum(check_weights(part) for part in parts.values())
    size = given.sizes[0] if given.sizes else ()
    infos = arranged(parts, given.output_name, given.extra_outputs, size)
    name, family, signatures = detect(infos, given.family, source)
    remarks = list(dict.fromkeys(remark for info in infos.values() for remark in info.remarks))
    signatures = with_extra(signatures, infos, given.extra_outputs)
    signatures = with_batches(infos, signatures, given.batch, remarks)
    signatures = sized(signatures, given, remarks)
    signatures = with_domains(signatures, infos, given.domains, remarks)
    signatures = {key: traced(parts, signature, remarks) for key, signature in signatures.items()}
    noise = noise_of(parts, signatures, given.noise, remarks, sampler=name == "autoencoder")
    if noise == "mean":
        parts = cut(parts, noise, signatures)
    remarks += [doubt for s in signatures.values() for doubt in family.doubts(s)]
    settings = family.settings(infos)
    check_classes(signatures, given)
    if given.classes and settings.classes and given.classes != settings.classes:
        raise InputError(f"--classes {given.classes}: the net knows {settings.classes} classes")
    settings = Settings(
        prior=given.prior or settings.prior, classes=given.classes or settings.classes
    )
    unused = list(left_out(infos, signatures))
    remarks += unused
    if unused:  # weights that only lead to these are in no artifact
        parameters = sum(
            part.weights_used([s for s in signatures.values() if s.part == key])
            for key, part in parts.items()
        )
    model = Model(
        kind=ORIGINAL,
        family=name,
        signatures=signatures,
        files=copy_files(output, files),
        settings=settings,
        parameters=parameters,
        noise=noise,
        license=told.license,
        notes=told.notes,
    )
    model = with_given_ranges(model, given.input_range, given.output_range)
    model = with_type_ranges(model, remarks)
    model = with_input_ranges(model, parts, remarks)
    member = family(model, OriginalRunner(parts, model.signatures))
    draws = member.draw(4, seed=0)
    observed = member.trial(draws)
    check_repeated(observed, member.trial(draws), "it draws random numbers or keeps a state")
    if trust.trust or trust.custom_objects:  # code of the user's, which may hold values of its own
        loaded = OriginalRunner(load_parts(output, model, trust), model.signatures)
        check_repeated(observed, family(model, loaded).trial(draws), UNHELD)
    check_generative(member, observed)
    model = with_output_ranges(model, observed[member.shown(model)], remarks)
    if family.tiles:
        model = with_tilings(model, family(model, member.runner), remarks)
    model.replace(remarks=tuple(remarks)).save(output)


def merged(given: Given, told: ModelToml) -> Given:
    """What model.toml tells, where the command line says nothing."""
    fields = ("family", "prior", "classes", "input_range", "output_range", "noise")
    chosen = {
        field: getattr(told if getattr(given, field) is None else given, field) for field in fields
    }
    domains = {k: d if isinstance(d, tuple) else (d,) for k, d in told.inputs.items()}
    return msgspec.structs.replace(
        given,
        **chosen,
        domains=domains | given.domains,
        output_name=told.output if given.output_name is None else given.output_name,
        extra_outputs=given.extra_outputs or told.extra_outputs,
    )


def detect(
    infos: Mapping[str, PartInfo], wanted: str | None, source: Path
) -> tuple[str, Any, dict[str, Signature]]:
    """The family's name, class and signatures: the wanted one, else the first that fits.

    Raises:
        InputError: no family fits.
        ModelError: a net without inputs or outputs.
    """
    for name, info in infos.items():
        check_ends(name, info, source)
    if any(t.dtype == "string" for info in infos.values() for t in info.inputs):
        raise InputError(f"'{source}': {what_it_is(infos)}")
    for name in [wanted] if wanted else plugin.names("families"):
        family = plugin.load("families", name).Family
        signatures = family.describe(infos, forced=wanted is not None)
        if signatures:
            return name, family, signatures
    shapes = "; ".join(
        f"{name}: {[t.shape for t in i.inputs]} to {[t.shape for t in i.outputs]}"
        for name, i in infos.items()
    )
    if wanted:
        raise InputError(f"'{source}' does not fit the family {wanted} ({shapes})")
    known = ", ".join(plugin.names("families"))
    raise InputError(f"'{source}' fits no family ({known}): {what_it_is(infos)} ({shapes})")


def check_ends(name: str, info: PartInfo, source: Path) -> None:
    """Raises ModelError unless the net has inputs (each with a batch dimension) and outputs."""
    for side, tensors in (("inputs", info.inputs), ("outputs", info.outputs)):
        if not tensors:
            raise ModelError(f"'{source}': the net '{name}' has no {side}; save it with both")
    for tensor in info.inputs:
        if not tensor.shape:
            raise ModelError(
                f"'{source}': input '{tensor.name}' of '{name}' has no batch; declare it as "
                "(None, 1), one number for each sample, or fix it to a constant, and save again"
            )


def sized(
    signatures: Mapping[str, Signature], given: Given, remarks: list[str]
) -> dict[str, Signature]:
    """Static input shapes: the batch, and every free size; several sizes make several signatures.

    Output shapes stay as they are until the graph is traced.
    """
    result: dict[str, Signature] = {}
    for name, signature in signatures.items():
        free = [t for t in signature.inputs if any(size is None for size in t.shape[1:])]
        sizes = given.sizes if free else ()
        if free and not sizes:
            image = free[0]
            if len(image.shape) != 4 or image.role != "sample":
                raise InputError(
                    f"input '{image.name}' {image.shape} has free dimensions; "
                    "give --input-size (for example 128x128, or 16000 for a signal)"
                )
            sizes = ((DEFAULT_SIZE, DEFAULT_SIZE),)
            remarks.append(
                f"input size not given (--input-size): converted for {DEFAULT_SIZE}x{DEFAULT_SIZE}"
            )
        for size in sizes or ((),):
            suffix = f"-{'x'.join(map(str, size))}" if len(sizes) > 1 else ""
            inputs = tuple(static(tensor, size, given.batch) for tensor in signature.inputs)
            result[name + suffix] = msgspec.structs.replace(signature, inputs=inputs)
    if given.sizes and not any(None in t.shape[1:] for s in signatures.values() for t in s.inputs):
        fixed = ", ".join(str(t.shape[1:]) for s in signatures.values() for t in s.inputs)
        raise InputError(f"--input-size does not apply: the net's inputs are fixed ({fixed})")
    return result


def static(tensor: Tensor, size: Sequence[int], batch: int) -> Tensor:
    """The tensor with its batch and free dimensions filled in order."""
    free = [k for k, n in enumerate(tensor.shape) if n is None and k > 0]
    if free and len(free) != len(size):
        raise InputError(
            f"input '{tensor.name}' {tensor.shape} has {len(free)} free dimensions, "
            f"--input-size gives {len(size)}"
        )
    shape = [tensor.shape[0] or batch, *tensor.shape[1:]]
    for k, n in zip(free, size, strict=False):
        shape[k] = n
    return msgspec.structs.replace(tensor, shape=tuple(shape))


def traced(parts: Mapping[str, Part], signature: Signature, remarks: list[str]) -> Signature:
    """The signature with the output shapes of its graph, at a batch that the net takes."""
    part, asked = parts[signature.part], signature.inputs[0].shape[0]
    try:
        return with_outputs(part, signature)
    except Exception as error:  # the net's own layers raise what they like
        batch = None if isinstance(error, UNMENDED) else working_batch(part, signature)
        if batch and asked == 1:
            told = f"the net takes batches of {batch}, not of 1: converted for these (--batch-size)"
            remarks += [told] if told not in remarks else []
            return with_outputs(part, rebatched(signature, batch))
        if batch:
            raise InputError(
                f"--batch-size {asked}: the net works with batches of {batch}; give that"
            ) from None
        if isinstance(error, EdgekitError):
            raise
        shapes = ", ".join(str(t.shape) for t in signature.inputs)
        free = any(None in tensor.shape[1:] for tensor in part.info.inputs)
        raise InputError(
            f"the net fails on inputs of {shapes}: {reason(error)}{advice(error, sizes=free)}"
        ) from None


def left_out(infos: Mapping[str, PartInfo], signatures: Mapping[str, Signature]) -> Iterator[str]:
    """A remark for each part that has outputs which no signature gives."""
    for name, info in infos.items():
        used = {t.source for s in signatures.values() if s.part == name for t in s.outputs}
        unused = [tensor.name for tensor in info.outputs if tensor.source not in used]
        taken = [tensor.name for tensor in info.outputs if tensor.source in used]
        if unused:
            yield (
                f"of {name}, output {', '.join(taken)} is used (--output-name); left out: "
                f"{', '.join(unused)} (--extra-output)"
            )


def check_classes(signatures: Mapping[str, Signature], given: Given) -> None:
    """Raises InputError when a number of classes is given of a net that takes none."""
    inputs = [tensor for signature in signatures.values() for tensor in signature.inputs]
    if given.classes and not any(tensor.role == "label" for tensor in inputs):
        raise InputError(
            f"--classes {given.classes}: no input of the net is a class label "
            f"({', '.join(tensor.name for tensor in inputs)}); leave it out, or say which columns "
            f"are a class, such as --domain {inputs[0].name}=one-hot:128..137"
        )


def copy_files(output: Path, files: Mapping[str, Path]) -> dict[str, str]:
    """Copy the parts beside the description, so that later steps depend on nothing else."""
    copied = {}
    for name, path in files.items():
        copied[name] = name + path.suffix
        if path.is_dir():
            shutil.copytree(path, output / copied[name])
        else:
            shutil.copyfile(path, output / copied[name])
    return copied


def check_generative(member: Any, outputs: Mapping[str, Any]) -> None:
    """Raises ModelError when the net gives the same sample for different inputs."""
    samples = np.asarray(outputs[member.shown(member.model)])
    if len(samples) > 1 and samples[0].size > 1 and (samples == samples[0]).all():
        raise ModelError(
            "the net gives the same output for different inputs; was it trained and saved whole?"
        )
