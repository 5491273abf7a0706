"""The same training in other frameworks, as a yardstick for the engine.

The tutorial's network 3 (examples/tutorial-3-deep-relu.json): 2-5-5-5-5-5-1, relu and he_uniform, sigmoid and
glorot_uniform at the end, SGD 0.01 with momentum 0.9 on batches of 32 of 500 samples, validation on 500 others after
every epoch. Recorded for every epoch and weight tensor: six statistics of the mini-batches' gradients, as
`gradlab.measurement.statistics` defines them, averaged over the epoch.

This module has what all rivals share: samples, initial weights, the order of the samples. None of it costs much time.
Their dependencies are in the group `bench`. Nothing here imports this project, so the rivals run in an environment of
their own.
"""

import argparse
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from sklearn.datasets import make_circles
from sklearn.preprocessing import MinMaxScaler

WIDTHS = (2, 5, 5, 5, 5, 5, 1)
LEARNING_RATE, MOMENTUM, BATCH = 0.01, 0.9, 32
TRAIN = VALIDATION = 500
STATISTICS = ("mean_abs", "mean", "std", "l2", "max_abs", "zero_fraction")


@dataclass(frozen=True, eq=False)
class RivalRun:
    """Measurements of one run by a rival.

    Attributes:
        metrics: (epochs, 4) float32: training loss, training accuracy, validation loss, validation accuracy.
        gradients: (epochs, tensors, statistics) float32: kernel and bias of each layer, input side first.
    """

    metrics: np.ndarray
    gradients: np.ndarray


@cache
def samples() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return circles, float32: (500, 2) features on [-1, 1] and (500,) classes to train; the same to validate."""
    x, y = make_circles(n_samples=TRAIN + VALIDATION, noise=0.1, factor=0.8, random_state=1)
    x, y = MinMaxScaler(feature_range=(-1, 1)).fit_transform(x).astype(np.float32), y.astype(np.float32)
    return x[:TRAIN], y[:TRAIN], x[TRAIN:], y[TRAIN:]


def initial_weights(seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return kernel, (inputs, outputs), and bias, (outputs,), of each layer: float32, he_uniform or glorot_uniform."""
    random = np.random.default_rng(seed)
    layers = []
    for inputs, outputs in pairwise(WIDTHS):
        limit = np.sqrt(6 / (inputs if outputs > 1 else inputs + outputs))
        kernel = random.uniform(-limit, limit, (inputs, outputs)).astype(np.float32)
        layers.append((kernel, np.zeros(outputs, np.float32)))
    return layers


def sample_permutations(seed: int, epochs: int) -> np.ndarray:
    """Return a permutation of the training samples for each epoch: (epochs, samples) int32."""
    in_order = np.tile(np.arange(TRAIN, dtype=np.int32), (epochs, 1))
    return np.random.default_rng((seed, 1)).permuted(in_order, axis=1)


def arguments(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that all rivals share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("epochs", type=int)
    parser.add_argument("--save", metavar="NPZ", help="write the metrics and the gradients' statistics there")
    return parser
