"""Nets that are random, change themselves or compute in other precisions, found when described."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from edgekit.engines.litert.file import read_graph  # noqa: E402
from edgekit.engines.litert.passes import lower as lower_litert  # noqa: E402
from edgekit.errors import InputError, ModelError  # noqa: E402
from edgekit.model import Model  # noqa: E402
from edgekit.original.describe import Given, describe  # noqa: E402
from edgekit.original.runner import OriginalRunner, load_parts  # noqa: E402
from edgekit.passes import export  # noqa: E402
from edgekit.passes._context import Context  # noqa: E402
from edgekit.sources import Trust  # noqa: E402
from edgekit.sources._flat_graph import FlatGraph  # noqa: E402
from edgekit.sources._steady import check_steady, find  # noqa: E402

layers, ops = keras.layers, keras.ops
TRUST = Trust(custom_objects=("tests.sources.test_steady",))


class Sampling(layers.Layer):  # type: ignore[misc]
    """As keras.io writes it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, inputs: Any) -> Any:
        mean, log_variance = inputs
        noise = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise


class OlderSampling(layers.Layer):  # type: ignore[misc]
    """As tutorials of TensorFlow wrote it."""

    def call(self, inputs: Any) -> Any:
        mean, log_variance = inputs
        return mean + tf.exp(0.5 * log_variance) * tf.random.normal(tf.shape(mean))


def vae(sampling: Callable[[], Any] = Sampling) -> tuple[Any, Any]:
    """A variational autoencoder whole, and the net that decodes the mean."""
    keras.utils.set_random_seed(7)
    image = keras.Input((8, 8, 1), name="image")
    x = layers.Flatten()(layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(image))
    mean, spread = layers.Dense(2)(x), layers.Dense(2)(x)
    up = (
        layers.Dense(16 * 4, activation="relu"),
        layers.Reshape((4, 4, 4)),
        layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid"),
    )
    x, y = sampling()([mean, spread]), mean
    for layer in up:
        x, y = layer(x), layer(y)
    return keras.Model(image, x), keras.Model(image, y)


def write(net: Any, folder: Path, how: str) -> Path:
    if how == "export":
        net.export(folder / "net", verbose=False)
        return folder / "net"
    net.save(folder / "net.keras")
    return folder / "net.keras"


def described(folder: Path, path: Path, trust: Trust = TRUST, **given: Any) -> Model:
    output = folder / "described"
    output.mkdir(exist_ok=True)
    describe(output, path, Given(**given), trust)
    return Model.load(output)


def refused(path: Path, *words: str, trust: Trust = TRUST, **given: Any) -> None:
    with pytest.raises(InputError) as caught:
        described(path.parent, path, trust, **given)
    text = str(caught.value)
    assert "\n" not in text
    assert all(word in text for word in words), text


def simple(folder: Path, body: Callable[[Any], Any], **tracked: Any) -> Path:
    """A SavedModel of one function from vectors to larger ones."""
    module = tf.Module()
    for name, value in tracked.items():
        setattr(module, name, value)
    spec = tf.TensorSpec((None, 4), tf.float32, name="z")
    weight = tf.Variable(tf.random.stateless_normal((4, 64), (1, 2)), name="weight")
    module.weight = weight
    module.call = tf.function(lambda z: {"y": body(z @ weight)}, input_signature=[spec])
    tf.saved_model.save(module, str(folder / "net"), signatures=module.call)
    return folder / "net"


# Samplers.


@pytest.mark.parametrize(
    ("how", "sampling"),
    [("export", Sampling), ("keras", OlderSampling)],
)
@pytest.mark.long
def test_the_sampler_of_an_autoencoder_gives_its_mean(
    how: str, sampling: Callable[[], Any], tmp_path: Path
) -> None:
    net, decoded_mean = vae(sampling)
    model = described(tmp_path, write(net, tmp_path, how))
    assert (model.family, model.noise) == ("autoencoder", "mean")
    assert any("--noise" in remark for remark in model.remarks)
    folder = tmp_path / "described"
    runner = OriginalRunner(load_parts(folder, model, TRUST), model.signatures)
    x = np.random.default_rng(0).random((3, 8, 8, 1), np.float32)
    sample = runner.run("reconstruct", {"image": x})["sample"]
    np.testing.assert_allclose(sample, decoded_mean(x), atol=1e-6)  # float32, the same ops

    if how == "export":  # the lowering keeps the weights, and finds nothing that draws or assigns
        exported, lowered = tmp_path / "exported", tmp_path / "lowered"
        exported.mkdir()
        lowered.mkdir()
        given = export.run(model, export.Options(), Context(source=folder, output=exported))
        lower_litert.run(given, lower_litert.Options(), Context(source=exported, output=lowered))
        kinds = {op.name for op in read_graph(lowered / "reconstruct.tflite").ops}
        assert not [kind for kind in kinds if "RANDOM" in kind or "VAR" in kind]


