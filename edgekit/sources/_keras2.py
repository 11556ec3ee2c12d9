"""Configs of Keras 2, and of `.h5` files of any Keras, as Keras 3 writes them into `.keras` files.

What a net computes must stay: where a name means something else in Keras 3, it gets one of our own
(_keras2_layers.py); an argument that Keras 3 lacks is left out only where it has the value that
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgekit.sources._keras2_functions import STAND_INS
from edgekit.sources._keras2_nodes import functional, plain_names
from edgekit.sources._keras_allowed import NETS, PARTS, home_of_operation, public

Config = dict[str, Any]

# Paths of Keras' own modules before 3; what else they hold is found by its name.
OLD_MODULES = ("tf_keras", "keras.engine", "keras.src", "keras.layers.", "keras.mixed_precision",
               "tensorflow.", "keras.saving", "keras.initializers.", "keras.utils")  # fmt: skip
HARD_SIGMOID = "hard_sigmoid_of_keras_2"
RENAMED = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "Convolution2DTranspose": "Conv2DTranspose",
    "Convolution3DTranspose": "Conv3DTranspose",
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "DenseV1": "Dense",
    "GRUV1": "GRU",
    "GRUV2": "GRU",
    "LSTMV1": "LSTM",
    "LSTMV2": "LSTM",
    "ThresholdedReLU": "ReLU",
}
ANY = object()
# Arguments that Keras 3 does not have, and the values that change nothing.
WITHOUT_EFFECT: dict[str, tuple[Any, ...]] = {
    "ragged": (False, None),
    "time_major": (False,),
    "implementation": (ANY,),
    "input_length": (ANY,),
    "input_dtype": (ANY,),
    "batch_input_shape": (ANY,),
    "dynamic": (False,),
    "experimental_autocast": (ANY,),
    "weights": (None,),
    "renorm": (False,),
    "renorm_clipping": (ANY,),
    "renorm_momentum": (ANY,),
    "fused": (ANY,),
    "virtual_batch_size": (None,),
    "adjustment": (None,),
    "causal": (False,),
    "query_shape": (ANY,),
    "key_shape": (ANY,),
    "value_shape": (ANY,),
    "softmax_robust_masking": (ANY,),
    "batch_size": (None,),
    "rng_type": (ANY,),
    "force_generator": (ANY,),
}
NOT_TRAINABLE = ("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D")
UNGROUPED = ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "DepthwiseConv1D",
             "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D")  # fmt: skip
LAMBDA_EXTRAS = ("module", "function_type", "output_shape_type", "output_shape_module")


def modern(tree: Config, keras_2: bool) -> Config:
    """The config with every object in the form of Keras 3."""
    result: Config = mended(tree, keras_2)
    return plain_names(result) if keras_2 else result


def mended(value: Any, keras_2: bool) -> Any:
    """The same for any part of a config, the inner objects first."""
    if isinstance(value, list):
        return [mended(inner, keras_2) for inner in value]
    if not isinstance(value, dict):
        return value
    if keras_2 and value.get("class_name") == "Sequential":
        value = sequential(value)
    entry = {key: mended(inner, keras_2) for key, inner in value.items()}
    name = entry.get("class_name")
    if not isinstance(name, str) or name.startswith("__") or "config" not in entry:
        return entry
    if keras_2:
        name = entry["class_name"] = RENAMED.get(name, name)
        if name == "Model" and is_graph(entry["config"]):
            entry["class_name"] = "Functional"
    place(entry, keras_2)
    config = entry["config"]
    if keras_2:
        entry.pop("build_config", None)
    if keras_2 and isinstance(config, dict):
        if entry.get("module") == "keras.layers" and name != "InputLayer":
            keep_meaning(entry, config)
        if name in MENDERS:
            MENDERS[name](config)
        elif is_graph(config):
            functional(config)
    return entry


def is_graph(config: Any) -> bool:
    return isinstance(config, dict) and "layers" in config and "output_layers" in config


def place(entry: Config, keras_2: bool) -> None:
    """Name the module of an object, which old files lack or call otherwise."""
    name, module = entry["class_name"], entry.get("module")
    if name == "function" or name in STAND_INS:
        entry.update({"module": "builtins"} if name == "function" else {"module": None})
        entry.setdefault("registered_name", name)
        return
    if module is not None and not str(module).startswith(OLD_MODULES):
        return
    # `x * y` is an operation Multiply, the layer of that name can be trained.
    is_operation = not keras_2 and "trainable" not in (entry["config"] or ())
    home = home_of_operation(name) if is_operation else None
    if home is not None:
        entry["module"], entry["registered_name"] = home, name
    elif name in NETS:
        entry["module"] = "keras.src.models.functional" if name == "Functional" else "keras"
        entry["registered_name"] = None
    elif part := next((part for part in PARTS if name in public(part)), None):
        entry["module"], entry["registered_name"] = f"keras.{part}", None
    else:
        entry.setdefault("module", None)
        entry.setdefault("registered_name", name)


def keep_meaning(entry: Config, config: Config) -> None:
    """Mend the arguments of one of Keras' own layers."""
    for key, values in WITHOUT_EFFECT.items():
        if key in config and (ANY in values or config[key] in values):
            del config[key]
    if entry["class_name"] in UNGROUPED and config.get("groups") == 1:
        del config["groups"]
    if entry["class_name"] in NOT_TRAINABLE:
        for key in ("trainable", "noise_shape"):
            config.pop(key, None)
    for key in ("activation", "recurrent_activation"):
        value = config.get(key)
        named = value.get("config") if isinstance(value, dict) else value
        if named == "hard_sigmoid":
            config[key] = {
                "module": "builtins",
                "class_name": "function",
                "config": HARD_SIGMOID,
                "registered_name": HARD_SIGMOID,
            }
    axis = config.get("axis")
    if isinstance(axis, list) and len(axis) == 1:
        config["axis"] = axis[0]


