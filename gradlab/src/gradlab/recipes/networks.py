"""Base specs of the recipes: dense layers on the tutorial's circles, trained as in the tutorial."""

from typing import Any

from gradlab.recipes.recipe import Fields

CIRCLES = {"kind": "circles", "samples": 1000, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 500}
SGD = {"kind": "sgd", "learning_rate": 0.01, "momentum": 0.9}
POSITIVE = {"kind": "random_uniform", "minval": 0, "maxval": 1}
# Initialisers of hidden layers and of the output layer in the tutorial; its relu network has Keras's default there.
OF_THE_TUTORIAL = {"tanh": (POSITIVE, POSITIVE), "relu": ("he_uniform", "glorot_uniform")}


def tutorial(activation: str, **training: Any) -> Fields:
    """Return the tutorial's network of five hidden layers of five units.

    Args:
        activation: ``tanh`` is its second network, ``relu`` its third.
        training: fields of the training that differ.
    """
    hidden, output = OF_THE_TUTORIAL[activation]
    layer = {"kind": "dense", "units": 5, "activation": activation, "kernel_initializer": hidden, "repeat": 5}
    return network(f"five {activation} layers", layer, output, **training)


def network(name: str, hidden: Fields, output: Any = "glorot_uniform", **training: Any) -> Fields:
    """Return a base spec.

    Args:
        name: its name.
        hidden: the hidden layers, as one layer with `repeat`.
        output: the initialiser of the output layer.
        training: fields of the training that differ from the tutorial's.
    """
    last = {"kind": "dense", "units": 1, "activation": "sigmoid", "kernel_initializer": output}
    usual = {"loss": "binary_crossentropy", "optimizer": SGD, "epochs": 500, "batch_size": 32}
    return {"name": name, "dataset": CIRCLES, "model": {"layers": [hidden, last]}, "training": usual | training}
