"""Train a DCGAN on handwritten digits and keep its generator: `models/digits_dcgan.keras`.

Non-saturating losses, a gradient penalty on the real digits (R1), and a running mean of the
generator's weights: the mean is what is saved, for it draws cleaner digits than any single step.

The largest of the first ten components of the latent says which digit to draw. The labels teach
this to the discriminator alone, so that the generator remains a plain function of the latent,
and all digits are equally frequent.
"""

import time
from dataclasses import asdict

import classifier
import digits
import keras
import numpy as np
import tensorflow as tf
from common import MODELS, start, write_figures
from keras import layers

NAME = "digits_dcgan"
LATENT = 100
CLASSES = 10
BATCH = 64
MEAN_DECAY = 0.998
PENALTY = 1.0
JUDGED = 2_000


def make_generator() -> keras.Model:
    """Latent z (LATENT,), standard normal, to an image (28, 28, 1) in -1..1."""
    z = keras.Input((LATENT,), name="z")
    x = layers.Dense(7 * 7 * 128, use_bias=False)(z)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Reshape((7, 7, 128))(x)
    for channels in (128, 64):
        x = layers.Conv2DTranspose(channels, 4, strides=2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    image = layers.Conv2D(1, 5, padding="same", activation="tanh", name="image")(x)
    return keras.Model(z, image, name="generator")


def make_discriminator() -> keras.Model:
    """Image (28, 28, 1) in -1..1 to scores (CLASSES,): above zero for a real one of the class."""
    x = image = keras.Input((28, 28, 1), name="image")
    for channels in (32, 64, 128):
        x = layers.Conv2D(channels, 4, strides=2, padding="same")(x)
        x = layers.LeakyReLU(negative_slope=0.2)(x)
    scores = layers.Dense(CLASSES, name="scores")(layers.Flatten()(x))
    return keras.Model(image, scores, name="discriminator")


class Trainer:
    """The two players, their optimizers, and `mean`: the generator that will be saved."""

    def __init__(self, steps: int) -> None:
        self.generator = make_generator()
        self.mean = keras.models.clone_model(self.generator)
        self.mean.set_weights(self.generator.get_weights())
        self.discriminator = make_discriminator()
        # Falling to a tenth at the end, the rate lets the weights settle.
        schedule = keras.optimizers.schedules.CosineDecay(4e-4, steps, alpha=0.1)
        self.generator_optimizer = keras.optimizers.Adam(schedule, beta_1=0.5, beta_2=0.99)
        self.discriminator_optimizer = keras.optimizers.Adam(schedule, beta_1=0.5, beta_2=0.99)

    @tf.function
    def step(self, real: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One update of both players on real images (BATCH, 28, 28, 1): their two losses.

        Both learn from the same fakes, which saves drawing others for the discriminator.
        """
        z = tf.random.normal((BATCH, LATENT))
        wanted = tf.argmax(z[:, :CLASSES], axis=1)
        with tf.GradientTape() as tape:
            fake = self.generator(z, training=True)
            generator_loss = tf.reduce_mean(tf.nn.softplus(-self._score(fake, wanted)))
        weights = self.generator.trainable_variables
        gradients = tape.gradient(generator_loss, weights)

        discriminator_loss = self._discriminator_step(real, labels, fake, wanted)

        self.generator_optimizer.apply_gradients(zip(gradients, weights, strict=True))
        for mean, weight in zip(self.mean.trainable_variables, weights, strict=True):
            mean.assign(MEAN_DECAY * mean + (1.0 - MEAN_DECAY) * weight)
        return generator_loss, discriminator_loss

    def _discriminator_step(
        self, real: tf.Tensor, labels: tf.Tensor, fake: tf.Tensor, wanted: tf.Tensor
    ) -> tf.Tensor:
        weights = self.discriminator.trainable_variables
        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                inner.watch(real)
                real_score = self._score(real, labels)
            slope = tf.reduce_sum(tf.square(inner.gradient(real_score, real)), axis=(1, 2, 3))
            loss = tf.reduce_mean(tf.nn.softplus(-real_score))
            loss += tf.reduce_mean(tf.nn.softplus(self._score(fake, wanted)))
            penalized = loss + 0.5 * PENALTY * tf.reduce_mean(slope)
        gradients = tape.gradient(penalized, weights)
        self.discriminator_optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return loss

    def _score(self, images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """How real each image is as one of its class: (BATCH,)."""
        return tf.gather(self.discriminator(images), labels, batch_dims=1)

    def settle(self) -> keras.Model:
        """The averaged generator, its batch statistics measured anew: they belong to no average."""
        for _ in range(50):
            self.mean(tf.random.normal((256, LATENT)), training=True)
        return self.mean


def train(
    images: np.ndarray, labels: np.ndarray, epochs: int, seed: int
) -> tuple[keras.Model, dict[str, float]]:
    """Train on images (n, 28, 28, 1) in -1..1: the generator and the last epoch's losses."""
    trainer = Trainer(steps=epochs * (len(images) // BATCH))
    batches = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(len(images), seed=seed)
    batches = batches.batch(BATCH, drop_remainder=True)
    generator_loss = discriminator_loss = 0.0
    for epoch in range(1, epochs + 1):
        losses = [[float(loss) for loss in trainer.step(*batch)] for batch in batches]
        generator_loss, discriminator_loss = np.mean(losses, axis=0)
        print(
            f"epoch {epoch}/{epochs}: generator {generator_loss:.3f}, "
            f"discriminator {discriminator_loss:.3f}",
            flush=True,
        )
    return trainer.settle(), {"generator": generator_loss, "discriminator": discriminator_loss}


def main() -> None:
    options = start("Train the DCGAN of digits.", epochs=50)
    (images, labels), (held_out, _) = digits.split()
    begun = time.monotonic()
    real = images[..., np.newaxis].astype(np.float32) / 127.5 - 1.0
    generator, losses = train(real, labels.astype(np.int64), options.epochs, options.seed)
    seconds = time.monotonic() - begun
    MODELS.mkdir(parents=True, exist_ok=True)
    generator.save(MODELS / f"{NAME}.keras")

    judge, accuracy = classifier.train(options.seed)
    z = np.random.default_rng(options.seed).standard_normal((JUDGED, LATENT), np.float32)
    generated = (generator.predict(z, batch_size=256, verbose=0) + 1.0) / 2.0
    drawn = classifier.classify(judge, generated)
    as_asked = float(np.mean(drawn.argmax(axis=1) == z[:, :CLASSES].argmax(axis=1)))
    reference = held_out[..., np.newaxis].astype(np.float32) / 255.0
    figures = {
        "data": f"{digits.PACKAGE}: {len(images)} digits, {len(held_out)} held out",
        "epochs": options.epochs,
        "seed": options.seed,
        "seconds": round(seconds),
        "parameters": generator.count_params(),
        "losses": losses,
        "classifier": {"held_out_accuracy": accuracy, "confident_above": classifier.CONFIDENT},
        "generated": asdict(classifier.judge(drawn)) | {"as_asked": as_asked},
        "real_held_out": asdict(classifier.judge(classifier.classify(judge, reference))),
    }
    write_figures(NAME, figures)


if __name__ == "__main__":
    main()
