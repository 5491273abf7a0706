"""Report of the clinic: the figures of one part."""

from collections import Counter
from collections.abc import Iterator, Sequence

from bench.clinic.case import BY_NAME, DEAD, ILLNESSES, VANISHING
from bench.clinic.judging import Judged
from core.treatment.comparison import rate
from gradlab.diagnosis.groups import EXPLOSIONS, SATURATIONS

# Columns of the confusion matrix: name -> the rules that are counted together as root causes.
# All other rules are in "other".
ROOTS: dict[str, tuple[str, ...]] = {
    "output": (
        "output_mismatch",
        "contradicting_accuracy",
        "frozen_accuracy",
        "negative_crossentropy",
        "unsuited_loss",
    ),
    "scaling": ("input_range", "target_range"),
    "mean": ("nonzero_mean_initialization",),
    "size": ("initial_variance",),
    "copies": ("symmetric_units",),
    "narrow": ("finite_width",),
    "dead": DEAD,
    "vanish": VANISHING,
    "time": ("vanishing_through_time",),
    "explode": ("predicted_exploding", "exploding_through_time", *EXPLOSIONS, "nonfinite"),
    "rate": ("learning_rate", "update_ratio", "few_updates", "still_falling"),
    "flat": SATURATIONS,
    "swing": ("oscillation", "late_rise"),
    "overfit": ("overfitting",),
    "other": (),
    "none": (),
}


def lines(judged: Sequence[Judged]) -> Iterator[str]:
    """Yield the lines of the report."""
    counted = [each for each in judged if each.holds]
    dropped = len(judged) - len(counted)
    yield f"{len(counted)} cases; {dropped} more are not confirmed by the criterion, and do not count"
    yield ""
    yield from _recalls(counted)
    yield ""
    yield from _confusion(counted)
    yield ""
    ill = [each for each in counted if each.case.illness]
    healthy = [each for each in counted if not each.case.illness]
    yield f"| false alarms | {share([not each.detected for each in healthy])} |"
    yield f"| root cause right | {share([each.root_right for each in ill])} |"
    yield f"| triage agrees | {share([each.triage_agrees for each in triaged(counted)])} |"


def triaged(judged: Sequence[Judged]) -> list[Judged]:
    """Return the cases whose outcome triage must predict: illnesses of the initial weights, and their healthy twins."""
    at_birth = {each.case.twin for each in judged if each.case.illness and BY_NAME[each.case.illness].at_birth}
    return [
        each
        for each in judged
        if (BY_NAME[each.case.illness].at_birth if each.case.illness else each.case.name in at_birth)
    ]


def share(hits: Sequence[bool]) -> str:
    """Format the number and share of hits with its 95 % Wilson interval."""
    if not hits:
        return "-"
    hit = rate(sum(hits), len(hits))
    return f"{hit.count} of {hit.of}: {hit.count / hit.of:.3f} ({hit.low:.2f}–{hit.high:.2f})"


def _recalls(judged: Sequence[Judged]) -> Iterator[str]:
    yield "| illness | found (95 %) | root cause right (95 %) |\n|---|---|---|"
    for illness in ILLNESSES:
        of = [each for each in judged if each.case.illness == illness.name]
        detected, root_right = [each.detected for each in of], [each.root_right for each in of]
        yield f"| {illness.name} | {share(detected)} | {share(root_right)} |"


def _column(root: str | None) -> str:
    """Return the column of a root cause; "other" for a rule without a column."""
    return next((name for name, rules in ROOTS.items() if root in rules), "other" if root else "none")


def _confusion(judged: Sequence[Judged]) -> Iterator[str]:
    counts = Counter((each.case.illness or "healthy", _column(each.root)) for each in judged)
    yield "| made | " + " | ".join(ROOTS) + " |\n|---|" + "---|" * len(ROOTS)
    for made in (*BY_NAME, "healthy"):
        yield f"| {made} | " + " | ".join(str(counts[made, column] or "") for column in ROOTS) + " |"
