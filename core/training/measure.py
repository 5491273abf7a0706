"""The statistics of a list of gradients, inside a traced program."""

import numpy as np
from keras import ops

from core.statistics import GRADIENT_STATISTICS


def measure(gradients):
    """Every statistic of every gradient: (tensors, statistics) float32.

    A tensor that has no gradient, because the loss does not depend on it, gives NaN.
    """
    nothing = ops.full((len(GRADIENT_STATISTICS),), np.nan, dtype="float32")
    return ops.stack([nothing if gradient is None else _row(gradient) for gradient in gradients])


def _row(gradient):
    return ops.stack([statistic.compute(gradient, ops) for statistic in GRADIENT_STATISTICS])
