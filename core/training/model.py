"""From a spec to Keras objects: the network, and the state in which a run of one seed begins."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from core.spec import ExperimentSpec


def build_network(spec: ExperimentSpec, seed: int) -> keras.Sequential:
    """The Keras network with the initial weights of `seed`.

    Every random draw has a seed of its own, made from the run's seed and the layer's position. So layers do not draw
    the same numbers, a layer draws the same ones whatever stands around it, and no global random state is touched.
    """
    network = keras.Sequential([keras.Input((spec.dataset.feature_count,))])
    for position, layer in enumerate(spec.layers):
        network.add(layer.spec.build(keras, name=layer.name, seeds=_seeds(seed, position)))
    return network


def _seeds(seed: int, position: int) -> Iterator[int]:
    # Keras takes 32-bit seeds; a SeedSequence spreads neighbouring ones far apart.
    sequence = np.random.SeedSequence(seed, spawn_key=(position,))
    return iter((sequence.generate_state(8) >> 1).tolist())


def targets(spec: ExperimentSpec, classes: np.ndarray) -> np.ndarray:
    """Class numbers as the loss wants them: (samples, classes) one-hot, or (samples, 1) of 0 and 1; float32."""
    if spec.one_hot:
        return np.eye(spec.dataset.class_count, dtype=np.float32)[classes]
    return classes.astype(np.float32)[:, None]


def sample_order(seed: int, epoch: int, samples: int) -> np.ndarray:
    """The order in which an epoch (counted from 1) visits the training samples: (samples,) int32.

    Drawn from the seed and the epoch alone, so that a resumed run goes on as the first would have.
    """
    return np.random.default_rng((seed, epoch)).permutation(samples).astype(np.int32)


def variables_of(network: Any, optimizer: Any) -> list[Any]:
    """Everything that training changes: weights, running means, random states, optimiser slots, learning rate."""
    return [*network.variables, *optimizer.variables]
