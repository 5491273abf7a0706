"""Judgements: each treated trial's result is compared with the untreated runs."""

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

# A change cures if at most this share of the seeds stays ill. It is above 0 because good networks fail, too: the
# tutorial's five relu layers with He's weights, its own cure, fail on 1 to 10 of 100 seeds.
MAX_ILL = 0.1
SIGNIFICANT = 0.05
# A test metric is better if it rises by more than this: the same network's varies by three points between seeds.
POINTS = 0.03
# Medians of trials differ if they are further apart than this: half the margin of two single runs. A median over five
# seeds varies by 1.25/√5 = 0.56 of what one seed does (the median's standard error, for normal values).
MEDIAN_POINTS = POINTS / 2


@dataclass(frozen=True)
class Judgement:
    """The judgement of a treated trial.

    Attributes:
        trial: the trial.
        ill: share of its seeds that are not well.
        cured: number of seeds that are ill untreated and well in this trial.
        of_ill: number of its seeds that are ill untreated.
        p_value: twice the smaller of two p-values. Fisher's exact test: as many seeds are ill as of all untreated runs,
            the control's among them. Student's test over equal seeds: the test metric is no better by three points.
        p_adjusted: p_value, adjusted for the number of trials (Holm).
        worth: ``cures``: significantly better than untreated, and at most a tenth of the seeds is ill; ``helps``:
            significantly better, but more seeds are ill, or hardly one was ill untreated; ``unproven``: fewer seeds are
            ill, but not significantly; ``no effect``; ``harms``: significantly more seeds are ill.
        effect: on the test metric.
        signal: ``restored``: it arrives at the first hidden layer, and did not untreated; ``arrived before``: in both;
            ``does not arrive``: in neither; ``lost``: only untreated; ``unknown``: it was not recorded.
        change: size of the change of the spec (`gradlab.remedies.size`).
        cost: seconds per epoch, relative to untreated; None if they were not measured.
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
    """Return the number of ill untreated runs and the number of all, the control's among them."""
    results = _untreated(treatment)
    return sum(result.ill for result in results), sum(len(result.seeds) for result in results)


def _untreated(treatment: Treatment) -> list[Result]:
    return [result for result in (treatment.result_of("untreated"), treatment.result_of("control")) if result]


def could_be_proven(treatment: Treatment, judged: Judgement, *, trials: int) -> bool:
    """Return True if no ill seed among the control's seeds would prove a cure, or if the metric may prove it.

    The p-value is that of `judge`: doubled, and multiplied by the number of trials, Holm's worst case.
    """
    ill, of = untreated_runs(treatment)
    fresh = len(treatment.of_role("control")[0].spec.seeds)
    better = judged.effect.low is not None and judged.effect.low > 0
    return better or 2 * trials * fisher(0, fresh, ill, of) < SIGNIFICANT


def judge(treatment: Treatment) -> tuple[Judgement, ...]:
    """Return a judgement of each finished treated trial; () until the untreated runs are finished."""
    untreated, (ill, of) = treatment.result_of("untreated"), untreated_runs(treatment)
    before = {seed.seed: seed for each in _untreated(treatment) for seed in each.seeds}
    finished = [(trial, trial.result) for trial in treatment.of_role("treated") if trial.result]
    if untreated is None:
        return ()
    higher = criterion(treatment.base)[1]
    p_values = [min(1.0, 2 * min(_p_values(result, before, ill, of, higher=higher))) for _, result in finished]
    adjusted = holm(p_values)
    return tuple(
        _judgement(treatment, trial, result, untreated, before, ill / of, p_values[i], adjusted[i])
        for i, (trial, result) in enumerate(finished)
    )


def _p_values(
    result: Result, before: Mapping[int, SeedResult], ill: int, of: int, *, higher: bool
) -> tuple[float, float]:
    """p-values of two null hypotheses: same share of ill seeds; metric not improved."""
    fewer = fisher(result.ill, len(result.seeds), ill, of)
    pairs = [(before[seed.seed].test, seed.test) for seed in result.seeds if seed.seed in before]
    old, new = [was for was, _ in pairs], [now for _, now in pairs]
    if result.ill > ill / of * len(result.seeds):
        return fewer, 1.0  # more seeds are ill: a better metric of the others does not count
    return fewer, improvement(old, new, POINTS) if higher else improvement(new, old, 0.0)


def _judgement(
    treatment: Treatment,
    trial: Trial,
    result: Result,
    untreated: Result,
    before: Mapping[int, SeedResult],
    usual: float,
    p: float,
    p_adjusted: float,
) -> Judgement:
    count, of = result.ill, len(result.seeds)
    pairs = [(before[seed.seed], seed) for seed in result.seeds if seed.seed in before]
    return Judgement(
        trial=trial,
        ill=rate(count, of),
        cured=sum(after.well and not was.well for was, after in pairs),
        of_ill=sum(not was.well for was, _ in pairs),
        p_value=p,
        p_adjusted=p_adjusted,
        worth=_worth(count / of, usual, p_adjusted),
        effect=effect([was.test for was, _ in pairs], [after.test for _, after in pairs]),
        signal=_signal(untreated.flow, result.flow),
        change=size(treatment.base, trial.spec),
        cost=_cost(untreated, result),
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
