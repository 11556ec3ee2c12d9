"""Train a x2 super-resolution net on photographs: `models/super_resolution.keras`.

The photographs are the public-domain ones inside scikit-image's wheel; one of them is held out
for the figures. The net adds detail to the bilinear enlargement of its input. Instance
normalization, as GroupNormalization(groups=-1), is there because image-to-image nets have it.
"""

import time
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import skimage
import tensorflow as tf
from common import MODELS, psnr, start, write_figures
from keras import layers
from PIL import Image

NAME = "super_resolution"
PHOTOGRAPHS = (
    "astronaut.png", "coffee.png", "rocket.jpg", "hubble_deep_field.jpg", "ihc.png",
    "camera.png", "brick.png", "grass.png", "gravel.png",
)  # fmt: skip
HELD_OUT = "chelsea.png"
CHANNELS = 32
BLOCKS = 4
PATCH = 48
BATCH = 8
STEPS = 200
BORDER = 4

Floats = npt.NDArray[np.float32]
Pair = tuple[Floats, Floats]


def make_net(channels: int = CHANNELS, blocks: int = BLOCKS) -> keras.Model:
    """Image (height, width, 3) in 0..1 to (2 height, 2 width, 3), linear: near 0..1."""
    image = keras.Input((None, None, 3), name="image")
    x = layers.Conv2D(channels, 3, padding="same")(image)
    x = entry = layers.LeakyReLU(negative_slope=0.2)(x)
    for _ in range(blocks):
        x = _residual_block(x, channels)
    x = layers.Add()([entry, layers.Conv2D(channels, 3, padding="same")(x)])
    x = layers.UpSampling2D(2, interpolation="nearest")(x)
    x = layers.Conv2D(channels, 3, padding="same")(x)
    x = layers.LeakyReLU(negative_slope=0.2)(x)
    # Zeros at first: the training starts from the bilinear enlargement, not from noise.
    detail = layers.Conv2D(3, 3, padding="same", kernel_initializer="zeros")(x)
    enlarged = layers.UpSampling2D(2, interpolation="bilinear")(image)
    return keras.Model(image, layers.Add(name="enlarged")([enlarged, detail]), name=NAME)


def with_clipping(net: keras.Model) -> keras.Model:
    """The net to save: its output is clipped to 0..1, so that callers can rely on the range.

    It is trained without: beyond the limits the gradient of a clipped output is zero.
    """
    clipped = layers.ReLU(max_value=1.0, name="image_x2")(net.output)
    return keras.Model(net.input, clipped, name=NAME)


def _residual_block(x: keras.KerasTensor, channels: int) -> keras.KerasTensor:
    y = layers.Conv2D(channels, 3, padding="same", use_bias=False)(x)
    y = layers.GroupNormalization(groups=-1)(y)
    y = layers.PReLU(shared_axes=[1, 2])(y)
    y = layers.Conv2D(channels, 3, padding="same")(y)
    return layers.Add()([x, y])


def read(name: str) -> Pair:
    """A bundled photograph as (small, large): (h, w, 3) and (2h, 2w, 3), both in 0..1."""
    with Image.open(Path(skimage.__file__).parent / "data" / name) as file:
        photograph = file.convert("RGB")
    half = photograph.width // 2, photograph.height // 2
    large = photograph.crop((0, 0, 2 * half[0], 2 * half[1]))
    small = large.resize(half, Image.Resampling.BICUBIC)
    return _floats(small), _floats(large)


def enlarge(small: Floats, method: Image.Resampling) -> Floats:
    """The classical enlargement by two of an image (h, w, 3) in 0..1."""
    image = Image.fromarray(np.rint(small * 255).astype(np.uint8))
    return _floats(image.resize((2 * image.width, 2 * image.height), method))


def draw(pairs: list[Pair], random: np.random.Generator) -> Pair:
    """A batch of patches in the eight orientations: (BATCH, PATCH, PATCH, 3) and twice that."""
    patches: list[Pair] = []
    for index in random.integers(len(pairs), size=BATCH):
        small, large = pairs[index]
        top = int(random.integers(small.shape[0] - PATCH + 1))
        left = int(random.integers(small.shape[1] - PATCH + 1))
        turns, mirrored = int(random.integers(4)), bool(random.integers(2))
        patches.append(
            (
                _oriented(_cut(small, top, left, PATCH), turns, mirrored),
                _oriented(_cut(large, 2 * top, 2 * left, 2 * PATCH), turns, mirrored),
            )
        )
    return np.stack([small for small, _ in patches]), np.stack([large for _, large in patches])


def _cut(image: Floats, top: int, left: int, size: int) -> Floats:
    return image[top : top + size, left : left + size]


def _oriented(patch: Floats, turns: int, mirrored: bool) -> Floats:
    turned = np.rot90(patch, turns)
    return turned[:, ::-1] if mirrored else turned


def train(net: keras.Model, pairs: list[Pair], epochs: int, seed: int) -> float:
    """Fit the net, `epochs` times STEPS batches; returns the last epoch's mean absolute error."""
    random = np.random.default_rng(seed)
    schedule = keras.optimizers.schedules.CosineDecay(1e-3, epochs * STEPS, alpha=0.01)
    optimizer = keras.optimizers.Adam(schedule)

    @tf.function
    def step(small: tf.Tensor, large: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(net(small, training=True) - large))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))
        return loss

    loss = 0.0
    for epoch in range(1, epochs + 1):
        loss = float(np.mean([float(step(*draw(pairs, random))) for _ in range(STEPS)]))
        print(f"epoch {epoch}/{epochs}: mean absolute error {loss:.5f}", flush=True)
    return loss


def inner_psnr(reference: Floats, candidate: Floats) -> float:
    """PSNR without the border, as is usual for super-resolution: padding decides there."""
    inner = slice(BORDER, -BORDER)
    return psnr(reference[inner, inner], candidate[inner, inner])


def _floats(image: Image.Image) -> Floats:
    return np.asarray(image, np.float32) / np.float32(255)


def main() -> None:
    options = start("Train the x2 super-resolution net.", epochs=60)
    pairs = [read(name) for name in PHOTOGRAPHS]
    net = make_net()
    begun = time.monotonic()
    loss = train(net, pairs, options.epochs, options.seed)
    seconds = time.monotonic() - begun

    net = with_clipping(net)
    MODELS.mkdir(parents=True, exist_ok=True)
    net.save(MODELS / f"{NAME}.keras")

    small, large = read(HELD_OUT)
    enlarged = np.asarray(net(small[np.newaxis], training=False))[0]
    figures = {
        "data": f"scikit-image {version('scikit-image')}: {', '.join(PHOTOGRAPHS)}",
        "epochs": options.epochs,
        "steps_per_epoch": STEPS,
        "seed": options.seed,
        "seconds": round(seconds),
        "parameters": net.count_params(),
        "losses": {"mean_absolute_error": loss},
        "held_out": {
            "photograph": HELD_OUT,
            "psnr_db": inner_psnr(large, enlarged),
            "bicubic_psnr_db": inner_psnr(large, enlarge(small, Image.Resampling.BICUBIC)),
            "bilinear_psnr_db": inner_psnr(large, enlarge(small, Image.Resampling.BILINEAR)),
        },
    }
    write_figures(NAME, figures)


if __name__ == "__main__":
    main()
