"""Networks that hold code, or do what this service does not: they are refused by the layer's name."""

import keras
from keras import layers

from tests.architectures.chains import sequential
from tests.architectures.registry import refused


@refused("squared: expected layers of Keras: a Lambda holds code")
def lambda_layer():
    return sequential((4,), layers.Lambda(lambda x: x * x, name="squared"), layers.Dense(1))


@keras.saving.register_keras_serializable("tests")
class Gate(layers.Layer):
    """A layer of somebody's own."""

    def call(self, x):
        return x * keras.ops.sigmoid(x)


@refused("gate: expected layers of Keras: a class of your own is code")
def own_layer():
    return sequential((4,), layers.Dense(4), Gate(name="gate"), layers.Dense(1))


@refused("flip: expected layers without augmentation")
def augmented():
    return sequential((8, 8, 3), layers.RandomFlip(name="flip"), layers.Flatten(), layers.Dense(1))
