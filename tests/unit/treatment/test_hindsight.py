"""Hindsight: results are judged by the most that any trial has learnt."""

from dataclasses import replace

import pytest

from core.treatment.hindsight import with_hindsight
from tests.unit.treatment.worlds import a_result, a_treatment, answered


def learning(*tests: float, constant: float | None = 0.5):
    """A treatment whose untreated, control and treated runs end with these test metrics."""
    begun = answered(a_treatment([("activation_relu",)]), {}, untreated=0, control=0, usually=0)
    results = [
        replace(a_result(trial.spec, 0, test=test), constant=constant)
        for trial, test in zip(begun.trials, tests, strict=True)
    ]
    trials = [
        replace(trial, stage="finished", result=found) for trial, found in zip(begun.trials, results, strict=True)
    ]
    return replace(begun, trials=tuple(trials))


def ill(treatment) -> list[int]:
    return [trial.result.ill for trial in treatment.trials]


@pytest.mark.parametrize(("untreated", "expected"), [(0.701, 0), (0.699, 8)])
def test_less_than_half_of_what_the_best_trial_has_learnt_is_not_well(untreated: float, expected: int):
    """0.9 is 0.4 above a constant answer; half of that is 0.7."""
    assert ill(with_hindsight(learning(untreated, 0.8, 0.9))) == [expected, 0, 0]


def test_what_is_ill_stays_ill_and_hindsight_twice_is_hindsight_once():
    once = with_hindsight(learning(0.6, 0.8, 0.9))
    assert with_hindsight(once) == once
    failing = replace(once.trials[1], result=a_result(once.trials[1].spec, 3))
    assert ill(with_hindsight(replace(once, trials=(once.trials[0], failing, once.trials[2])))) == [8, 3, 0]


def test_next_to_nothing_learnt_says_nothing():
    assert ill(with_hindsight(learning(0.5, 0.5, 0.549))) == [0, 0, 0]


def test_on_an_unknown_scale_nothing_is_held_against_anything():
    assert ill(with_hindsight(learning(0.5, 0.5, 0.9, constant=None))) == [0, 0, 0]


def test_a_seed_without_a_finite_test_metric_is_not_well():
    begun = learning(0.8, 0.8, 0.8)
    seeds = tuple(replace(seed, test=None) for seed in begun.trials[0].result.seeds)
    lost = replace(begun.trials[0], result=replace(begun.trials[0].result, seeds=seeds))
    assert ill(with_hindsight(replace(begun, trials=(lost, *begun.trials[1:])))) == [8, 0, 0]


def test_before_anything_is_finished_there_is_no_hindsight():
    begun = a_treatment([("activation_relu",)])
    assert with_hindsight(begun) == begun
