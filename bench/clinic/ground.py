"""A healthy network with the datasets that it suits, and what is done to it."""

from dataclasses import dataclass
from typing import Any

from bench.clinic.changes import Change, Fields

BINARY, CLASSES, SQUARES = "binary_crossentropy", "categorical_crossentropy", "mean_squared_error"


@dataclass(frozen=True)
class Ground:
    """A healthy network with its training, the datasets that it suits, and the changes that are made.

    Attributes:
        name: what sets it apart.
        datasets: each makes a family of cases.
        layers: hidden layers; the last one stands in `output`.
        output: units and activation of the last layer.
        loss, optimizer, epochs, batch_size: as in a spec.
        also: initialisers of the hidden kernels that are as good: further healthy cases.
        changes: what makes its families ill.
    """

    name: str
    datasets: tuple[Fields, ...]
    layers: tuple[Fields, ...]
    output: tuple[int, str]
    loss: str
    optimizer: Fields
    epochs: int
    changes: tuple[Change, ...]
    also: tuple[Any, ...] = ()
    batch_size: int = 32

    def fields(self, dataset: Fields) -> Fields:
        """The fields of the healthy spec on one of its datasets."""
        units, activation = self.output
        last = {"kind": "dense", "units": units, "activation": activation}
        training = {"loss": self.loss, "optimizer": self.optimizer, "epochs": self.epochs}
        return {
            "dataset": dataset,
            "model": {"layers": [*self.layers, last]},
            "training": {**training, "batch_size": self.batch_size},
        }


def dense(units: int, activation: str, initializer: Any, repeat: int = 1) -> Fields:
    """Dense layers."""
    return {
        "kind": "dense",
        "units": units,
        "activation": activation,
        "kernel_initializer": initializer,
        "repeat": repeat,
    }


def conv(
    kind: str, filters: int, size: int, activation: str, initializer: Any = "glorot_uniform", **more: Any
) -> Fields:
    """A convolution."""
    return {
        "kind": kind,
        "filters": filters,
        "kernel_size": size,
        "activation": activation,
        "kernel_initializer": initializer,
        **more,
    }


def sgd(rate: float) -> Fields:
    """SGD with momentum."""
    return {"kind": "sgd", "learning_rate": rate, "momentum": 0.9}


def adam(rate: float) -> Fields:
    """Adam."""
    return {"kind": "adam", "learning_rate": rate}