@pytest.mark.long
def test_noise_becomes_an_input_when_asked_for(tmp_path: Path) -> None:
    net, decoded_mean = vae()
    model = described(tmp_path, write(net, tmp_path, "keras"), noise="input")
    (signature,) = model.signatures.values()
    assert [t.name for t in signature.inputs] == ["image", "noise"]
    assert signature.inputs[1].shape == (1, 2)
    runner = OriginalRunner(load_parts(tmp_path / "described", model, TRUST), model.signatures)
    x = np.random.default_rng(0).random((3, 8, 8, 1), np.float32)
    name = next(iter(model.signatures))
    at = [
        runner.run(name, {"image": x, "noise": np.full((3, 2), value, np.float32)})["sample"]
        for value in (0, 1)
    ]
    np.testing.assert_allclose(at[0], decoded_mean(x), atol=1e-6)
    assert np.abs(at[0] - at[1]).max() > 1e-4


@pytest.mark.long
def test_an_encoder_whose_sample_is_not_used_needs_no_choice(tmp_path: Path) -> None:
    image = keras.Input((8, 8, 1))
    x = layers.Flatten()(image)
    mean, spread = layers.Dense(2, name="z_mean")(x), layers.Dense(2, name="z_log_var")(x)
    encoder = keras.Model(image, [mean, spread, Sampling()([mean, spread])])
    z = keras.Input((2,))
    decoder = keras.Model(z, layers.Reshape((8, 8, 1))(layers.Dense(64, activation="sigmoid")(z)))
    encoder.save(tmp_path / "encoder.keras")
    decoder.save(tmp_path / "decoder.keras")
    (tmp_path / "model.toml").write_text(
        '[parts]\nencoder = "encoder.keras"\ndecoder = "decoder.keras"\n'
    )
    model = described(tmp_path, tmp_path)
    assert model.family == "autoencoder"
    assert not any("noise" in remark for remark in model.remarks)


def test_model_toml_may_say_what_becomes_of_the_noise(tmp_path: Path) -> None:
    simple(tmp_path, lambda y: y + tf.random.normal(tf.shape(y)))
    (tmp_path / "model.toml").write_text('noise = "mean"\n[parts]\ngenerator = "net"\n')
    assert described(tmp_path, tmp_path).noise == "mean"


# What is random elsewhere is told at once.


def test_normal_noise_elsewhere_is_left_to_the_user(tmp_path: Path) -> None:
    path = simple(tmp_path, lambda y: y + tf.random.normal(tf.shape(y)))
    refused(path, "RandomStandardNormal", "--noise mean", "--noise input")
    assert described(tmp_path, path, noise="mean").noise == "mean"


def drawn_in_a_loop(y: Any) -> Any:
    return tf.while_loop(
        lambda k, y: k < 3, lambda k, y: (k + 1, y + tf.random.normal((64,))), (0, y)
    )[1]


GENERATOR = tf.random.Generator.from_seed(1)
VECTORS = tf.TensorSpec((2, 64), tf.float32)


@pytest.mark.parametrize(
    ("body", "op"),
    [
        (lambda y: tf.nn.dropout(y, 0.5), "RandomUniform"),
        (lambda y: y * tf.random.uniform((64,)), "RandomUniform"),
        (lambda y: tf.random.shuffle(tf.transpose(y))[:64], "RandomShuffle"),
        (lambda y: y + GENERATOR.uniform((64,)), "StatelessRandomUniformV2"),
        (lambda y: tf.gather(y, tf.random.categorical(y, 64)[0], axis=1), "Multinomial"),
        (drawn_in_a_loop, "while"),
    ],
    ids=["dropout", "uniform", "shuffle", "generator", "categorical", "loop"],
)
def test_other_random_numbers_are_refused_whatever_is_asked(
    body: Callable[[Any], Any], op: str
) -> None:
    found = find(FlatGraph(lambda y: [body(y)], [VECTORS]))
    assert [name.rpartition("/")[2] for name in found.random] == [op]
    for noise in (None, "mean", "input"):
        with pytest.raises(ModelError, match=r"random numbers.*training=False"):
            check_steady(Path("net"), found, noise, sampler=True)


def test_numbers_of_a_fixed_seed_are_no_noise() -> None:
    def body(y: Any) -> Any:
        return [y + tf.random.stateless_normal((64,), (1, 2))]

    found = find(FlatGraph(body, [VECTORS]))
    check_steady(Path("net"), found, None, sampler=False)


