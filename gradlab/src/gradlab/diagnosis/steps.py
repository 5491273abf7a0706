"""Relative length of an update: ‖one update‖/‖weights‖.

SGD moves the weights by learning_rate·‖g‖/(1 − momentum) once its momentum has gathered; g is clipped first. Adam and
its relatives move each entry by about learning_rate, whatever the gradient's size (Kingma & Ba 2014, section 2.1). Over
n weights that is learning_rate·√n.
"""

import math

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.first_weights import first_moments
from gradlab.vocabulary.optimizers import Sgd

BY_ENTRY = ("adam", "adamw", "nadam", "adamax", "rmsprop", "lion")


def relative_steps(run: Run) -> np.ndarray | None:
    """(epochs,) ‖one update‖/‖weights‖ of all weights together, 0 or more.

    It is None for optimisers whose update has no such formula.

    Raises:
        Unrecorded: the learning rate was not recorded, or for SGD the gradient norm.
    """
    rate, optimizer, weights = run.needed_metric("learning_rate"), run.view.optimizer, weight_lengths(run)
    if isinstance(optimizer, Sgd):
        norm = run.needed_metric("clipped_gradient_norm")
        return np.asarray(rate / (1 - optimizer.momentum) * norm / weights)
    if optimizer.kind in BY_ENTRY:
        return np.asarray(rate * math.sqrt(run.view.parameter_count) / weights)
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
    return int((run.view.epochs - run.view.first_epoch) * run.view.batches)


def _expected_squares(run: Run) -> list[float]:
    """E‖w‖² of each tensor that an initialiser draws.

    Raises:
        Unknown: it was given, and those of epoch 0 were not recorded.
    """
    squares = []
    for layer in run.view.layers:
        for tensor in layer.tensors:
            drawn = first_moments(run, layer, tensor)
            if drawn is not None:
                squares.append(math.prod(tensor.shape) * (drawn.mean**2 + drawn.variance))
    return squares
