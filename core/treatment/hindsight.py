"""What a treatment shows of its own runs: that more can be learnt than they have."""

from dataclasses import replace

from core.treatment.result import criterion
from core.treatment.trial import Result, Treatment, Trial
from gradlab.diagnosis.outcome import MIN_REACHABLE, MIN_SHARE


def with_hindsight(treatment: Treatment) -> Treatment:
    """The treatment, its seeds not well that have learnt less than half of what some trial has.

    The nearest neighbours, by which a run alone is judged, know little where features are many or answers come in
    time; what another network has learnt from the same samples, in the median over its seeds, can be learnt.
    """
    learnt = [trial.result.test for trial in treatment.trials if trial.result and trial.result.test is not None]
    if not learnt or not criterion(treatment.base)[1]:
        return treatment
    return replace(treatment, trials=tuple(_reconsidered(trial, max(learnt)) for trial in treatment.trials))


def _reconsidered(trial: Trial, learnt: float) -> Trial:
    found = trial.result
    if found is None or found.constant is None or learnt - found.constant < MIN_REACHABLE * (1 - found.constant):
        return trial
    return replace(trial, result=_held_against(found, found.constant + MIN_SHARE * (learnt - found.constant)))


def _held_against(found: Result, least: float) -> Result:
    seeds = tuple(
        replace(seed, well=seed.well and seed.test is not None and seed.test >= least) for seed in found.seeds
    )
    return replace(found, seeds=seeds)
