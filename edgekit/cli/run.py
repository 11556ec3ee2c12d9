"""edgekit run"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from edgekit.cli._options import bundle_argument, json_option, threads_option
from edgekit.cli._show import emit, note


@click.command("run", short_help="Generate with a bundle, to a picture, a sound or arrays.")
@bundle_argument
@click.option(
    "--count", "-n", default=1, show_default=True, type=click.IntRange(1), help="How many samples."
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="The same seed gives the same samples.",
)
@click.option("--label", type=int, help="Class of a conditional net.")
@click.option(
    "--input",
    "input_path",
    type=click.Path(path_type=Path),
    help="Image, wav, npy or folder to transform, or an npz with any of the net's inputs.",
)
@click.option(
    "--tiles",
    is_flag=True,
    help="Cut a large picture into tiles even where the net sees the whole of it.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    required=True,
    help="A .png (grid), .wav, .npy or .npz file.",
)
@threads_option
@json_option
def command(bundle: Path, count: int, seed: int, label: int | None, input_path: Path | None,
            tiles: bool, output: Path, threads: int | None, as_json: bool) -> None:  # fmt: skip
    """Generate samples with BUNDLE, or transform the images of --input."""
    from edgekit import runtime
    from edgekit.data.load import sample_inputs
    from edgekit.data.save import check_samples, load_inputs, save_samples, unsaid

    if input_path is not None and count != 1:
        raise click.UsageError("--count does not go with --input, which has rows of its own")
    check_samples(output)
    net = runtime.load(bundle, threads=threads)
    if tiles and not (net.tiles and input_path):
        raise click.UsageError("--tiles goes with the --input of an image-to-image net")
    how: dict[str, Any] = {"tiles": True} if tiles else {}
    inputs = {} if input_path is None else load_inputs(input_path, net.model, **how)
    images = next(iter(sample_inputs(net.model).values()), None) if input_path else None
    if label is not None:
        if "label" in inputs:
            raise click.UsageError(f"--label {label}: --input has labels of its own")
        how["label"] = label
    if images is None or unsaid(net.model, inputs, "latent"):
        how["seed"] = seed
    if images is not None:
        for told in (*notes(net.model, inputs, input_path, label), *filling(net, inputs, tiles)):
            note(told)
    rows = max(map(len, inputs.values()), default=count)

    given: dict[str, Any] = inputs | how
    warm_up(net)
    start = time.perf_counter()
    samples = net.transform(**given) if images else net.generate(rows, **given)
    seconds = time.perf_counter() - start
    save_samples(output, samples, net.output_tensor(net.model, net.shown(net.model)).range)
    value = {"output": str(output), "shape": samples.shape, "seconds": seconds}
    each = seconds / len(samples) * 1e3
    emit(value, as_json, f"{output}: {len(samples)} × {samples.shape[1:]} in {seconds:.3g} s "
                         f"({each:.3g} ms each)")  # fmt: skip


def warm_up(net: Any) -> None:
    """Load the engine by a batch of zeros for each signature: what is timed is generating."""
    import numpy as np

    for name, signature in net.model.signatures.items():
        net.runner.run(name, {t.name: np.zeros(t.shape, t.dtype) for t in signature.inputs})


def filling(net: Any, inputs: Mapping[str, Any], tiles: bool) -> Iterator[str]:
    """That a picture is filled up, where tiles do not fit it."""
    from edgekit.families._tiles import filled_up

    image = next(iter(net.model.signatures.values())).inputs[0]
    if not net.tiles or image.name not in inputs:
        return
    images = inputs[image.name]
    signature = net.model.signatures[net.signature_for(images, tiles=tiles)]
    own = images.shape[1:] == signature.inputs[0].shape[1:]
    space = images.shape[1:-1]
    if not own and (filled := filled_up(signature, space)):
        given, full = ("x".join(map(str, sizes)) for sizes in (space, filled))
        yield (
            f"{given} is filled up to {full} by its mirror, for tiles to fit: approximate, most of "
            "all at its last rows and columns"
        )


def notes(model: Any, inputs: Mapping[str, Any], path: Any, label: int | None) -> Iterator[str]:
    """What a transform does that nobody asked for, in words."""
    from edgekit.data.load import sample_inputs
    from edgekit.data.save import scaling, unsaid
    from edgekit.data.values import alternatives, as_text

    tensor = next(iter(sample_inputs(model).values()))
    image = tensor.name
    if tensor.range and model.range_doubt:
        yield (
            f"the input range, taken to be {as_text(tensor.range)}, may be wrong: "
            f"{alternatives(model.range_doubt)} fits as well; convert with --input-range"
        )
    scaled = scaling(path, inputs[image], model) if image in inputs else None
    if scaled:
        yield scaled
    if latents := unsaid(model, inputs, "latent"):
        yield f"--input has no {', '.join(latents)}: drawn by --seed"
    if labels := unsaid(model, inputs, "label")[label is not None :]:
        yield f"neither --label nor --input tells {', '.join(labels)}: classes in turn"
