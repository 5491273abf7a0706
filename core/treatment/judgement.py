"""What each trial's result is worth beside the untreated runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from core.treatment.comparison import effect, fisher, holm, improvement, rate
from core.treatment.result import criterion
from core.treatment.trial import Result, Treatment, Trial
from gradlab.diagnosis.rules import exploding_gradient, vanishing_signal
from gradlab.remedies import size
from gradlab.schemas.trials import Effect, Flow, Rate, SeedResult

Worth = Literal["cures", "helps", "unproven", "no effect", "harms"]
Signal = Literal["restored", "arrived before", "does not arrive", "lost", "unknown"]

# A change cures that leaves at most a tenth of the seeds ill. Not none: the tutorial's five relu layers with He's
# weights, its own cure, fail on 1 to 10 of 100 seeds.
MAX_ILL = 0.1
SIGNIFICANT = 0.05
# Better is a test metric that rises by more than three points: what the same network varies by between seeds.
POINTS = 0.03
# Medians of trials differ that are so far apart: half of what separates two single runs, since a median over five seeds
# varies by 1.25/√5 of what one seed does (the median's standard error, of normal values).
MEDIAN_POINTS = POINTS / 2


@dataclass(frozen=True)
class Judgement:
    """What a treated trial's result is worth.

    Attributes:
        trial: which.
        ill: its seeds that are not well.
        cured: how many of the seeds that are ill untreated are well with it; out of all those.
        p_value: the smaller one, doubled, of two: Fisher's exact test that as many are ill as of all untreated runs,
            the control's among them; Student's test over equal seeds that the test metric is not better by three
            points.
        p_adjusted: the same, adjusted for the number of trials after Holm.
        worth: ``cures``: at most a tenth of the seeds is ill, and significantly fewer than untreated or with a
            significantly better metric; ``helps``: significantly better so, but more are ill, or hardly a seed was;
            ``unproven``: fewer are ill, and that may be luck; ``no effect``; ``harms``: significantly more are ill.
        effect: on the test metric.
        signal: ``restored``: it arrives at the first hidden layer, and did not untreated; ``arrived before``;
            ``does not arrive``, as before; ``lost``: it arrived untreated; ``unknown``: it was not recorded.
        change: how large the change of the spec is (`gradlab.remedies.size`).
        cost: seconds per epoch, relative to untreated; None where it was not taken.
    """

    trial: Trial
    ill: Rate
    cured: int
    of_ill: int
    p_value: float
    p_adjusted: float
    worth: Worth
    effect: Effect
    signal: Signal
    change: int
    cost: float | None


def untreated_runs(treatment: Treatment) -> tuple[int, int]:
    """How many of all untreated runs are ill, the control's among them."""
    results = _untreated(treatment)
    return sum(found.ill for found in results), sum(len(found.seeds) for found in results)


def _untreated(treatment: Treatment) -> list[Result]:
    return [found for found in (treatment.result_of("untreated"), treatment.result_of("control")) if found]


def could_be_proven(treatment: Treatment, judged: Judgement, *, trials: int) -> bool:
    """True if it would be a cure without a single ill seed among the control's, or if the metric may show it.

    The test is that of `judge`: doubled, and times the number of trials after Holm at worst.
    """
    ill, of = untreated_runs(treatment)
    fresh = len(treatment.of_role("control")[0].spec.seeds)
    better = judged.effect.low is not None and judged.effect.low > 0
    return better or 2 * trials * fisher(0, fresh, ill, of) < SIGNIFICANT


def judge(treatment: Treatment) -> tuple[Judgement, ...]:
    """A judgement for each treated trial that is finished; none before the untreated runs are."""
    untreated, (ill, of) = treatment.result_of("untreated"), untreated_runs(treatment)
    before = {seed.seed: seed for each in _untreated(treatment) for seed in each.seeds}
    finished = [(trial, trial.result) for trial in treatment.of_role("treated") if trial.result]
    if untreated is None:
        return ()
    higher = criterion(treatment.base)[1]
    p_values = [min(1.0, 2 * min(_tested(found, before, ill, of, higher=higher))) for _, found in finished]
    adjusted = holm(p_values)
    return tuple(
        _judgement(treatment, trial, found, untreated, before, ill / of, p_values[i], adjusted[i])
        for i, (trial, found) in enumerate(finished)
    )


def _tested(found: Result, before: Mapping[int, SeedResult], ill: int, of: int, *, higher: bool) -> tuple[float, float]:
    """That as many seeds are ill as untreated, and that the metric is not better."""
    fewer = fisher(found.ill, len(found.seeds), ill, of)
    pairs = [(before[seed.seed].test, seed.test) for seed in found.seeds if seed.seed in before]
    old, new = [was for was, _ in pairs], [now for _, now in pairs]
    if found.ill > ill / of * len(found.seeds):
        return fewer, 1.0  # where more are ill, a better metric of the others is no comfort
    return fewer, improvement(old, new, POINTS) if higher else improvement(new, old, 0.0)


def _judgement(
    treatment: Treatment,
    trial: Trial,
    found: Result,
    untreated: Result,
    before: Mapping[int, SeedResult],
    usual: float,
    p: float,
    p_adjusted: float,
) -> Judgement:
    count, of = found.ill, len(found.seeds)
    pairs = [(before[seed.seed], seed) for seed in found.seeds if seed.seed in before]
    return Judgement(
        trial=trial,
        ill=rate(count, of),
        cured=sum(after.well and not was.well for was, after in pairs),
        of_ill=sum(not was.well for was, _ in pairs),
        p_value=p,
        p_adjusted=p_adjusted,
        worth=_worth(count / of, usual, p_adjusted),
        effect=effect([was.test for was, _ in pairs], [after.test for _, after in pairs]),
        signal=_signal(untreated.flow, found.flow),
        change=size(treatment.base, trial.spec),
        cost=_cost(untreated, found),
    )


def _worth(ill: float, usual: float, p: float) -> Worth:
    if p < SIGNIFICANT:
        if ill > usual:
            return "harms"
        return "cures" if ill <= MAX_ILL < usual else "helps"
    return "unproven" if ill < usual else "no effect"


def _arrives(flow: Flow) -> bool | None:
    if not flow.layers:
        return None
    return flow.arriving is not None and vanishing_signal.SHARE <= flow.arriving <= exploding_gradient.SHARE


def _signal(before: Flow, after: Flow) -> Signal:
    arrived, arrives = _arrives(before), _arrives(after)
    if arrived is None or arrives is None:
        return "unknown"
    if arrives:
        return "arrived before" if arrived else "restored"
    return "lost" if arrived else "does not arrive"


def _cost(before: Result, after: Result) -> float | None:
    if not (before.seconds and after.seconds and before.epochs and after.epochs):
        return None
    return (after.seconds / after.epochs) / (before.seconds / before.epochs)
