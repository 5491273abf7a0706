"""What a treatment has found out, for people: which change cures, at what price, and what that says of the cause."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.treatment.comparison import rate
from core.treatment.judgement import MAX_ILL, Judgement, judge
from core.treatment.parts import parts_of
from core.treatment.recommendation import is_smallest, recommended, smaller_cures
from core.treatment.result import criterion
from core.treatment.stopping import WORDS, stopped
from core.treatment.trial import Result, Treatment
from gradlab.diagnosis.finding import shown
from gradlab.remedies import remedy
from gradlab.schemas.trials import Flow, Part, Rate, Stop

# Smaller p-values are not told: they rest on the shape of distributions far outside what a few seeds can show.
LOWEST_P = 1e-6


@dataclass(frozen=True)
class Report:
    """What a treatment has found out so far.

    Attributes:
        metric: the metric on test samples by which trials are compared.
        higher_is_better: of that metric.
        untreated: how many of the trials' seeds are ill untreated; None before it is known.
        control: how many of the control's fresh seeds are.
        judgements: of the treated trials that are finished, in the order in which they were begun.
        recommended: the smallest change that cures and that no other cure is better than, beyond luck. None where none
            is known.
        parts: what each remedy of the recommended change contributes; () where that is a single one.
        is_smallest: no smaller change that was tried cures, and each of the parts was left out, and the others did
            worse beyond luck; None where nothing is recommended.
        stopped: why the search stopped; None while something is under way.
        summary: all of it in a few sentences.
    """

    metric: str
    higher_is_better: bool
    untreated: Rate | None
    control: Rate | None
    judgements: tuple[Judgement, ...]
    recommended: Judgement | None
    parts: tuple[Part, ...]
    is_smallest: bool | None
    stopped: Stop | None
    summary: str


def report(treatment: Treatment) -> Report:
    """What a treatment has found out so far."""
    metric, higher = criterion(treatment.base)
    untreated, control = treatment.result_of("untreated"), treatment.result_of("control")
    judged = judge(treatment)
    best = recommended(treatment, judged)
    parts = parts_of(best.trial, treatment) if best else ()
    return Report(
        metric=metric,
        higher_is_better=higher,
        untreated=_ill(untreated),
        control=_ill(control),
        judgements=judged,
        recommended=best,
        parts=parts,
        is_smallest=is_smallest(best, judged, parts) if best else None,
        stopped=stopped(treatment),
        summary=_summary(treatment, judged, best, parts),
    )


def _ill(found: Result | None) -> Rate | None:
    return rate(found.ill, len(found.seeds)) if found else None


def in_words(remedies: tuple[str, ...]) -> str:
    """Remedies as people call them."""
    return " with ".join(remedy(name).title for name in remedies)


def _summary(
    treatment: Treatment, judged: tuple[Judgement, ...], best: Judgement | None, parts: tuple[Part, ...]
) -> str:
    untreated, control = treatment.result_of("untreated"), treatment.result_of("control")
    if untreated is None:
        return "The untreated runs are not finished: nothing can be compared yet."
    fresh = f"; of {len(control.seeds)} fresh ones, {control.ill}" if control else ""
    said = [f"Untreated, {untreated.ill} of {len(untreated.seeds)} seeds {_are(untreated.ill)} ill{fresh}."]
    if best:
        said += _recommendation(best, judged, parts)
        said.append(explain(best, untreated.flow))
    elif any(trial.is_under_way for trial in treatment.trials):
        said.append("No change is known to cure yet.")
    elif control and untreated.ill + control.ill <= MAX_ILL * (len(untreated.seeds) + len(control.seeds)):
        said.append("There is next to nothing to cure.")
    else:
        said.append(_none_cures(len(judged)))
        if helping := [each for each in judged if each.worth in ("helps", "unproven")]:
            least = min(helping, key=lambda each: (each.ill.count, each.change))
            said.append(
                f"The fewest are ill with: {in_words(least.trial.remedies)} ({least.ill.count} of {least.ill.of})."
            )
    reason = stopped(treatment)
    return " ".join([*said, WORDS[reason]] if reason else said)


def _recommendation(best: Judgement, judged: Sequence[Judgement], parts: Sequence[Part]) -> list[str]:
    """What is recommended, what each part of it contributes, and whether anything smaller may do."""
    smallest = is_smallest(best, judged, parts)
    said = [
        f"{'The smallest change that cures' if smallest else 'The recommended change, which cures,'} is: "
        f"{in_words(best.trial.remedies)} "
        f"({best.ill.count} of {best.ill.of} seeds {_are(best.ill.count)} ill, {_p(best.p_adjusted)}).",
        *(_contribution(part, best) for part in parts),
    ]
    if smaller := smaller_cures(best, judged):
        least = min(smaller, key=lambda each: each.change)
        said.append(
            f"A smaller change cures, too, but another one is better beyond luck: {in_words(least.trial.remedies)}."
        )
    # Of three parts that are not all needed two may be left out, which nothing has tried.
    if any(part.without is None for part in parts) or (len(parts) > 2 and not all(part.is_needed for part in parts)):
        said.append("Smaller changes were not all tried.")
    return said


def _p(value: float) -> str:
    """A p-value; a test of differences that are all equal gives 0, which no probability of luck is."""
    return f"p = {value:.2g}" if value >= LOWEST_P else f"p < {LOWEST_P:g}"


def _contribution(part: Part, best: Judgement) -> str:
    """What leaving out one remedy of the recommended change has shown."""
    title = remedy(part.remedy).title
    if part.without is None or part.p_value is None:
        return f"Whether it needs {title} was not tried."
    count, of = part.without.count, part.without.of
    ill = f"without it {count} of {of} seeds {_are(count)} ill"
    if not part.is_needed:
        return f"That it needs {title} is not shown ({ill}, {_p(part.p_value)})."
    if count * best.ill.of > best.ill.count * of:
        return f"It needs {title} ({ill}, {_p(part.p_value)})."
    return f"It learns more with {title} ({ill}, too, and the test metric is worse, {_p(part.p_value)})."


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _none_cures(trained: int) -> str:
    if trained == 0:
        return "No change that applies could be trained."
    return (
        "The one change that was trained does not cure."
        if trained == 1
        else f"None of the {trained} changes that were trained cures."
    )


def explain(judged: Judgement, before: Flow) -> str:
    """What a trial says of the cause: whether signal and learning came back together."""
    compared = _compared(judged.trial.result.flow if judged.trial.result else before, before)
    learns = judged.worth == "cures"
    match judged.signal:
        case "restored" if learns:
            return f"The signal arrives at the first hidden layer again ({compared}), and the network learns."
        case "restored":
            return (
                f"The signal arrives again ({compared}), and the network does not learn "
                "for that: it was not what is wrong, or not all of it."
            )
        case "arrived before" if learns:
            return (
                f"The network learns although the signal arrived untreated as well "
                f"({compared}): vanishing or exploding gradients were not what kept it from learning."
            )
        case "arrived before":
            return f"The signal arrives as it did untreated ({compared})."
        case "does not arrive" if learns:
            return (
                f"The network learns although the signal does not arrive ({compared}): "
                "that alone does not keep it from learning."
            )
        case "does not arrive":
            return f"The signal still does not arrive ({compared})."
        case "lost":
            return f"The signal arrived untreated and no longer does ({compared})."
        case _:
            return "The back-propagated signal was not recorded: nothing can be said of it."


NOWHERE = "its size is not finite, treated or not"


def _compared(after: Flow, before: Flow) -> str:
    """How much of the output's signal arrives at the first hidden layer, treated and untreated."""
    now, was = after.arriving, before.arriving
    if now is None:
        return (
            f"its size is no longer finite; untreated it was {shown(was)} of the output's"
            if was is not None
            else NOWHERE
        )
    return (
        f"{shown(now)} of the output's, {shown(was)} untreated"
        if was is not None
        else (f"{shown(now)} of the output's; untreated its size was not finite")
    )
