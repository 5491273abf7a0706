"""How treated and untreated runs are compared: rates with intervals, tests, and the effect on a metric."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from gradlab.schemas.trials import Effect, Rate

CONFIDENCE = 0.95


def rate(count: int, of: int) -> Rate:
    """So many out of all; `of` is at least 1."""
    interval = _stats().binomtest(count, of).proportion_ci(CONFIDENCE, method="wilson")
    return Rate(count, of, float(interval.low), float(interval.high))


def fisher(count: int, of: int, other: int, of_other: int) -> float:
    """The p-value of Fisher's exact test, two-sided, that two shares are the same."""
    return float(_stats().fisher_exact([[count, of - count], [other, of_other - other]]).pvalue)


def improvement(before: Sequence[float | None], after: Sequence[float | None], margin: float) -> float:
    """The p-value of Student's test over pairs of equal seeds, one-sided, that values rise by no more than `margin`.

    1 below two pairs.
    """
    pairs = [(old, new) for old, new in zip(before, after, strict=True) if old is not None and new is not None]
    if len(pairs) < 2:
        return 1.0
    rises = np.array([new - old for old, new in pairs])
    if np.ptp(rises) == 0:
        return 0.0 if rises[0] > margin else 1.0
    return float(_stats().ttest_1samp(rises, margin, alternative="greater").pvalue)


def higher_values(before: Sequence[float | None], after: Sequence[float | None]) -> float:
    """The p-value of Welch's test, one-sided, that values of other seeds are no higher; 1 below two values of each."""
    old, new = (np.array([value for value in values if value is not None]) for values in (before, after))
    if len(old) < 2 or len(new) < 2:
        return 1.0
    if np.ptp(old) == np.ptp(new) == 0:
        return 0.0 if new[0] > old[0] else 1.0
    summary = [number for values in (new, old) for number in (values.mean(), values.std(ddof=1), len(values))]
    return float(_stats().ttest_ind_from_stats(*summary, equal_var=False, alternative="greater").pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values that may be held against a threshold together (Holm 1979): whoever tries a dozen remedies finds luck.

    The i-th smallest of n, from 0, is multiplied by n − i; none becomes smaller than one before it.
    """
    adjusted, highest = [0.0] * len(p_values), 0.0
    for i, place in enumerate(np.argsort(p_values, kind="stable")):
        highest = max(highest, min(1.0, (len(p_values) - i) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def effect(before: Sequence[float | None], after: Sequence[float | None]) -> Effect:
    """The mean difference over pairs of equal seeds."""
    pairs = [(old, new) for old, new in zip(before, after, strict=True) if old is not None and new is not None]
    if not pairs:
        return Effect(None, None, None, 0)
    differences = np.array([new - old for old, new in pairs])
    mean = float(differences.mean())
    if len(pairs) < 2:
        return Effect(mean, None, None, len(pairs))
    if np.ptp(differences) == 0:
        return Effect(mean, mean, mean, len(pairs))
    low, high = _stats().t.interval(CONFIDENCE, len(pairs) - 1, loc=mean, scale=_stats().sem(differences))
    return Effect(mean, float(low), float(high), len(pairs))


@cache
def _stats() -> Any:
    """scipy.stats, which takes half a second to load: whoever only reads what was found need not wait for it."""
    from scipy import stats

    return stats
