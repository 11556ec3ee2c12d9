"""Bundles of tiny nets for both engines, made in a moment without a conversion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edgekit.bundle.manifest import (
    artifact_of,
    describe_files,
    manifest_of,
    write_manifest,
)
from edgekit.device import Device
from edgekit.domain import Domains, parse_domain
from edgekit.engines.litert.pack import packed
from edgekit.model import Model, Signature, Tensor, Tiling


def generator_bundle(folder: Path, domain: Domains = ()) -> Path:
    """A latent net: z (6) to grey pictures of 8×8 in -1…1, two at a time."""
    from openvino import opset13 as op

    z = op.parameter([2, 6], np.float32, name="z")
    weights = np.linspace(-1, 1, 6 * 64, dtype=np.float32).reshape(6, 64)
    product = op.matmul(z, op.constant(weights), transpose_a=False, transpose_b=False)
    picture = op.reshape(op.tanh(product), op.constant([2, 8, 8, 1]), special_zero=False)
    signature = Signature(
        part="net",
        inputs=(Tensor(name="z", shape=(2, 6), role="latent", domain=domain),),
        outputs=(Tensor(name="sample", shape=(2, 8, 8, 1), range=(-1.0, 1.0)),),
    )
    return write(folder, "latent", "generate", signature, z, picture)


def conditional_bundle(folder: Path) -> Path:
    """The same net, the last two columns of whose input are a class."""
    return generator_bundle(folder, (parse_domain("one-hot:4..5"),))


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


def litert_bundle(folder: Path, values: int = 6) -> Path:
    """A latent net of LiteRT: the hyperbolic tangent of z, two rows at a time."""
    folder.mkdir(parents=True)
    (folder / "generate.tflite").write_bytes(tanh_file((2, values)))
    signature = Signature(
        part="net",
        inputs=(Tensor(name="z", shape=(2, values), role="latent"),),
        outputs=(Tensor(name="sample", shape=(2, values), range=(-1.0, 1.0)),),
    )
    return describe(folder, "litert", "latent", "generate", signature)


def tanh_file(shape: tuple[int, ...]) -> bytes:
    """A .tflite file with one op, from `z` to `sample`."""
    from ai_edge_litert import schema_py_generated as schema

    def tensor(name: str) -> Any:
        made = schema.TensorT()
        made.name, made.shape, made.type = name.encode(), list(shape), schema.TensorType.FLOAT32
        return made

    def named(name: str, index: int) -> Any:
        made = schema.TensorMapT()
        made.name, made.tensorIndex = name.encode(), index
        return made

    op, code, graph = schema.OperatorT(), schema.OperatorCodeT(), schema.SubGraphT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.TANH
    code.version, op.opcodeIndex, op.inputs, op.outputs = 1, 0, [0], [1]
    graph.tensors, graph.operators = [tensor("z"), tensor("sample")], [op]
    graph.inputs, graph.outputs = [0], [1]
    signature, model = schema.SignatureDefT(), schema.ModelT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    signature.inputs, signature.outputs = [named("z", 0)], [named("sample", 1)]
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers, model.signatureDefs = [schema.BufferT()], [signature]
    return packed(model)


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
    return describe(folder, "openvino", family, name, signature)


def describe(folder: Path, engine: str, family: str, name: str, signature: Signature) -> Path:
    """Write the manifest of a bundle whose only artifact is there."""
    kind, suffix = {"openvino": ("openvino-ir", ".xml"), "litert": ("tflite", ".tflite")}[engine]
    files = {name: name + suffix}
    model = Model(kind=kind, family=family, signatures={name: signature}, files=files)
    return bundled(folder, model, engine)


def bundled(folder: Path, model: Model, engine: str, **told: Any) -> Path:
    """Write the manifest of a model whose files are there."""
    device = told.pop("device", Device())
    fields = {"name": model.family, "target": "linux-cpu", "recipe": "float32"} | told
    manifest = manifest_of(
        model, artifact_of(model, engine, device, {}), files=describe_files(folder), **fields
    )
    write_manifest(folder, manifest)
    return folder
