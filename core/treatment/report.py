"""Reports of a treatment for people: the change that cures, its cost, and the conclusion about the cause."""

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

# Smaller p-values are not shown: they depend on tails of distributions that a few seeds cannot show.
LOWEST_P = 1e-6
SAME_START = (
    "Every trial and the control begin with the weights that the experiment was given; layers whose shapes or "
    "initialisers a change replaces are drawn. Apart from these, seeds differ by the order of the samples and by "
    "random layers alone."
)


@dataclass(frozen=True)
class Report:
    """The conclusions of a treatment so far.

    Attributes:
        metric: the test metric by which trials are compared.
        higher_is_better: True if higher values of it are better.
        untreated: share of the trials' seeds that are ill untreated; None before that trial is finished.
        control: share of the control's fresh seeds that are ill; None before that trial is finished.
        judgements: of the finished treated trials, in the order in which they began.
        recommended: the smallest cure that no other cure significantly exceeds; None if no change cures yet.
        parts: contribution of each remedy of the recommended change; () if it has only one.
        is_smallest: True if no smaller trial cures, and leaving out any one remedy was significantly worse; None if
            nothing is recommended.
        stopped: why the search stopped; None while a trial is under way.
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
    """Return the conclusions of a treatment so far."""
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


def _ill(result: Result | None) -> Rate | None:
    return rate(result.ill, len(result.seeds)) if result else None


def in_words(remedies: tuple[str, ...]) -> str:
    """Return the titles of remedies, joined."""
    return " with ".join(remedy(name).title for name in remedies)


def _summary(
    treatment: Treatment, judged: tuple[Judgement, ...], best: Judgement | None, parts: tuple[Part, ...]
) -> str:
    untreated, control = treatment.result_of("untreated"), treatment.result_of("control")
    if untreated is None:
        return "The untreated runs are not finished: nothing can be compared yet."
    fresh = f"; of {len(control.seeds)} fresh ones, {control.ill}" if control else ""
    sentences = [f"Untreated, {untreated.ill} of {len(untreated.seeds)} seeds {_are(untreated.ill)} ill{fresh}."]
    if best:
        sentences += _recommendation(best, judged, parts)
        sentences.append(explain(best, untreated.flow))
    elif any(trial.is_under_way for trial in treatment.trials):
        sentences.append("No change is known to cure yet.")
    elif control and untreated.ill + control.ill <= MAX_ILL * (len(untreated.seeds) + len(control.seeds)):
        sentences.append("There is next to nothing to cure.")
    else:
        sentences.append(_none_cures(len(judged)))
        if helping := [each for each in judged if each.worth in ("helps", "unproven")]:
            fewest = min(helping, key=lambda each: (each.ill.count, each.change))
            sentences.append(
                f"The fewest are ill with: {in_words(fewest.trial.remedies)} ({fewest.ill.count} of {fewest.ill.of})."
            )
    if treatment.base.training.initial_weights is not None:
        sentences.append(SAME_START)
    reason = stopped(treatment)
    return " ".join([*sentences, WORDS[reason]] if reason else sentences)


def _recommendation(best: Judgement, judged: Sequence[Judgement], parts: Sequence[Part]) -> list[str]:
    """Return sentences on the recommended change, on the contribution of its parts, and on smaller changes."""
    smallest = is_smallest(best, judged, parts)
    sentences = [
        f"{'The smallest change that cures' if smallest else 'The recommended change, which cures,'} is: "
        f"{in_words(best.trial.remedies)} "
        f"({best.ill.count} of {best.ill.of} seeds {_are(best.ill.count)} ill, {_p(best.p_adjusted)}).",
        *(_contribution(part, best) for part in parts),
    ]
    if smaller := smaller_cures(best, judged):
        change = min(smaller, key=lambda each: each.change).trial.remedies
        sentences.append(f"A smaller change cures, too, but another one is better beyond luck: {in_words(change)}.")
    # If one of three parts is not needed, a change without two of them may cure, and none was tried.
    if any(part.without is None for part in parts) or (len(parts) > 2 and not all(part.is_needed for part in parts)):
        sentences.append("Smaller changes were not all tried.")
    return sentences


def _p(value: float) -> str:
    """Format a p-value. Differences that are all equal give 0, which is shown as a bound."""
    return f"p = {value:.2g}" if value >= LOWEST_P else f"p < {LOWEST_P:g}"


def _contribution(part: Part, best: Judgement) -> str:
    """Return a sentence on the trial without one remedy of the recommended change."""
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
    """Explain what a trial shows about the cause, by the return of the signal and of learning."""
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
    """Return the share of the output's signal that arrives at the first hidden layer, treated and untreated."""
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
