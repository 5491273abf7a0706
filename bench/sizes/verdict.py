"""Figures of a line that rest on its measurements, and the bounds that they are held against."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from bench.sizes.limit import operations_of_epoch
from bench.sizes.lines import Line
from bench.sizes.measuring import Result
from gradlab.spec import ExperimentSpec

# Where `fit` itself reaches this share of what one product of matrices reaches, being as fast is out of reach.
NEAR_LIMIT, MIN_RATIO_NEAR_LIMIT = 0.8, 0.9
# `fit` with a callback that reads every gradient, against the default recording.
MIN_RATIO_READING = 3.0
# Everything recorded against nothing, of networks above so many weights.
MAX_RECORDING, MAX_SMALL_PARAMETERS = 1.3, 10_000
# Seconds of an architecture never seen, in a warm process.
MAX_EPOCH_0, MAX_FIRST_TUTORIAL, MAX_FIRST = 0.5, 1.5, 5.0
# The estimate is within this factor of the measurement; memory below 200 MB counts as right, as any machine has it.
ESTIMATE_FACTOR, SMALL_BYTES = 2.0, 200e6
# Medians over all lines: the default recording, and everything recorded, against bare `fit`.
MIN_MEDIAN, MIN_MEDIAN_FULL = 2.0, 1.3


@dataclass(frozen=True)
class Check:
    """A figure and its bound.

    Attributes:
        what: what is compared.
        value: the figure.
        bound: the least it has to be, or the most it may be.
        is_least: True if `bound` is the least.
    """

    what: str
    value: float
    bound: float
    is_least: bool = True

    @property
    def is_met(self) -> bool:
        """True if the figure keeps its bound."""
        return self.value >= self.bound if self.is_least else self.value <= self.bound

    def __str__(self) -> str:
        return f"{self.what} {self.value:.3g} ({'at least' if self.is_least else 'at most'} {self.bound:g})"


def ratio(result: Result, longer: str, shorter: str, of: str = "turns") -> float:
    """Return the median over the rounds of one training's seconds divided by another's; NaN if one is missing.

    Args:
        result: of a line.
        longer, shorter: two trainings.
        of: ``turns`` for seconds by the clock, ``busy`` for those of processors.
    """
    turns = result[of]
    if longer not in turns or shorter not in turns:
        return float("nan")
    return float(median(a / b for a, b in zip(turns[longer], turns[shorter], strict=True)))


def share_of_limit(result: Result, spec: ExperimentSpec, training: str) -> float:
    """Return a training's operations a second, as a share of those of one product; NaN if it is missing."""
    turns: Sequence[float] = result["turns"].get(training, ())
    if not turns:
        return float("nan")
    operations = operations_of_epoch(spec)
    return float(median(operations / each / rate for each, rate in zip(turns, result["limits"], strict=True)))


def checks(line: Line, spec: ExperimentSpec, result: Result) -> Iterator[Check]:
    """Yield the figures of a line that have a bound."""
    usual = ratio(result, "fit", "ours")
    is_near = share_of_limit(result, spec, "fit") >= NEAR_LIMIT
    yield Check("fit : ours", usual, MIN_RATIO_NEAR_LIMIT if is_near else line.min_ratio)
    yield Check("fit with gradients : ours", ratio(result, "fit, gradients", "ours"), MIN_RATIO_READING)
    if spec.parameter_count > MAX_SMALL_PARAMETERS:
        yield Check("full : nothing", ratio(result, "ours, full", "ours, nothing"), MAX_RECORDING, False)
    first = result["first"]["ours"]
    yield Check("seconds to epoch 0", first["epoch_0"], MAX_EPOCH_0, False)
    max_first = MAX_FIRST_TUTORIAL if line.is_tutorial else MAX_FIRST
    yield Check("seconds to the first epoch", first["first"], max_first, False)
    yield from _estimated(result, spec)


def _estimated(result: Result, spec: ExperimentSpec) -> Iterator[Check]:
    """Yield how far the estimate is off, as a factor of at least 1. Estimated are the seconds of a busy processor."""
    epochs, first, estimate = spec.training.epochs, result["first"]["ours"], result["estimate"]
    seconds = first["busy"] + (epochs - 1) * median(result["busy"]["ours"])
    yield Check("estimate of seconds off by", _factor(estimate["seconds"], seconds), ESTIMATE_FACTOR, False)
    is_small = max(estimate["bytes"], first["bytes"]) < SMALL_BYTES
    off = 1.0 if is_small else _factor(estimate["bytes"], first["bytes"])
    yield Check("estimate of memory off by", off, ESTIMATE_FACTOR, False)


def _factor(one: float, other: float) -> float:
    return max(one, other) / max(1e-9, min(one, other))


def overall(results: Sequence[Result]) -> Iterator[Check]:
    """Yield the bounds of all lines together."""
    yield Check("median of fit : ours", median(ratio(each, "fit", "ours") for each in results), MIN_MEDIAN)
    full = median(ratio(each, "fit", "ours, full") for each in results)
    yield Check("median of fit : everything recorded", full, MIN_MEDIAN_FULL)
