"""The worth of a result beside the untreated runs, at the bounds too."""

from dataclasses import replace

import pytest

from core.treatment import Trial, explain, report
from core.treatment.judgement import judge
from gradlab.remedies import combine
from tests.unit.treatment.worlds import ARRIVES, VANISHES, a_result, a_treatment, answered

ADAM = "optimizer_adam"


def judged(ill, *, untreated=32, control=96, seeds=32, flow=ARRIVES, was=ARRIVES, of=((ADAM,),)):
    """Treated trials with so many ill seeds each."""
    begun = answered(a_treatment([], seeds=seeds), {}, untreated=untreated, control=control)
    before = replace(begun.trials[0], result=replace(begun.trials[0].result, flow=was))
    trials = [
        Trial("treated", names, begun.base, "finished", result=a_result(begun.base, count, flow=flow))
        for names, count in zip(of, ill, strict=True)
    ]
    return replace(begun, trials=(before, begun.trials[1], *trials))


@pytest.mark.parametrize(
    ("ill", "untreated", "control", "worth"),
    [
        (0, 32, 96, "cures"),
        (3, 32, 96, "cures"),  # 0.094
        (4, 32, 96, "helps"),  # 0.125 is more than a tenth
        (20, 32, 96, "helps"),
        (31, 32, 96, "unproven"),
        (32, 32, 96, "no effect"),
        (0, 1, 6, "unproven"),
        (32, 3, 9, "harms"),
        (5, 3, 9, "no effect"),
    ],
)
def test_a_cure_leaves_at_most_a_tenth_ill_and_significantly_fewer_than_untreated(ill, untreated, control, worth):
    (found,) = judge(judged([ill], untreated=untreated, control=control))
    assert found.worth == worth


def test_five_seeds_suffice_for_a_cure_among_a_dozen_trials():
    found = judge(judged([0] + [5] * 11, untreated=5, control=15, seeds=5, of=[(f"{i}",) for i in range(12)]))
    assert found[0].worth == "cures"
    assert found[0].p_adjusted == pytest.approx(12 * found[0].p_value)


def half_learnt(ill, test, *, was, untreated=2, control=6):
    """Eight seeds that reach `test` treated and `was` untreated, where they are not ill."""
    begun = judged([ill], untreated=untreated, control=control, seeds=8)
    trials = [
        replace(trial, result=replace(trial.result, seeds=tuple(with_test(seed, value) for seed in trial.result.seeds)))
        for trial, value in zip(begun.trials, (was, was, test), strict=True)
    ]
    return judge(replace(begun, trials=tuple(trials)))[0]


def with_test(seed, value):
    return replace(seed, test=value + seed.seed / 1000 if seed.well else seed.test)


@pytest.mark.parametrize(
    ("ill", "test", "untreated", "control", "worth"),
    [
        (0, 0.9, 2, 6, "cures"),  # networks that learn half of what they could
        (0, 0.6, 2, 6, "unproven"),
        (3, 0.9, 2, 6, "no effect"),  # more are ill than untreated: that the others are better is no comfort
        (0, 0.9, 0, 2, "helps"),  # hardly a seed was ill
    ],
)
def test_a_better_metric_on_equal_seeds_is_a_cure_too_where_seeds_were_ill(ill, test, untreated, control, worth):
    assert half_learnt(ill, test, was=0.6, untreated=untreated, control=control).worth == worth


def test_cured_are_seeds_that_are_ill_untreated_and_well_treated():
    (found,) = judge(judged([2], untreated=20))
    assert (found.cured, found.of_ill) == (18, 20)  # the first two stay ill, those from the 21st on were well


def test_nothing_is_judged_before_the_untreated_runs_are_finished():
    treatment = judged([0])
    assert judge(replace(treatment, trials=treatment.trials[1:])) == ()


@pytest.mark.parametrize(
    ("was", "flow", "signal"),
    [
        (VANISHES, ARRIVES, "restored"),
        (ARRIVES, ARRIVES, "arrived before"),
        (VANISHES, VANISHES, "does not arrive"),
        (ARRIVES, VANISHES, "lost"),
        (ARRIVES, replace(ARRIVES, arriving=0.2), "arrived before"),
        (ARRIVES, replace(ARRIVES, arriving=0.199), "lost"),
        (ARRIVES, replace(ARRIVES, arriving=100.0), "arrived before"),
        (ARRIVES, replace(ARRIVES, arriving=100.1), "lost"),
        (ARRIVES, replace(ARRIVES, arriving=None), "lost"),  # it left the finite numbers
        (replace(ARRIVES, layers=()), ARRIVES, "unknown"),
    ],
)
def test_whether_the_signal_came_back_is_told_apart_from_learning(was, flow, signal):
    (found,) = judge(judged([0], was=was, flow=flow))
    assert found.signal == signal


def test_a_report_says_when_the_signal_came_back_without_the_learning_and_the_reverse():
    only_signal = report(judged([32], was=VANISHES)).judgements[0]
    assert "does not learn for that" in explain(only_signal, VANISHES)
    only_learning = report(judged([0])).judgements[0]
    assert "were not what kept it from learning" in explain(only_learning, ARRIVES)


def test_of_several_cures_the_smallest_change_is_recommended():
    treatment = judged([0, 0], of=[("activation_relu",), ("initializer_for_activation",)])
    trials = list(treatment.trials)
    for place in (2, 3):
        trials[place] = replace(trials[place], spec=combine(treatment.base, trials[place].remedies))
    found = report(replace(treatment, trials=tuple(trials)))
    assert found.recommended is not None
    assert found.recommended.trial.remedies == ("initializer_for_activation",)
    assert "Initialisers that suit the activations" in found.summary


def test_a_cure_that_learns_clearly_less_than_another_is_not_recommended():
    treatment = judged([0, 0], of=[("initializer_for_activation",), ("activation_relu",)])
    trials = list(treatment.trials)
    for place, test in ((2, 0.784), (3, 0.8)):
        spec = combine(treatment.base, trials[place].remedies)
        trials[place] = replace(trials[place], spec=spec, result=a_result(treatment.base, 0, test=test))
    found = report(replace(treatment, trials=tuple(trials)))
    assert found.recommended is not None
    assert found.recommended.trial.remedies == ("activation_relu",)
    trials[2] = replace(trials[2], result=a_result(treatment.base, 0, test=0.786))
    within = report(replace(treatment, trials=tuple(trials)))
    assert within.recommended is not None
    assert within.recommended.trial.remedies == ("initializer_for_activation",)


def test_where_nothing_cures_nothing_is_recommended_and_the_best_is_named():
    found = report(judged([20, 32], of=[("activation_relu",), (ADAM,)]))
    assert found.recommended is None
    assert "None of the 2 changes" in found.summary
    assert "20 of 32" in found.summary


def test_a_report_before_anything_is_finished_says_so():
    begun = a_treatment([(ADAM,)])
    found = report(begun)
    assert (found.untreated, found.control, found.judgements, found.recommended) == (None, None, (), None)
    assert "nothing can be compared yet" in found.summary


def test_costs_are_compared_epoch_by_epoch():
    begun = judged([0])
    stopped_early = replace(a_result(begun.base, 0, seconds=3.0), epochs=1600)  # untreated: 3,200 epochs in 2 s
    slower = replace(begun.trials[2], result=stopped_early)
    (found,) = judge(replace(begun, trials=(*begun.trials[:2], slower)))
    assert found.cost == pytest.approx(3.0)
    unknown = replace(slower, result=replace(slower.result, seconds=None))
    assert judge(replace(begun, trials=(*begun.trials[:2], unknown)))[0].cost is None
