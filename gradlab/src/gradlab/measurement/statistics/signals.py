"""Statistics of the signal that is propagated back to a layer, on the probe batch at an epoch's end.

δ = ∂L/∂z stands for the derivative of each probe sample's own loss with respect to a layer's pre-activations. Unlike
the derivative of the mean loss, it does not shrink with the number of samples. A weight's gradient is the product of δ
and the layer's input. δ therefore shows a uniform vanishing that weight gradients hide (Glorot & Bengio 2010, equations
6 and 14). `compute(delta, xp)` takes (..., samples, units) and reduces the last two axes.
"""

from typing import Any

from gradlab.measurement.statistics.statistic import Array, Statistic


def rms(delta: Array, xp: Any) -> Array:
    # Scaled by the largest entry: the square of a vanishing signal underflows float32 long before the signal does.
    largest = xp.max(xp.abs(delta), axis=(-2, -1), keepdims=True)
    safe = xp.where(xp.equal(largest, 0.0), 1.0, largest)
    return xp.sqrt(xp.mean(xp.square(delta / safe), axis=(-2, -1))) * largest[..., 0, 0]


def nonfinite(delta: Array, xp: Any) -> Array:
    return xp.sum(~xp.isfinite(delta), axis=(-2, -1)) + 0.0


SIGNAL_STATISTICS = (
    Statistic(
        "rms",
        "√(mean of δ²)",
        "log",
        "loss per unit of pre-activation",
        "falls towards the input: the signal vanishes; rises: it explodes",
        rms,
    ),
    Statistic(
        "nonfinite",
        "#{δ is NaN or ±∞}",
        "linear",
        "entries",
        "above 0: the run has left the finite numbers",
        nonfinite,
        interval="[0, samples·m]",
    ),
)

SIGNAL_STATISTIC_NAMES = tuple(statistic.name for statistic in SIGNAL_STATISTICS)
