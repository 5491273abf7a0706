"""Statistics for the comparison of treated and untreated runs: rates with intervals, tests, effects on a metric."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from gradlab.schemas.trials import Effect, Rate

CONFIDENCE = 0.95


def rate(count: int, of: int) -> Rate:
    """Return a share, `count` of `of` ≥ 1, with its 95 % Wilson interval."""
    interval = _stats().binomtest(count, of).proportion_ci(CONFIDENCE, method="wilson")
    return Rate(count, of, float(interval.low), float(interval.high))


def fisher(count: int, of: int, other: int, of_other: int) -> float:
    """p-value of Fisher's exact test, two-sided; null hypothesis: two shares are the same."""
    return float(_stats().fisher_exact([[count, of - count], [other, of_other - other]]).pvalue)


def improvement(before: Sequence[float | None], after: Sequence[float | None], margin: float) -> float:
    """p-value of Student's paired test over equal seeds, one-sided; null hypothesis: values rise by ≤ `margin`.

    1 for fewer than two pairs.
    """
    pairs = [(old, new) for old, new in zip(before, after, strict=True) if old is not None and new is not None]
    if len(pairs) < 2:
        return 1.0
    rises = np.array([new - old for old, new in pairs])
    if np.ptp(rises) == 0:
        return 0.0 if rises[0] > margin else 1.0
    return float(_stats().ttest_1samp(rises, margin, alternative="greater").pvalue)


def higher_values(before: Sequence[float | None], after: Sequence[float | None]) -> float:
    """p-value of Welch's test, one-sided; null hypothesis: `after` is no higher. 1 for fewer than two values each."""
    old, new = (np.array([value for value in values if value is not None]) for values in (before, after))
    if len(old) < 2 or len(new) < 2:
        return 1.0
    if np.ptp(old) == np.ptp(new) == 0:
        return 0.0 if new[0] > old[0] else 1.0
    summary = [number for values in (new, old) for number in (values.mean(), values.std(ddof=1), len(values))]
    return float(_stats().ttest_ind_from_stats(*summary, equal_var=False, alternative="greater").pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for multiple comparisons (Holm 1979).

    The i-th smallest of n, from 0, is multiplied by n − i; none becomes smaller than one before it, and none exceeds 1.
    """
    adjusted, highest = [0.0] * len(p_values), 0.0
    for i, place in enumerate(np.argsort(p_values, kind="stable")):
        highest = max(highest, min(1.0, (len(p_values) - i) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def effect(before: Sequence[float | None], after: Sequence[float | None]) -> Effect:
    """Return the mean difference over pairs of equal seeds, with its 95 % interval from two pairs on."""
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
    """Import scipy.stats when first used: it takes half a second, which readers of results need not wait for."""
    from scipy import stats

    return stats
