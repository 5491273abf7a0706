"""What the clinic prints: figures of one part."""

from collections import Counter
from collections.abc import Iterator, Sequence

from bench.clinic.case import BY_NAME, DEAD, ILLNESSES, VANISHING
from bench.clinic.judging import Judged
from core.treatment.comparison import rate
from gradlab.diagnosis.groups import EXPLOSIONS, SATURATIONS

# The columns of the confusion matrix: which rules' root causes are counted together. All others are in "other".
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
    """The report of one part."""
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
    yield f"| false alarms | {share([not each.found for each in healthy])} |"
    yield f"| root cause right | {share([each.root_right for each in ill])} |"
    yield f"| triage agrees | {share([each.triage_agrees for each in triaged(counted)])} |"


def triaged(judged: Sequence[Judged]) -> list[Judged]:
    """The cases of which epoch 0 must say what becomes of them: initialisation, and the healthy twins."""
    at_birth = {each.case.twin for each in judged if each.case.illness and BY_NAME[each.case.illness].at_birth}
    return [
        each
        for each in judged
        if (BY_NAME[each.case.illness].at_birth if each.case.illness else each.case.name in at_birth)
    ]


def share(hits: Sequence[bool]) -> str:
    """Hits out of how many, as a share with its 95 % Wilson interval."""
    if not hits:
        return "-"
    found = rate(sum(hits), len(hits))
    return f"{found.count} of {found.of}: {found.count / found.of:.3f} ({found.low:.2f}–{found.high:.2f})"


def _recalls(judged: Sequence[Judged]) -> Iterator[str]:
    yield "| illness | found (95 %) | root cause right (95 %) |\n|---|---|---|"
    for illness in ILLNESSES:
        of = [each for each in judged if each.case.illness == illness.name]
        yield f"| {illness.name} | {share([each.found for each in of])} | {share([each.root_right for each in of])} |"


def _column(root: str | None) -> str:
    """The column of a root cause: "other" for a rule that is in no column."""
    return next((name for name, rules in ROOTS.items() if root in rules), "other" if root else "none")


def _confusion(judged: Sequence[Judged]) -> Iterator[str]:
    counts = Counter((each.case.illness or "healthy", _column(each.root)) for each in judged)
    yield "| made | " + " | ".join(ROOTS) + " |\n|---|" + "---|" * len(ROOTS)
    for made in (*BY_NAME, "healthy"):
        yield f"| {made} | " + " | ".join(str(counts[made, column] or "") for column in ROOTS) + " |"
