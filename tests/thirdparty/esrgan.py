"""ESRGAN slim: residual-dense super-resolution, trained on DIV2K, from npm (MIT licence).

A TF.js layers-model. Its topology holds standard layers only, so the rebuild walks that topology
rather than repeating it. Input [B, H, W, 3] in 0-255; output [B, H*scale, W*scale, 3], linear:
it overshoots 0-255 until `to_image` clips it.
"""

import io
import json
import math
import tarfile
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ._fetch import npm_package

if TYPE_CHECKING:
    import keras

SCALES = (2, 3, 4, 8)
_LAYERS = ("Conv2D", "Activation", "Concatenate", "Add", "UpSampling2D")
# How the weights were trained is of no use here, and is spelled the Keras 2 way.
_TRAINING_KEYS = ("_initializer", "_regularizer", "_constraint")


def build(scale: int = 2) -> "keras.Model":
    """The generator that enlarges by `scale`, one of SCALES."""
    import keras

    if scale not in SCALES:
        raise ValueError(f"scale {scale} is not one of {SCALES}")
    folder = f"models/x{scale}"
    description = json.loads(_read(f"{folder}/model.json"))
    (group,) = description["weightsManifest"]
    shards = b"".join(_read(f"{folder}/{path}") for path in group["paths"])
    weights = _split(shards, group["weights"])

    topology = description["modelTopology"]["model_config"]["config"]
    tensors: dict[str, Any] = {}
    for entry in topology["layers"]:
        name = entry["name"]
        if entry["class_name"] == "InputLayer":
            tensors[name] = keras.Input((None, None, 3), name=name)
            continue
        if entry["class_name"] not in _LAYERS:
            raise ValueError(f"layer {name} is an unknown {entry['class_name']}")
        options = {k: v for k, v in entry["config"].items() if not k.endswith(_TRAINING_KEYS)}
        layer = getattr(keras.layers, entry["class_name"])(**options)
        sources = [tensors[source[0]] for source in entry["inbound_nodes"][0]]
        tensors[name] = layer(sources if len(sources) > 1 else sources[0])
        if layer.weights:
            layer.set_weights([weights.pop(f"{name}/{w.name}") for w in layer.weights])
    if weights:
        raise ValueError(f"weights without a layer: {sorted(weights)}")
    ((first, *_),), ((last, *_),) = topology["input_layers"], topology["output_layers"]
    return keras.Model(tensors[first], tensors[last], name=f"esrgan_x{scale}")


def golden(scale: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """The package's sample: an image uint8 [128, 128, 3] and its enlargement (not for x8).

    It is what one pass over the whole image gives, neither padded nor cut into patches.
    """
    if scale not in SCALES[:3]:
        raise ValueError(f"the package holds no sample for scale {scale}")
    return _image("assets/fixture.png"), _image(f"assets/samples/{scale}x/result.png")


def to_image(output: np.ndarray) -> np.ndarray:
    """The model's float output as uint8: rounded, not truncated, like the package's samples."""
    image: np.ndarray = np.clip(np.rint(output), 0, 255).astype(np.uint8)
    return image


def _read(member: str) -> bytes:
    tarball = npm_package(
        "@upscalerjs/esrgan-slim@1.0.0",
        "upscalerjs-esrgan-slim-1.0.0.tgz",
        "b53070ff01363e74d33138106dcc72b58d341c9fb7e8fd648554a4e7744142b5",
    )
    with tarfile.open(tarball) as archive:
        file = archive.extractfile(f"package/{member}")
        if file is None:
            raise ValueError(f"{member} is not a file in {tarball.name}")
        return file.read()


def _split(buffer: bytes, manifest: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Cut the shards, joined end to end, into named arrays."""
    arrays, offset = {}, 0
    for entry in manifest:
        if entry["dtype"] != "float32" or "quantization" in entry:
            raise ValueError(f"{entry['name']} is not plain float32")
        count = math.prod(entry["shape"])
        flat = np.frombuffer(buffer, "<f4", count, offset)
        arrays[entry["name"]] = flat.reshape(entry["shape"])
        offset += flat.nbytes
    if offset != len(buffer):
        raise ValueError(f"the manifest describes {offset} bytes of {len(buffer)}")
    return arrays


def _image(member: str) -> np.ndarray:
    # The PNGs carry an alpha channel that is opaque everywhere.
    return np.asarray(Image.open(io.BytesIO(_read(member))).convert("RGB"))
