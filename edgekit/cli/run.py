"""edgekit run"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from edgekit.cli._options import bundle_argument, json_option, threads_option
from edgekit.cli._show import emit


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
    help="Image, wav, npy or folder for an image-to-image net or autoencoder.",
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
    from edgekit.save import load_input, save_samples, scaling

    if input_path is not None and (label is not None or count != 1):
        raise click.UsageError("--count and --label do not go with --input")
    net = runtime.load(bundle, threads=threads)
    if tiles and not (net.tiles and input_path):
        raise click.UsageError("--tiles goes with the --input of an image-to-image net")
    how = {"tiles": True} if tiles else {}
    images = None if input_path is None else load_input(input_path, net.model, **how)

    note = scaling(input_path, images, net.model) if input_path and images is not None else None
    if note:
        click.echo(f"note: {note}", err=True)

    def make(rows: int) -> Any:
        return (
            net.generate(rows, seed, label)
            if images is None
            else net.transform(images[:rows], **how)
        )

    make(1)  # loads the engine: what is timed is generating
    start = time.perf_counter()
    samples = make(count if images is None else len(images))
    seconds = time.perf_counter() - start
    save_samples(output, samples, net.output_tensor(net.model, net.shown(net.model)).range)
    value = {"output": str(output), "shape": samples.shape, "seconds": seconds}
    each = seconds / len(samples) * 1e3
    emit(value, as_json, f"{output}: {len(samples)} × {samples.shape[1:]} in {seconds:.3g} s "
                         f"({each:.3g} ms each)")  # fmt: skip
