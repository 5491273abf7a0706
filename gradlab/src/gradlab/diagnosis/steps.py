"""Relative length of an update: ‖one update‖/‖weights‖.

SGD moves the weights by learning_rate·‖g‖/(1 − momentum) once its momentum has gathered; g is clipped first. Adam and
its relatives move each entry by about learning_rate, whatever the gradient's size (Kingma & Ba 2014, section 2.1). Over
n weights that is learning_rate·√n.
"""

import math

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.theory import moments
from gradlab.vocabulary.optimizers import Sgd

BY_ENTRY = ("adam", "adamw", "nadam", "adamax", "rmsprop", "lion")


def relative_steps(run: Run) -> np.ndarray | None:
    """(epochs,) ‖one update‖/‖weights‖ of all weights together, 0 or more; None where it was not recorded.

    It is None for optimisers whose update has no such formula, and for SGD without a recorded gradient norm.
    """
    rate, optimizer, weights = run.metric("learning_rate"), run.spec.training.optimizer, weight_lengths(run)
    if rate is None:
        return None
    if isinstance(optimizer, Sgd):
        norm = run.metric("clipped_gradient_norm")
        return None if norm is None else np.asarray(rate / (1 - optimizer.momentum) * norm / weights)
    if optimizer.kind in BY_ENTRY:
        return np.asarray(rate * math.sqrt(run.spec.parameter_count) / weights)
    return None


def weight_lengths(run: Run) -> np.ndarray:
    """(epochs,) ‖weights‖ at each epoch's end: as recorded, else the expected length of the initial weights."""
    recorded = run.series("weights", "l2")
    if recorded is None:
        return np.full(len(run.history), math.sqrt(sum(_expected_squares(run))))
    lengths = np.sqrt((recorded.values**2).sum(axis=1))
    rows = np.searchsorted(recorded.epochs, run.epochs, side="right") - 1  # the latest recorded epoch
    return np.asarray(lengths[np.maximum(rows, 0)])


def updates(run: Run) -> int:
    """Return the number of updates in the whole training."""
    training = run.spec.training
    return int(training.epochs * math.ceil(run.spec.dataset.train_count / training.batch_size))


def _expected_squares(run: Run) -> list[float]:
    """E‖w‖² of each tensor that an initialiser draws."""
    squares = []
    for layer in run.spec.layers:
        for tensor in layer.tensors:
            name = tensor.parameter.rpartition("_")[2] if "recurrent" not in tensor.parameter else "recurrent"
            initializer = getattr(layer.spec, f"{name}_initializer", None)
            if initializer is not None:
                drawn = moments(initializer, tensor.shape)
                squares.append(math.prod(tensor.shape) * (drawn.mean**2 + drawn.variance))
    return squares
