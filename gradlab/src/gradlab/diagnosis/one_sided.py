"""Which kernels are drawn around a mean that matters."""

import math

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.theory import moments

# The mean of n weights lies √n·|μ|/σ standard errors from 0: for U(0, 1) and 5·5 weights 8.7, for what is drawn around
# 0 it is 0.
STANDARD_ERRORS = 4.0
# What units have in common is a fan_in·|μ| of their inputs' mean, what tells them apart √fan_in·σ of their size. Where
# √fan_in·|μ|/σ > 1 the matrix has an eigenvalue outside the circle of the others (Tao 2013), and the common part wins.
OUTLIER = 1.0


def one_sided(run: Run) -> dict[str, tuple[float, float]]:
    """The hidden layers whose kernel is drawn to one side: name -> √n·|μ|/σ, √fan_in·|μ|/σ."""
    found = {}
    for layer in run.hidden_layers:
        initializer = getattr(layer.spec, "kernel_initializer", None)
        kernel = next((tensor for tensor in layer.tensors if tensor.parameter == "kernel"), None)
        if initializer is None or kernel is None or kernel.shape[-1] < 2:
            continue
        drawn, entries = moments(initializer, kernel.shape), math.prod(kernel.shape)
        if not drawn.variance:  # copies by birth: symmetric_units says so
            continue
        ratio = abs(drawn.mean) / math.sqrt(drawn.variance)
        errors, outlier = math.sqrt(entries) * ratio, math.sqrt(entries / kernel.shape[-1]) * ratio
        if errors > STANDARD_ERRORS and outlier > OUTLIER:
            found[layer.name] = (errors, outlier)
    return found
