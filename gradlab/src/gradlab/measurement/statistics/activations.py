"""Statistics of a layer's pre-activations and activations on the probe batch at an epoch's end.

z stands for the pre-activations, h = φ(z) for the activations, s = φ′(z) for the slopes, each (samples, units). Each
position or time step counts as a sample. m is the number of units. `compute(flow, xp)` takes a `Flow` of arrays
(..., samples, units) and reduces the last two axes. Statistics of z or s are NaN for a layer without them: a softmax
has no slope per unit.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gradlab.measurement.statistics.statistic import Array, Statistic

# A slope below this share of the activation's steepest slope passes almost no gradient. A tanh loses half of its slope
# at |z| = 0.88, and nine tenths at 1.82.
SATURATED = 0.1
# Units of a layer that unit_correlation and effective_rank use. Their cost grows with the square of this number.
MAX_UNITS = 64
# A unit whose standard deviation is below this share of its mean counts as constant: float32 does not distinguish it
# from rounding.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Flow:
    """Pre-activations, activations and slopes of one layer: arrays of (..., samples, units).

    Attributes:
        z: pre-activations.
        h: activations.
        slope: the activation's derivative at z.
        steepest: the activation's largest slope; None if its slopes have no maximum.
        computed: what several statistics share, by its name, as far as it is computed.
    """

    z: Array
    h: Array
    slope: Array
    steepest: Array | float | None
    computed: dict[str, Any] = field(default_factory=dict, repr=False)

    def once(self, name: str, compute: Callable[[], Any]) -> Any:
        """Return an intermediate result that several statistics share, computed at the first call."""
        if name not in self.computed:
            self.computed[name] = compute()
        return self.computed[name]


def pre_mean(flow: Flow, xp: Any) -> Array:
    return xp.mean(_pre_means(flow, xp), axis=-1)


def pre_std(flow: Flow, xp: Any) -> Array:
    means = _pre_means(flow, xp)
    variances = flow.once("pre_variances", lambda: _mean_square(flow.z - means[..., None, :], xp))
    return _std(means, variances, pre_mean(flow, xp), xp)


def mean(flow: Flow, xp: Any) -> Array:
    return xp.mean(_means(flow, xp), axis=-1)


def std(flow: Flow, xp: Any) -> Array:
    return _std(_means(flow, xp), _variances(flow, xp), mean(flow, xp), xp)


def saturated_fraction(flow: Flow, xp: Any) -> Array:
    if flow.steepest is None:
        return slope(flow, xp) * float("nan")
    limit = SATURATED * flow.steepest
    shares = flow.once("saturated", lambda: xp.mean(xp.abs(flow.slope) < limit, axis=-2))
    by_unit = shares + 0.0 * limit  # NaN if the limit is NaN
    # NaN < limit is False, so a NaN would count as healthy. Adding 0 times the slope keeps it NaN.
    return xp.mean(by_unit, axis=-1) + 0.0 * slope(flow, xp)


def dead_fraction(flow: Flow, xp: Any) -> Array:
    alive = flow.once("alive", lambda: xp.any(flow.slope != 0.0, axis=-2))  # (..., units)
    return 1.0 - xp.mean(alive, axis=-1) + 0.0 * slope(flow, xp)


def slope(flow: Flow, xp: Any) -> Array:
    return flow.once("slope", lambda: xp.mean(flow.slope, axis=(-2, -1)))


def unit_correlation(flow: Flow, xp: Any) -> Array:
    covariance, variance = _covariance(flow, xp)  # (..., units, units), (..., units)
    varies = variance > 0.0
    scale = varies / xp.sqrt(xp.where(varies, variance, 1.0))
    correlation = xp.abs(covariance) * (scale[..., :, None] * scale[..., None, :])
    count = xp.sum(varies, axis=-1)
    total = xp.sum(correlation, axis=(-2, -1)) - xp.sum(xp.square(scale) * variance, axis=-1)  # without the diagonal
    mean = total / xp.where(count > 1, count * (count - 1.0), float("nan"))
    return xp.clip(mean, 0.0, 1.0)  # rounding may lift a perfect correlation above 1


def effective_rank(flow: Flow, xp: Any) -> Array:
    covariance, variance = _covariance(flow, xp)
    scale = xp.max(variance, axis=-1)  # keeps the squares of very small and very large variances in float32's range
    safe = xp.where(scale == 0.0, 1.0, scale)
    trace = xp.sum(variance, axis=-1) / safe
    squares = xp.sum(xp.square(covariance / safe[..., None, None]), axis=(-2, -1))
    return xp.where(scale == 0.0, 0.0, xp.square(trace) / xp.where(squares == 0.0, 1.0, squares))


def nonfinite(flow: Flow, xp: Any) -> Array:
    return flow.once("nonfinite", lambda: xp.sum(~xp.isfinite(flow.h), axis=(-2, -1))) + 0.0


def _mean_over_samples(x: Array, xp: Any) -> Array:
    """Means over the samples, (..., units) from (..., samples, units). A product with ones is faster than a sum."""
    samples = x.shape[-2]
    return xp.matmul(xp.ones(samples, x.dtype), x) / samples


def _mean_square(x: Array, xp: Any) -> Array:
    """Means of the squares over the samples, (..., units) from (..., samples, units)."""
    return xp.vecdot(x, x, axis=-2) / x.shape[-2]


def _mean_products(x: Array, xp: Any) -> Array:
    """Means over the samples of the products of two units, (..., units, units) from (..., samples, units)."""
    return xp.matmul(xp.swapaxes(x, -1, -2), x) / float(x.shape[-2])


def _pre_means(flow: Flow, xp: Any) -> Array:
    """Means of z over the samples: (..., units)."""
    return flow.once("pre_means", lambda: _mean_over_samples(flow.z, xp))


def _means(flow: Flow, xp: Any) -> Array:
    """Means of h over the samples: (..., units)."""
    return flow.once("means", lambda: _shifts(flow, xp) + flow.h[..., 0, :])


def _std(unit_means: Array, unit_variances: Array, mean: Array, xp: Any) -> Array:
    """Standard deviation of all entries, from the variances within the units and the spread of the units' means."""
    return xp.sqrt(xp.mean(unit_variances + xp.square(unit_means - mean[..., None]), axis=-1))