def input_layer(config: Config) -> None:
    shape = config.pop("batch_input_shape", None)
    if shape is not None:
        config["batch_shape"] = shape
    for key in set(config) - {"batch_shape", "dtype", "sparse", "name", "optional"}:
        del config[key]


def sequential(entry: Config) -> Config:
    """A net whose input has a layer of its own; before Keras 2.3 the config was a mere list."""
    config = entry.get("config")
    if isinstance(config, list):
        config = {"name": "sequential", "layers": config}
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        return entry
    layers = config["layers"]
    first = layers[0] if layers and isinstance(layers[0], dict) else {}
    inner = first.get("config")
    built = entry.get("build_config")
    shape = config.get("build_input_shape") or (
        built.get("input_shape") if isinstance(built, dict) else None
    )
    if isinstance(inner, dict) and first.get("class_name") != "InputLayer":
        shape = inner.get("batch_input_shape") or shape
        if shape is not None and not is_graph(inner):
            given = {"batch_input_shape": shape, "name": f"{inner.get('name', 'first')}_input"}
            layers = [{"class_name": "InputLayer", "config": given}, *layers]
    kept = {key: value for key, value in config.items() if key != "build_input_shape"}
    return entry | {"config": kept | {"layers": layers}}


def lambda_layer(config: Config) -> None:
    """The function of a Lambda layer: bytecode in a list, or a name."""
    kind = config.get("output_shape_type")
    for key in ("function", "output_shape"):
        value = config.get(key)
        if isinstance(value, list) and len(value) == 3 and isinstance(value[0], str):
            code = dict(zip(("code", "defaults", "closure"), value, strict=True))
            config[key] = {"class_name": "__lambda__", "config": code}
        elif isinstance(value, str) and (key == "function" or kind == "function"):
            config[key] = {"class_name": "function", "module": "builtins", "config": value,
                           "registered_name": value}  # fmt: skip
    for key in (*LAMBDA_EXTRAS, *(["output_shape"] if config.get("output_shape") is None else [])):
        config.pop(key, None)


def relu(config: Config) -> None:
    if "theta" in config:  # of a ThresholdedReLU
        config["threshold"] = config.pop("theta")


def leaky_relu(config: Config) -> None:
    if "alpha" in config:
        config["negative_slope"] = config.pop("alpha")


def variance_scaling(config: Config) -> None:
    if config.get("distribution") == "normal":
        config["distribution"] = "truncated_normal"


MENDERS: dict[str, Callable[[Config], None]] = {
    "InputLayer": input_layer,
    "Lambda": lambda_layer,
    "LeakyReLU": leaky_relu,
    "ReLU": relu,
    "VarianceScaling": variance_scaling,
}
