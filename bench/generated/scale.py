"""Sizes of random specs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Bounds of random specs; a draw that exceeds one is repeated.

    Attributes:
        size: usual upper bound of a width, a length or a count.
        samples: samples of a dataset.
        values: numbers in a dataset, samples times features.
        layers: hidden layers, without those inside blocks.
        flow: outputs of a layer for one sample.
        parameters: trainable numbers of a layer.
        operations: multiply-adds of a layer's forward pass, for one sample.
        steps: time steps of all recurrent layers.
        epochs, seeds: epochs and seeds of a training.
        epoch_operations: multiply-adds of an epoch's forward passes.
    """

    size: int
    samples: int
    values: int
    layers: int
    flow: int
    parameters: int
    operations: float
    steps: int
    epochs: int
    seeds: int
    epoch_operations: float


# A training takes a few seconds, nearly all of it compilation.
SMALL = Scale(
    size=8,
    samples=60,
    values=120_000,
    layers=3,
    flow=5_000,
    parameters=5_000,
    operations=2e5,
    steps=100,
    epochs=2,
    seeds=3,
    epoch_operations=1e7,
)
# Usual experiments: from toys to some minutes on two cores.
USUAL = Scale(
    size=128,
    samples=4_000,
    values=400_000,
    layers=8,
    flow=50_000,
    parameters=500_000,
    operations=5e6,
    steps=400,
    epochs=100,
    seeds=8,
    epoch_operations=2e9,
)
