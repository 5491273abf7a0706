"""Hindsight: runs are judged again once another trial of the treatment has learnt more from the same samples."""

from dataclasses import replace

from core.treatment.result import criterion
from core.treatment.trial import Result, Treatment, Trial
from gradlab.diagnosis.outcome import MIN_REACHABLE, MIN_SHARE


def with_hindsight(treatment: Treatment) -> Treatment:
    """Return the treatment with seeds marked as not well that have learnt less than half of what the best trial has.

    A run alone is judged by the nearest neighbours, which learn little from many features or from sequences. What
    another network has learnt from the same samples, as the median over its seeds, can be learnt.
    """
    learnt = [trial.result.test for trial in treatment.trials if trial.result and trial.result.test is not None]
    if not learnt or not criterion(treatment.base)[1]:
        return treatment
    return replace(treatment, trials=tuple(_reconsidered(trial, max(learnt)) for trial in treatment.trials))


def _reconsidered(trial: Trial, learnt: float) -> Trial:
    result = trial.result
    if result is None or result.constant is None or learnt - result.constant < MIN_REACHABLE * (1 - result.constant):
        return trial
    return replace(trial, result=_judged_again(result, result.constant + MIN_SHARE * (learnt - result.constant)))


def _judged_again(result: Result, lowest: float) -> Result:
    seeds = tuple(
        replace(seed, well=seed.well and seed.test is not None and seed.test >= lowest) for seed in result.seeds
    )
    return replace(result, seeds=seeds)
