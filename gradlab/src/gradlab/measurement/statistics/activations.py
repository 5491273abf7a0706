"""Shelf: what is said about a layer's pre-activations and activations on the probe batch at an epoch's end.

z stands for the pre-activations, h = φ(z) for the activations, s = φ′(z) for the slopes, each (samples, units): where a
layer has positions or time steps, each of them counts as a sample. m is the number of units. `compute(flow, xp)` takes
a `Flow` of arrays (..., samples, units) and reduces the last two axes. What depends on z or s is NaN where the layer
has none of them: a softmax has no slope per unit.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gradlab.measurement.statistics.statistic import Array, Statistic

# A slope below this share of the activation's steepest lets next to nothing through. Half of a tanh's slope is lost
# at |z| = 0.88, nine tenths at 1.82.
SATURATED = 0.1
# unit_correlation and effective_rank look at so many units of a layer: their cost grows with the square.
MAX_UNITS = 64
# A unit whose standard deviation is below this share of its mean does not vary: float32 cannot tell it from rounding.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Flow:
    """What flows through one layer: arrays of (..., samples, units).

    Attributes:
        z: pre-activations.
        h: activations.
        slope: the activation's derivative at z.
        steepest: the largest slope that the activation has anywhere; None where there is no largest.
    """

    z: Array
    h: Array
    slope: Array
    steepest: Array | float | None
    _computed: dict[str, Any] = field(default_factory=dict, repr=False)

    def once(self, name: str, compute: Callable[[], Any]) -> Any:
        """What several statistics need, computed once."""
        if name not in self._computed:
            self._computed[name] = compute()
        return self._computed[name]


def pre_mean(flow: Flow, xp: Any) -> Array:
    return xp.mean(_pre_means(flow, xp), axis=-1)


def pre_std(flow: Flow, xp: Any) -> Array:
    means = _pre_means(flow, xp)
    variances = _mean_square(flow.z - means[..., None, :], xp)
    return _std(means, variances, pre_mean(flow, xp), xp)


def mean(flow: Flow, xp: Any) -> Array:
    return xp.mean(_means(flow, xp), axis=-1)


def std(flow: Flow, xp: Any) -> Array:
    return _std(_means(flow, xp), _variances(flow, xp), mean(flow, xp), xp)


def saturated_fraction(flow: Flow, xp: Any) -> Array:
    if flow.steepest is None:
        return slope(flow, xp) * float("nan")
    limit = SATURATED * flow.steepest
    by_unit = xp.mean(xp.abs(flow.slope) < limit, axis=-2) + 0.0 * limit  # NaN where there is no limit
    # A NaN is below nothing: it must not pass for healthy.
    return xp.mean(by_unit, axis=-1) + 0.0 * slope(flow, xp)


def dead_fraction(flow: Flow, xp: Any) -> Array:
    alive = xp.any(flow.slope != 0.0, axis=-2)  # (..., units)
    return 1.0 - xp.mean(alive, axis=-1) + 0.0 * slope(flow, xp)


def slope(flow: Flow, xp: Any) -> Array:
    return flow.once("slope", lambda: xp.mean(flow.slope, axis=(-2, -1)))


def unit_correlation(flow: Flow, xp: Any) -> Array:
    covariance, variance = _covariance(flow, xp)  # (..., units, units), (..., units)
    varies = variance > 0.0
    scale = varies / xp.sqrt(xp.where(varies, variance, 1.0))
    correlation = xp.abs(covariance) * (scale[..., :, None] * scale[..., None, :])
    count = xp.sum(varies, axis=-1)
    total = xp.sum(correlation, axis=(-2, -1)) - xp.sum(xp.square(scale) * variance, axis=-1)  # the diagonal apart
    mean = total / xp.where(count > 1, count * (count - 1.0), float("nan"))
    return xp.clip(mean, 0.0, 1.0)  # rounding may lift a perfect correlation above 1


def effective_rank(flow: Flow, xp: Any) -> Array:
    covariance, variance = _covariance(flow, xp)
    scale = xp.max(variance, axis=-1)  # keeps the squares of very small and very large variances in range
    safe = xp.where(scale == 0.0, 1.0, scale)
    trace = xp.sum(variance, axis=-1) / safe
    squares = xp.sum(xp.square(covariance / safe[..., None, None]), axis=(-2, -1))
    return xp.where(scale == 0.0, 0.0, xp.square(trace) / xp.where(squares == 0.0, 1.0, squares))


def nonfinite(flow: Flow, xp: Any) -> Array:
    return xp.sum(~xp.isfinite(flow.h), axis=(-2, -1)) + 0.0


def _mean_over_samples(x: Array, xp: Any) -> Array:
    """(..., units) from (..., samples, units): as a product with a row of ones, which is quicker than a sum."""
    samples = x.shape[-2]
    return xp.matmul(xp.ones(samples, x.dtype), x) / samples


def _mean_square(x: Array, xp: Any) -> Array:
    """(..., units) from (..., samples, units)."""
    return xp.vecdot(x, x, axis=-2) / x.shape[-2]


def _pre_means(flow: Flow, xp: Any) -> Array:
    """(..., units): the means of z over the samples."""
    return flow.once("pre_means", lambda: _mean_over_samples(flow.z, xp))


def _means(flow: Flow, xp: Any) -> Array:
    """(..., units): the means of h over the samples."""
    return flow.once("means", lambda: _shifts(flow, xp) + flow.h[..., 0, :])


def _std(unit_means: Array, unit_variances: Array, mean: Array, xp: Any) -> Array:
    """The standard deviation of all entries: within the units and between them."""
    return xp.sqrt(xp.mean(unit_variances + xp.square(unit_means - mean[..., None]), axis=-1))


def _shifted(flow: Flow) -> Array:
    """h less what it is for the first sample: exactly 0 for a constant unit, whatever the rounding of its mean."""
    return flow.once("shifted", lambda: flow.h - flow.h[..., :1, :])


def _shifts(flow: Flow, xp: Any) -> Array:
    """(..., units): the means of `_shifted` over the samples."""
    return flow.once("shifts", lambda: _mean_over_samples(_shifted(flow), xp))


def _centred(flow: Flow, xp: Any) -> Array:
    return flow.once("centred", lambda: _shifted(flow) - _shifts(flow, xp)[..., None, :])


def _variances(flow: Flow, xp: Any) -> Array:
    return flow.once("variances", lambda: _mean_square(_centred(flow, xp), xp))


def _covariance(flow: Flow, xp: Any) -> tuple[Array, Array]:
    """The covariance of the first units over the samples, and its diagonal; 0 for units that do not vary."""

    def compute() -> tuple[Array, Array]:
        few, samples = _centred(flow, xp)[..., :MAX_UNITS], float(flow.h.shape[-2])
        variance, means = (each[..., :MAX_UNITS] for each in (_variances(flow, xp), _means(flow, xp)))
        varies = ~(variance <= xp.square(ROUNDING * means))  # a NaN does
        covariance = xp.matmul(xp.swapaxes(few, -1, -2), few) / samples
        both = varies[..., :, None] & varies[..., None, :]
        return xp.where(both, covariance, 0.0), xp.where(varies, variance, 0.0)

    result: tuple[Array, Array] = flow.once("covariance", compute)
    return result


ACTIVATION_STATISTICS = (
    Statistic("pre_mean", "mean of z", "linear", "pre-activation", "far from 0: pushed to one side", pre_mean),
    Statistic("pre_std", "√(mean of (z − pre_mean)²)", "log", "pre-activation", "how far units are driven", pre_std),
    Statistic("mean", "mean of h", "linear", "activation", "the level that the next layer sees", mean),
    Statistic("std", "√(mean of (h − mean)²)", "log", "activation", "near 0: nothing distinguishes the samples", std),
    Statistic(
        "saturated_fraction",
        f"share of (sample, unit) with |s| < {SATURATED} of the activation's steepest slope",
        "share",
        "share",
        "where next to no gradient passes; for a relu the inactive share, about a half when healthy",
        saturated_fraction,
    ),
    Statistic(
        "dead_fraction",
        "share of units with s = 0 for every sample",
        "share",
        "share",
        "units that no sample of the probe batch can change (Lu et al. 2019)",
        dead_fraction,
    ),
    Statistic(
        "slope",
        "mean of s",
        "linear",
        "activation per pre-activation",
        "the factor by which the activation damps the signal on its way back (Glorot & Bengio 2010)",
        slope,
        note="[0, 1] for tanh and relu",
    ),
    Statistic(
        "unit_correlation",
        f"mean over pairs i ≠ j of |corr(hᵢ, hⱼ)| over the samples, among the first {MAX_UNITS} units; "
        "constant units are left out",
        "share",
        "correlation",
        "1: the units of the layer are copies of one another",
        unit_correlation,
        missing="with fewer than two units that vary",
    ),
    Statistic(
        "effective_rank",
        f"(tr C)²/tr(C²), C the covariance of the first {MAX_UNITS} units over the samples: the participation ratio",
        "linear",
        "dimensions",
        "how many different things the layer says; 1: one thing, however many units",
        effective_rank,
        interval="[1, m]",
        note="0 where no unit varies",
    ),
    Statistic(
        "nonfinite",
        "#{h is NaN or ±∞}",
        "linear",
        "entries",
        "above 0: the run has left the finite numbers",
        nonfinite,
        interval="[0, samples·m]",
    ),
)

ACTIVATION_STATISTIC_NAMES = tuple(statistic.name for statistic in ACTIVATION_STATISTICS)
