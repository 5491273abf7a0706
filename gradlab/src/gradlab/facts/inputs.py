"""Size of the inputs, feature by feature or by quantiles over many features."""

from collections.abc import Sequence

import numpy as np

from gradlab.facts.model import MAX_FEATURES, MAX_NAMED, Features, Inputs

# Training samples from which the mean and the spread of a feature are computed: their standard error is 1/64 of a
# standard deviation.
MAX_SAMPLES = 4_096
# Numbers that are held at once as float64, 320 MB: of samples of more than 9,765 numbers fewer are read.
MAX_NUMBERS = 40_000_000
# Shares of the features at which quantiles are taken: minimum, maximum, and every sixteenth of the way.
LEVELS = tuple(np.linspace(0, 1, 17).tolist())
# A feature whose standard deviation is below this share of its mean is constant: some roundings of float32.
ROUNDING = 1e-6
# The bounds of the rule input_range, for a feature beside others inside them.
SMALL, LARGE = 0.01, 10.0
MAX_NAME_LENGTH = 200


def inputs_of(x: np.ndarray, names: Sequence[str] = (), *, max_listed: int = MAX_FEATURES) -> Inputs:
    """Return the size of inputs.

    Args:
        x: (samples, features) inputs.
        names: names of the features.
        max_listed: number of features up to which they are listed one by one.
    """
    first = x[: max(1, min(MAX_SAMPLES, MAX_NUMBERS // max(1, x.shape[1])))].astype(np.float64)
    with np.errstate(all="ignore"):
        mean, std = first.mean(axis=0), first.std(axis=0)
        squares = mean**2 + std**2
        rms, sizes = float(np.sqrt(np.mean(squares))), np.sqrt(squares)
    finite = np.isfinite(sizes)
    within = finite & (sizes >= SMALL) & (sizes <= LARGE)
    constant = finite & ~(std > ROUNDING * np.abs(mean))
    many = len(mean) > max_listed
    return Inputs(
        features=len(mean),
        rms=rms,
        largest_rms=float(np.max(sizes)),
        mean=_quantiles(mean) if many else tuple(mean.tolist()),
        std=_quantiles(std) if many else tuple(std.tolist()),
        levels=LEVELS if many else (),
        constant=_features(constant, names),
        nonfinite=_features(~finite, names),
        extreme=_features(finite & ~within & ~constant if within.any() else np.zeros_like(within), names),
    )


def _quantiles(values: np.ndarray) -> tuple[float, ...]:
    """The quantiles of the finite values at LEVELS; NaN where there is none."""
    finite = values[np.isfinite(values)]
    return tuple(np.quantile(finite, LEVELS).tolist()) if len(finite) else (float("nan"),) * len(LEVELS)


def _features(chosen: np.ndarray, names: Sequence[str]) -> Features:
    numbers = np.flatnonzero(chosen)[:MAX_NAMED].tolist()
    named = tuple(str(names[number])[:MAX_NAME_LENGTH] for number in numbers) if len(names) == len(chosen) else ()
    return Features(count=int(chosen.sum()), numbers=tuple(numbers), names=named)
