"""Bundles of tiny OpenVINO nets, made in a moment without a conversion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edgekit.bundle import FORMAT, Manifest, describe_files, write_manifest
from edgekit.model import Model, Signature, Tensor, Tiling


def generator_bundle(folder: Path) -> Path:
    """A latent net: z (6) to grey pictures of 8×8 in -1…1, two at a time."""
    from openvino import opset13 as op

    z = op.parameter([2, 6], np.float32, name="z")
    weights = np.linspace(-1, 1, 6 * 64, dtype=np.float32).reshape(6, 64)
    product = op.matmul(z, op.constant(weights), transpose_a=False, transpose_b=False)
    picture = op.reshape(op.tanh(product), op.constant([2, 8, 8, 1]), special_zero=False)
    signature = Signature(
        part="net",
        inputs=(Tensor(name="z", shape=(2, 6), role="latent"),),
        outputs=(Tensor(name="sample", shape=(2, 8, 8, 1), range=(-1.0, 1.0)),),
    )
    return write(folder, "latent", "generate", signature, z, picture)


def upscaler_bundle(folder: Path) -> Path:
    """An image-to-image net: colour pictures of 16×16 doubled by repeating pixels, in 0…255."""
    from openvino import opset13 as op

    image = op.parameter([1, 16, 16, 3], np.float32, name="image")
    split = op.reshape(image, op.constant([1, 16, 1, 16, 1, 3]), special_zero=False)
    tiled = op.tile(split, op.constant([1, 1, 2, 1, 2, 1]))
    large = op.reshape(tiled, op.constant([1, 32, 32, 3]), special_zero=False)
    signature = Signature(
        part="net",
        inputs=(Tensor(name="image", shape=(1, 16, 16, 3), range=(0.0, 255.0)),),
        outputs=(Tensor(name="sample", shape=(1, 32, 32, 3), range=(0.0, 255.0)),),
        tiling=Tiling(margin=0),
    )
    return write(folder, "image-to-image", "translate", signature, image, large)


def write(
    folder: Path, family: str, name: str, signature: Signature, given: Any, made: Any
) -> Path:
    """Save a graph from one input to one output as the bundle's only signature."""
    import openvino

    given.output(0).get_tensor().set_names({signature.inputs[0].name})
    made.output(0).get_tensor().set_names({signature.outputs[0].name})
    folder.mkdir(parents=True)
    openvino.save_model(
        openvino.Model([made], [given]), str(folder / f"{name}.xml"), compress_to_fp16=False
    )
    model = Model(
        kind="openvino", family=family, signatures={name: signature}, files={name: f"{name}.xml"}
    )
    manifest = Manifest(
        format=FORMAT,
        name=family,
        engine="openvino",
        target="intel-cpu",
        recipe="float32",
        model=model,
        files=describe_files(folder),
    )
    write_manifest(folder, manifest)
    return folder
