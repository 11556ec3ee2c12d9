"""Train a variational autoencoder on handwritten digits: `models/digits_vae/`.

The saved encoder gives the mean and the log variance of the latent and leaves the sampling to
its caller: both nets are then plain functions, made of standard Keras layers only.
"""

import time

import digits
import keras
import numpy as np
import tensorflow as tf
from common import MODELS, psnr, start, write_figures
from keras import layers

NAME = "digits_vae"
LATENT = 16
BATCH = 64
MANIFEST = """\
family = "autoencoder"
license = "Apache-2.0"
notes = "Variational autoencoder of 28x28 handwritten digits; sample z from a standard normal."

[parts]
encoder = "encoder.keras"
decoder = "decoder.keras"
"""


def make_encoder() -> keras.Model:
    """Image (28, 28, 1) in 0..1 to `z_mean` and `z_log_var`, each (LATENT,)."""
    image = keras.Input((28, 28, 1), name="image")
    x = image
    for channels in (32, 64):
        x = layers.Conv2D(channels, 4, strides=2, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.LeakyReLU(negative_slope=0.2)(x)
    x = layers.Flatten()(x)
    x = layers.LeakyReLU(negative_slope=0.2)(layers.Dense(128)(x))
    outputs = {name: layers.Dense(LATENT, name=name)(x) for name in ("z_mean", "z_log_var")}
    return keras.Model(image, outputs, name="encoder")


def make_decoder() -> keras.Model:
    """Latent z (LATENT,) to an image (28, 28, 1) in 0..1."""
    z = keras.Input((LATENT,), name="z")
    x = layers.Dense(7 * 7 * 64)(z)
    x = layers.LeakyReLU(negative_slope=0.2)(x)
    x = layers.Reshape((7, 7, 64))(x)
    for channels in (64, 32):
        x = layers.Conv2DTranspose(channels, 4, strides=2, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.LeakyReLU(negative_slope=0.2)(x)
    image = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="image")(x)
    return keras.Model(z, image, name="decoder")


def divergence(z_mean: tf.Tensor, z_log_var: tf.Tensor) -> tf.Tensor:
    """KL divergence from the standard normal in nats, a mean over the batch (scalar)."""
    terms = 1.0 + z_log_var - tf.square(z_mean) - tf.exp(z_log_var)
    return -0.5 * tf.reduce_mean(tf.reduce_sum(terms, axis=1))


def reconstruction_loss(image: tf.Tensor, decoded: tf.Tensor) -> tf.Tensor:
    """Cross-entropy in nats, summed over the pixels, a mean over the batch (scalar)."""
    pixels = keras.losses.binary_crossentropy(image, decoded)
    return tf.reduce_mean(tf.reduce_sum(pixels, axis=(1, 2)))


def train(
    encoder: keras.Model, decoder: keras.Model, images: np.ndarray, epochs: int, seed: int
) -> dict[str, float]:
    """Fit both nets to images (n, 28, 28, 1) in 0..1; returns the losses of the last epoch."""
    steps = len(images) // BATCH
    schedule = keras.optimizers.schedules.CosineDecay(2e-3, steps * epochs)
    optimizer = keras.optimizers.Adam(schedule)
    weights = encoder.trainable_variables + decoder.trainable_variables

    @tf.function
    def step(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            latent = encoder(image, training=True)
            noise = tf.random.normal(tf.shape(latent["z_mean"]))
            z = latent["z_mean"] + tf.exp(0.5 * latent["z_log_var"]) * noise
            fit = reconstruction_loss(image, decoder(z, training=True))
            kl = divergence(latent["z_mean"], latent["z_log_var"])
            loss = fit + kl
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return fit, kl

    batches = tf.data.Dataset.from_tensor_slices(images).shuffle(len(images), seed=seed)
    batches = batches.batch(BATCH, drop_remainder=True)
    fit = kl = 0.0
    for epoch in range(1, epochs + 1):
        fit, kl = np.mean([[float(value) for value in step(batch)] for batch in batches], axis=0)
        print(f"epoch {epoch}/{epochs}: reconstruction {fit:.2f}, kl {kl:.2f}", flush=True)
    return {"reconstruction": fit, "kl": kl}


def main() -> None:
    options = start("Train the variational autoencoder of digits.", epochs=40)
    train_images, held_out = (
        images[..., np.newaxis].astype(np.float32) / 255 for images, _ in digits.split()
    )
    encoder, decoder = make_encoder(), make_decoder()
    begun = time.monotonic()
    losses = train(encoder, decoder, train_images, options.epochs, options.seed)
    seconds = time.monotonic() - begun

    folder = MODELS / NAME
    folder.mkdir(parents=True, exist_ok=True)
    encoder.save(folder / "encoder.keras")
    decoder.save(folder / "decoder.keras")
    (folder / "model.toml").write_text(MANIFEST, encoding="utf-8")

    latent = encoder(held_out, training=False)
    decoded = decoder(latent["z_mean"], training=False)
    figures = {
        "data": f"{digits.PACKAGE}: {len(train_images)} digits, {len(held_out)} held out",
        "epochs": options.epochs,
        "seed": options.seed,
        "seconds": round(seconds),
        "parameters": {"encoder": encoder.count_params(), "decoder": decoder.count_params()},
        "losses": losses,
        "held_out": {
            "psnr_db": psnr(held_out, np.asarray(decoded)),
            "reconstruction": float(reconstruction_loss(held_out, decoded)),
            "kl": float(divergence(latent["z_mean"], latent["z_log_var"])),
        },
    }
    write_figures(NAME, figures)


if __name__ == "__main__":
    main()
