"""A small digit classifier: the judge of what the digit generators make."""

from dataclasses import dataclass

import digits
import keras
import numpy as np
import numpy.typing as npt
from keras import layers

EPOCHS = 12
CONFIDENT = 0.9


@dataclass(frozen=True)
class Judgement:
    """What the classifier says of a set of images: `confident` is a fraction in 0..1, the
    histogram counts the images of each class, `entropy` is that of the histogram (at most
    ln 10 = 2.303, where all classes are equally frequent)."""

    confident: float
    entropy: float
    histogram: list[int]


def train(seed: int) -> tuple[keras.Model, float]:
    """A classifier of images (28, 28, 1) in 0..1, trained on the digits; its held-out accuracy."""
    keras.utils.set_random_seed(seed)
    (images, labels), (held_out, held_out_labels) = digits.split()
    classifier = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(10, activation="softmax"),
        ]
    )
    classifier.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    classifier.fit(images[..., np.newaxis] / 255.0, labels, batch_size=64, epochs=EPOCHS, verbose=0)
    _, accuracy = classifier.evaluate(held_out[..., np.newaxis] / 255.0, held_out_labels, verbose=0)
    return classifier, float(accuracy)


def classify(classifier: keras.Model, images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Class probabilities (n, 10) of images (n, 28, 28, 1) in 0..1."""
    return np.asarray(classifier.predict(images, batch_size=256, verbose=0))


def judge(probabilities: npt.NDArray[np.float32]) -> Judgement:
    """What class probabilities (n, 10) say of the images they were computed from."""
    histogram = np.bincount(probabilities.argmax(axis=1), minlength=10)
    shares = histogram[histogram > 0] / len(probabilities)
    return Judgement(
        confident=float(np.mean(probabilities.max(axis=1) > CONFIDENT)),
        entropy=float(-np.sum(shares * np.log(shares))),
        histogram=[int(count) for count in histogram],
    )