def _shifted(flow: Flow) -> Array:
    """Differences of h from the first sample's: (..., samples, units). A constant unit gives exact zeros.

    Differences from the mean would not, because the mean is rounded.
    """
    return flow.once("shifted", lambda: flow.h - flow.h[..., :1, :])


def _shifts(flow: Flow, xp: Any) -> Array:
    """Means of `_shifted` over the samples: (..., units)."""
    return flow.once("shifts", lambda: _mean_over_samples(_shifted(flow), xp))


def _centred(flow: Flow, xp: Any) -> Array:
    return flow.once("centred", lambda: _shifted(flow) - _shifts(flow, xp)[..., None, :])


def _variances(flow: Flow, xp: Any) -> Array:
    return flow.once("variances", lambda: _mean_square(_centred(flow, xp), xp))


def _covariance(flow: Flow, xp: Any) -> tuple[Array, Array]:
    """Covariance of the first `MAX_UNITS` units over the samples, and its diagonal; 0 for constant units.

    Shapes: (..., units, units) and (..., units).
    """

    def compute() -> tuple[Array, Array]:
        variance, means = (each[..., :MAX_UNITS] for each in (_variances(flow, xp), _means(flow, xp)))
        varies = ~(variance <= xp.square(ROUNDING * means))  # True for NaN
        covariance = flow.once("products", lambda: _mean_products(_centred(flow, xp)[..., :MAX_UNITS], xp))
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
        "number of directions in which the layer's outputs vary; 1: its units carry a single signal",
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
