"""Healthy networks with their datasets and changes, and helpers to write their fields."""

from dataclasses import dataclass
from typing import Any

from bench.clinic.changes import Change, Fields

BINARY, CLASSES, SQUARES = "binary_crossentropy", "categorical_crossentropy", "mean_squared_error"


@dataclass(frozen=True)
class HealthyNetwork:
    """A healthy network with its training, its datasets, and the changes that make it ill.

    Attributes:
        name: distinguishes it from the other networks on the same dataset.
        datasets: each forms a family of cases.
        layers: hidden layers.
        output: units and activation of the last layer.
        loss, optimizer, epochs, batch_size: as in a spec.
        also: other suitable initialisers of the hidden kernels, each for a further healthy case.
        changes: the changes that make ill cases.
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
        """Return the fields of the healthy spec on one of its datasets."""
        units, activation = self.output
        last = {"kind": "dense", "units": units, "activation": activation}
        training = {"loss": self.loss, "optimizer": self.optimizer, "epochs": self.epochs}
        return {
            "dataset": dataset,
            "model": {"layers": [*self.layers, last]},
            "training": {**training, "batch_size": self.batch_size},
        }


def dense(units: int, activation: str, initializer: Any, repeat: int = 1) -> Fields:
    """Return the fields of dense layers."""
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
    """Return the fields of a convolution."""
    return {
        "kind": kind,
        "filters": filters,
        "kernel_size": size,
        "activation": activation,
        "kernel_initializer": initializer,
        **more,
    }


def sgd(rate: float) -> Fields:
    """Return the fields of SGD with momentum 0.9."""
    return {"kind": "sgd", "learning_rate": rate, "momentum": 0.9}


def adam(rate: float) -> Fields:
    """Return the fields of Adam."""
    return {"kind": "adam", "learning_rate": rate}
