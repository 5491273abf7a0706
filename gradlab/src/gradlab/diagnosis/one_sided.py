"""Kernels whose initial weights have a mean far from zero."""

import math

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.first_weights import first_moments

# The mean of n weights lies √n·|μ|/σ standard errors from 0: 8.7 for U(0, 1) and 5·5 weights, 0 for a draw around 0.
STANDARD_ERRORS = 4.0
# The common part of all units is fan_in·|μ| of their inputs' mean; their differences are √fan_in·σ of the inputs' size.
# Where √fan_in·|μ|/σ > 1 the matrix has an eigenvalue outside the circle of the others (Tao 2013), and the common part
# dominates.
OUTLIER = 1.0


def one_sided(run: Run) -> dict[str, tuple[float, float]]:
    """Hidden layers whose kernel's first weights have a mean far from zero: name -> (√n·|μ|/σ, √fan_in·|μ|/σ).

    Raises:
        Unknown: the weights were given, and those of epoch 0 were not recorded.
    """
    ratios = {}
    for layer in run.hidden_layers:
        kernel = layer.kernel
        drawn = None if kernel is None else first_moments(run, layer, kernel)
        if drawn is None or kernel is None or kernel.shape[-1] < 2:
            continue
        entries = math.prod(kernel.shape)
        if not drawn.variance:  # all units are equal: the case of the rule symmetric_units
            continue
        ratio = abs(drawn.mean) / math.sqrt(drawn.variance)
        errors, outlier = math.sqrt(entries) * ratio, math.sqrt(entries / kernel.shape[-1]) * ratio
        if errors > STANDARD_ERRORS and outlier > OUTLIER:
            ratios[layer.name] = (errors, outlier)
    return ratios
