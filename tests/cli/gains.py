"""Classes of the user's own: a net that has them needs `--custom-objects gains`."""

from typing import Any

import keras


class Gain(keras.layers.Layer):
    """Multiplies by one trained number."""

    def build(self, shape: Any) -> None:
        self.gain = self.add_weight(shape=(), initializer="ones", name="gain")

    def call(self, inputs: Any) -> Any:
        return inputs * self.gain


class Bare(keras.Model):
    """Never says what goes in."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.dense = keras.layers.Dense(4)

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)
