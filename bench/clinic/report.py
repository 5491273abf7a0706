"""What the clinic prints: figures of one half."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from bench.clinic.case import BY_NAME, DEAD, ILLNESSES, VANISHING
from bench.clinic.judging import Judged
from core.diagnosis.groups import EXPLOSIONS, SATURATIONS

# The columns of the confusion matrix: which rules' root causes are counted together.
ROOTS: dict[str, tuple[str, ...]] = {
    "output": ("output_mismatch",),
    "scaling": ("input_range", "target_range"),
    "mean": ("nonzero_mean_initialization",),
    "size": ("initial_variance",),
    "copies": ("symmetric_units",),
    "narrow": ("finite_width",),
    "dead": DEAD,
    "vanish": VANISHING,
    "time": ("vanishing_through_time",),
    "explode": ("predicted_exploding", "exploding_through_time", *EXPLOSIONS, "nonfinite"),
    "rate": ("learning_rate", "update_ratio"),
    "flat": SATURATIONS,
    "swing": ("oscillation", "late_rise"),
    "overfit": ("overfitting",),
    "other": ("initial_loss", "class_imbalance", "plateau", "not_learning"),
    "none": (),
}


def wilson(hits: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a rate (Wilson 1927)."""
    if not count:
        return 0.0, 1.0
    rate, share = hits / count, z * z / count
    centre = (rate + share / 2) / (1 + share)
    half = z * math.sqrt(rate * (1 - rate) / count + share / (4 * count)) / (1 + share)
    return max(0.0, centre - half), min(1.0, centre + half)


def lines(judged: Sequence[Judged]) -> Iterator[str]:
    """The report of one half."""
    counted = [each for each in judged if each.holds]
    dropped = len(judged) - len(counted)
    yield f"{len(counted)} cases; {dropped} more are not what they were made to be, and do not count"
    yield ""
    yield from _recalls(counted)
    yield ""
    yield from _confusion(counted)
    yield ""
    ill = [each for each in counted if each.case.illness]
    healthy = [each for each in counted if not each.case.illness]
    yield f"| false alarms | {rate([not each.found for each in healthy])} |"
    yield f"| root cause right | {rate([each.root_right for each in ill])} |"
    yield f"| triage agrees | {rate([each.triage_agrees for each in triaged(counted)])} |"


def triaged(judged: Sequence[Judged]) -> list[Judged]:
    """The cases of which epoch 0 must say what becomes of them: initialisation, and the healthy twins."""
    at_birth = {each.case.twin for each in judged if each.case.illness and BY_NAME[each.case.illness].at_birth}
    return [
        each
        for each in judged
        if (BY_NAME[each.case.illness].at_birth if each.case.illness else each.case.name in at_birth)
    ]


def rate(hits: Sequence[bool]) -> str:
    """Hits out of how many, as a rate with its interval."""
    low, high = wilson(sum(hits), len(hits))
    share = f"{sum(hits) / len(hits):.3f}" if hits else "-"
    return f"{sum(hits)} of {len(hits)}: {share} ({low:.2f}–{high:.2f})"


def _recalls(judged: Sequence[Judged]) -> Iterator[str]:
    yield "| illness | found (95 %) | root cause right (95 %) |\n|---|---|---|"
    for illness in ILLNESSES:
        of = [each for each in judged if each.case.illness == illness.name]
        yield f"| {illness.name} | {rate([each.found for each in of])} | {rate([each.root_right for each in of])} |"


def _confusion(judged: Sequence[Judged]) -> Iterator[str]:
    group = {rule: name for name, rules in ROOTS.items() for rule in rules}
    counts = Counter((each.case.illness or "healthy", group.get(each.root or "", "none")) for each in judged)
    yield "| made | " + " | ".join(ROOTS) + " |\n|---|" + "---|" * len(ROOTS)
    for made in (*BY_NAME, "healthy"):
        yield f"| {made} | " + " | ".join(str(counts[made, column] or "") for column in ROOTS) + " |"