@pytest.mark.parametrize("seeded", [True, False])
def test_numbers_from_a_long_chain_of_seeds(seeded: bool) -> None:
    """Each seed is split from the one before, as many steps of sampling do."""

    def body(y: Any) -> Any:
        seed = tf.constant((1, 2)) if seeded else tf.cast(tf.random.uniform((2,)) * 1e6, tf.int32)
        for _ in range(40):
            seed = tf.random.split(seed, 2)[0]
        return [y + tf.random.stateless_normal((64,), seed)]

    found = find(FlatGraph(body, [VECTORS]))
    assert bool(found.normal) is not seeded


@pytest.mark.parametrize("noise", ["mean", "input"])
def test_noise_that_is_not_there_cannot_be_cut(tmp_path: Path, noise: str) -> None:
    refused(simple(tmp_path, tf.tanh), f"--noise {noise}", "no normal noise", noise=noise)


# Nets that change themselves.


def test_a_counter_that_outputs_read_is_refused(tmp_path: Path) -> None:
    counter = tf.Variable(0.0, name="calls")
    refused(
        simple(tmp_path, lambda y: y + counter.assign_add(1.0), counter=counter), "calls", "reads"
    )


def test_a_counter_that_nothing_reads_is_left_out(tmp_path: Path) -> None:
    counter = tf.Variable(0.0, name="calls")

    def body(y: Any) -> Any:
        counter.assign_add(1.0)
        return tf.tanh(y)

    assert described(tmp_path, simple(tmp_path, body, counter=counter)).noise == "mean"


class Training(layers.Layer):  # type: ignore[misc]
    """A layer called with training=True, whatever the caller says."""

    def __init__(self, kind: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.kind = kind
        self.inner = {
            "dropout": layers.Dropout(0.5, seed=1),
            "norm": layers.BatchNormalization(),
        }[kind]

    def build(self, shape: Any) -> None:
        self.inner.build(shape)

    def call(self, x: Any) -> Any:
        return self.inner(x, training=True)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "kind": self.kind}


@pytest.mark.parametrize("how", ["keras", "export"])
@pytest.mark.parametrize(("kind", "word"), [("dropout", "random"), ("norm", "moving_mean")])
def test_layers_in_training_mode_are_refused(
    kind: str, word: str, how: str, tmp_path: Path
) -> None:
    image = keras.Input((8, 8, 3))
    x = Training(kind)(layers.Conv2D(4, 3, padding="same")(image))
    net = keras.Model(image, layers.Conv2D(3, 3, padding="same")(x))
    refused(write(net, tmp_path, how), word, "training=False")


def test_a_stateful_layer_is_refused(tmp_path: Path) -> None:
    x = keras.Input((8, 3), batch_size=2)
    net = keras.Model(x, layers.GRU(3, return_sequences=True, stateful=True)(x))
    refused(write(net, tmp_path, "keras"), "stateful=False")


# Values that the file does not hold.


class Codebook(layers.Layer):  # type: ignore[misc]
    """A table in a variable that Keras does not see."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.table = tf.Variable(tf.zeros((64,)), name="codebook")

    def call(self, x: Any) -> Any:
        return x + self.table


class Fresh(layers.Layer):  # type: ignore[misc]
    """Values that are drawn whenever the layer is made."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.table = np.random.default_rng().standard_normal(64).astype(np.float32)

    def call(self, x: Any) -> Any:
        return x + self.table


@pytest.mark.parametrize(("layer", "word"), [(Codebook, "codebook"), (Fresh, "when it is loaded")])
def test_values_that_the_file_does_not_hold_are_found(
    layer: Any, word: str, tmp_path: Path
) -> None:
    z = keras.Input((4,))
    net = keras.Model(z, layers.Reshape((8, 8, 1))(layer()(layers.Dense(64)(z))))
    refused(write(net, tmp_path, "keras"), word, "add_weight")


# Precision.


@pytest.mark.parametrize("policy", ["mixed_bfloat16"])
def test_a_saved_model_of_another_precision_is_refused(policy: str, tmp_path: Path) -> None:
    keras.config.set_dtype_policy(policy)
    try:
        z = keras.Input((4,), dtype="float32")
        x = layers.Conv2D(3, 3, padding="same")(layers.Reshape((8, 8, 1))(layers.Dense(64)(z)))
        write(keras.Model(z, layers.Activation("tanh", dtype="float32")(x)), tmp_path, "export")
    finally:
        keras.config.set_dtype_policy("float32")
    refused(tmp_path / "net", policy.removeprefix("mixed_"), "float32", ".keras")


def test_a_sound_net_is_left_as_it_is(tmp_path: Path) -> None:
    model = described(tmp_path, simple(tmp_path, lambda y: tf.tanh(tf.reshape(y, (-1, 8, 8, 1)))))
    assert model.noise is None
