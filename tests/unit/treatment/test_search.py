"""The choice of the next trial, in worlds in which it is known what cures."""

from dataclasses import replace

import pytest

from core.treatment import Trial, begin, proceed, report, stopped
from core.treatment.judgement import judge
from gradlab.remedies import applicable, combine
from gradlab.schemas.trials import SeedResult
from tests.unit.treatment.worlds import DEEP_TANH, SEEDS, a_result, a_treatment, answered, to_the_end, tried

pytestmark = pytest.mark.slow  # all of its tests: more than a second

INITIALIZER, RELU, ADAM = ("initializer_for_activation",), ("activation_relu",), ("optimizer_adam",)
NORM, FEWER, FASTER = ("batch_normalization",), ("fewer_layers",), ("learning_rate_higher",)
TRIPLED = ("learning_rate_tripled",)


def test_a_treatment_begins_with_the_untreated_spec_a_control_on_fresh_seeds_and_a_look_at_the_first_changes():
    begun = a_treatment([RELU, INITIALIZER, ADAM, NORM])
    assert [(trial.role, trial.stage) for trial in begun.trials] == [
        ("untreated", "training"),
        ("control", "training"),
        *[("treated", "looking")] * 3,
    ]
    untreated, control, *treated = begun.trials
    assert untreated.spec == begun.base
    assert not {*untreated.spec.seeds} & {*control.spec.seeds}
    assert (len(untreated.spec.seeds), len(control.spec.seeds)) == (SEEDS, 3 * SEEDS)
    assert {trial.spec.seeds for trial in treated} == {untreated.spec.seeds}
    assert [trial.remedies for trial in treated] == [RELU, INITIALIZER, ADAM]


@pytest.mark.parametrize(
    ("own", "wanted", "untreated", "control"),
    [
        ((0,), 5, (0, 1, 2, 3, 4), tuple(range(5, 20))),
        ((3, 1), 5, (3, 1, 0, 2, 4), tuple(range(5, 20))),
        ((9, 8, 7, 6, 5, 4), 5, (9, 8, 7, 6, 5), (0, 1, 2, 3, *range(10, 21))),
    ],
)
def test_the_experiments_own_seeds_come_first_and_the_control_has_none_of_them(own, wanted, untreated, control):
    spec = DEEP_TANH.model_copy(update={"seeds": own})
    begun = begin(spec, [ADAM], seeds=wanted, budget=1, chosen=False, untreated=None)
    assert begun.base.seeds == untreated
    assert begun.trials[1].spec.seeds == control
    assert begun.trials[1].spec == begun.base.model_copy(update={"seeds": control})


def test_nothing_comes_next_while_something_is_under_way():
    begun = a_treatment([RELU, INITIALIZER])
    assert proceed(begun) == begun


def test_a_cure_ends_the_search_when_no_smaller_change_is_left():
    done = to_the_end(a_treatment([INITIALIZER, RELU, ADAM, NORM, FEWER]), {INITIALIZER: 0})
    assert tried(done) == [INITIALIZER, RELU, ADAM]  # one round; the next would only be larger changes


def test_after_a_cure_smaller_changes_are_still_tried_and_only_those():
    done = to_the_end(a_treatment([NORM, FEWER, RELU, INITIALIZER, ADAM]), {NORM: 0, ADAM: 0})
    assert tried(done) == [NORM, FEWER, RELU, INITIALIZER, ADAM]
    done = to_the_end(a_treatment([RELU, ADAM, FASTER, NORM, INITIALIZER]), {ADAM: 0})
    assert tried(done) == [RELU, ADAM, FASTER, INITIALIZER]


def test_combinations_come_only_when_no_single_change_cures_and_begin_with_the_best():
    both = tuple(sorted([*INITIALIZER, *ADAM]))
    done = to_the_end(a_treatment([RELU, INITIALIZER, ADAM]), {INITIALIZER: 5, ADAM: 3, both: 0})
    assert tried(done)[:3] == [RELU, INITIALIZER, ADAM]
    assert tried(done)[3] == (*ADAM, *INITIALIZER)


def test_the_best_trial_is_combined_first_with_what_its_own_diagnosis_names():
    done = to_the_end(
        a_treatment([RELU, INITIALIZER, ADAM]), {INITIALIZER: 4}, advice={INITIALIZER: ("batch_normalization",)}
    )
    assert tried(done)[3] == (*INITIALIZER, *NORM)


def test_no_more_is_trained_than_the_budget_allows_and_a_third_of_it_is_kept_for_combinations():
    done = to_the_end(a_treatment([RELU, INITIALIZER, ADAM, NORM, FEWER, FASTER], budget=6), {})
    trained = tried(done)
    assert len(trained) == 6
    assert [len(names) for names in trained] == [1, 1, 1, 1, 2, 2]
    assert trained[:4] == [RELU, INITIALIZER, ADAM, NORM]


def test_no_change_is_trained_twice_in_another_order():
    trained = tried(to_the_end(a_treatment([RELU, ADAM], budget=12), {}))
    assert len({frozenset(names) for names in trained}) == len(trained)


def test_what_triage_warns_of_waits_until_nothing_else_is_left():
    def warned(names):
        return names == RELU

    looked = proceed(answered(a_treatment([RELU, INITIALIZER, ADAM], budget=4), {}, foretold=warned))
    assert [trial.stage for trial in looked.of_role("treated")] == ["deferred", "training", "training"]
    done = to_the_end(looked, {}, foretold=warned)
    assert tried(done)[:2] == [INITIALIZER, ADAM]
    assert done.of_role("treated")[0].stage == "deferred"  # combinations have used up the budget
    hopeless = to_the_end(a_treatment([RELU, INITIALIZER], budget=1), {}, foretold=lambda names: True)
    assert tried(hopeless) == [RELU]
    cured = to_the_end(a_treatment([RELU, INITIALIZER]), {INITIALIZER: 0}, foretold=warned)
    assert [trial.stage for trial in cured.of_role("treated")] == ["deferred", "finished"]


def test_what_a_person_has_chosen_is_all_trained_whatever_triage_says_and_whatever_cures():
    chosen = a_treatment([RELU, INITIALIZER, ADAM, NORM], budget=4, chosen=True)
    assert len(chosen.of_role("treated")) == 4
    done = to_the_end(chosen, {INITIALIZER: 0}, foretold=lambda names: True)
    assert tried(done) == [RELU, INITIALIZER, ADAM, NORM]


def test_where_untreated_next_to_nothing_is_ill_the_search_stops():
    done = to_the_end(a_treatment([RELU, INITIALIZER, ADAM, NORM, FEWER]), {}, untreated=1, control=0, usually=1)
    assert tried(done) == [RELU, INITIALIZER, ADAM]


def test_where_no_seed_is_ill_one_round_shows_whether_more_can_be_learnt():
    """Untreated all seeds learn 0.6; the first change lets them learn 0.9, and less than half of that is ill."""

    def world(treatment):
        finished = answered(treatment, {}, untreated=0, control=0, usually=0)
        trials = [
            replace(trial, result=a_result(trial.spec, 0, test=0.9 if trial.remedies == INITIALIZER else 0.6))
            if trial.result
            else trial
            for trial in finished.trials
        ]
        return replace(finished, trials=tuple(trials))

    done = a_treatment([RELU, INITIALIZER, ADAM, NORM])
    for _ in range(10):
        done = proceed(world(done))
    assert done.is_over
    assert [each.worth for each in judge(done)][:3] == ["no effect", "cures", "no effect"]
    assert [trial.result.ill for trial in done.trials[:2]] == [SEEDS, 3 * SEEDS]


def test_what_may_be_luck_is_confirmed_on_the_controls_seeds():
    """Untreated, 4 of 8 and 8 of 24 are ill: none of 8 is not enough to tell, none of 24 is."""
    done = to_the_end(a_treatment([RELU, INITIALIZER, ADAM]), {INITIALIZER: 0}, untreated=4, control=8)
    again = done.of_role("treated")[3]
    assert (again.remedies, again.spec.seeds) == (INITIALIZER, done.of_role("control")[0].spec.seeds)
    assert [each.worth for each in judge(done)] == ["harms", "unproven", "harms", "cures"]
    assert len(done.of_role("treated")) == 4


@pytest.mark.parametrize(("ill", "test", "confirmed"), [(2, 0.816, True), (3, 0.816, False), (2, 0.814, False)])
def test_bad_luck_is_confirmed_where_the_change_is_clearly_better_than_what_cures(ill, test, confirmed):
    """All are ill untreated; ADAM cures and learns 0.8, RELU leaves some of 8 seeds ill and learns more."""

    def world(treatment):
        finished = answered(treatment, {ADAM: 0, RELU: ill})
        better = [
            replace(trial, result=a_result(trial.spec, trial.result.ill, test=test))
            if trial.remedies == RELU and trial.result
            else trial
            for trial in finished.trials
        ]
        return replace(finished, trials=tuple(better))

    done = a_treatment([RELU, ADAM])
    for _ in range(10):
        done = proceed(world(done))
    assert done.is_over
    again = [trial for trial in done.of_role("treated") if len(trial.spec.seeds) == 3 * SEEDS]
    assert [trial.remedies for trial in again] == [RELU] * confirmed


def test_changes_that_undo_each_other_are_not_trained_as_the_untreated_spec():
    done = to_the_end(a_treatment([("learning_rate_lower",), FASTER], budget=12), {})
    assert done.base not in [trial.spec for trial in done.of_role("treated")]


def test_what_fails_its_confirmation_is_not_confirmed_again():
    def world(treatment):
        """Of the 8 seeds none is ill, of the control's 24 seven are."""
        finished = answered(treatment, {INITIALIZER: 0}, untreated=4, control=8)
        unlucky = [
            replace(trial, result=a_result(trial.spec, 7)) if trial.result and len(trial.spec.seeds) == 24 else trial
            for trial in finished.of_role("treated")
        ]
        return replace(finished, trials=(*finished.trials[:2], *unlucky))

    done = a_treatment([INITIALIZER], budget=3)
    for _ in range(10):
        done = proceed(world(done))
    assert [len(trial.spec.seeds) for trial in done.of_role("treated")] == [8, 24, 8]
    assert [each.worth for each in judge(done)][:2] == ["unproven", "unproven"]


def test_no_seeds_are_spent_on_a_confirmation_that_could_prove_nothing():
    """Untreated, 2 of 8 and 4 of 24 are ill: none of 24 more would not be enough among some trials."""
    done = to_the_end(a_treatment([INITIALIZER, RELU], budget=4), {INITIALIZER: 0}, untreated=2, control=4)
    assert {len(trial.spec.seeds) for trial in done.of_role("treated")} == {8}


def test_a_combination_that_helps_is_varied_before_other_changes_are_tried():
    """Ten times the rate helps beside another initialiser, three times the rate cures."""
    joint, cure = (*INITIALIZER, *FASTER), tuple(sorted([*INITIALIZER, *TRIPLED]))
    world = {tuple(sorted(joint)): 3, cure: 0}
    done = to_the_end(a_treatment([RELU, ADAM, NORM, joint, FEWER], rate=0.001), world)
    assert tried(done)[:5] == [RELU, ADAM, NORM, joint, FEWER]
    assert (*INITIALIZER, *TRIPLED) in tried(done)[5:8]
    assert {*report(done).recommended.trial.remedies} == {*INITIALIZER, *TRIPLED}


def test_each_remedy_of_a_cure_of_several_is_left_out_once():
    both = tuple(sorted([*INITIALIZER, *ADAM]))
    done = to_the_end(a_treatment([RELU, NORM, FEWER, (*ADAM, *INITIALIZER)]), {both: 0})
    assert {*tried(done)} == {RELU, NORM, FEWER, (*ADAM, *INITIALIZER), INITIALIZER, ADAM}
    found = report(done)
    assert found.recommended is not None
    assert [(part.remedy, part.without.count, part.is_needed) for part in found.parts] == [
        ("optimizer_adam", 8, True),
        ("initializer_for_activation", 8, True),
    ]
    assert found.summary.count("It needs") == 2
    assert found.is_smallest
    assert "The smallest change that cures is: " in found.summary
    assert "Smaller changes were not all tried." not in found.summary


THREE = (*INITIALIZER, *ADAM, *NORM)


def test_the_recommended_cure_is_taken_apart_the_smallest_rest_first_even_where_triage_warns_of_it():
    """Only all three cure; normalisation is the largest change, so what is left without it comes first."""
    world = {tuple(sorted(THREE)): 0}
    done = to_the_end(a_treatment([RELU, THREE]), world, foretold=lambda names: len(names) == 2)
    assert tried(done) == [RELU, THREE, (*INITIALIZER, *ADAM), (*INITIALIZER, *NORM), (*ADAM, *NORM)]
    found = report(done)
    assert [part.is_needed for part in found.parts] == [True] * 3
    assert found.is_smallest


def test_a_part_that_triage_has_put_off_as_a_single_change_is_trained_once_it_is_a_part_of_the_cure():
    both = tuple(sorted([*INITIALIZER, *ADAM]))
    begun = a_treatment([RELU, INITIALIZER, (*ADAM, *INITIALIZER)])
    done = to_the_end(begun, {both: 0}, foretold=lambda names: names == INITIALIZER)
    assert {*tried(done)} == {RELU, (*ADAM, *INITIALIZER), INITIALIZER, ADAM}
    assert report(done).is_smallest


def test_a_rest_that_cures_as_well_is_recommended_and_taken_apart_instead_of_the_whole():
    world = {tuple(sorted(THREE)): 0, tuple(sorted([*INITIALIZER, *ADAM])): 0}
    done = to_the_end(a_treatment([RELU, THREE]), world)
    assert tried(done) == [RELU, THREE, (*INITIALIZER, *ADAM), INITIALIZER, ADAM]
    assert {*report(done).recommended.trial.remedies} == {*INITIALIZER, *ADAM}
    assert report(done).is_smallest


@pytest.mark.parametrize("budget", [2, 3, 4])
def test_where_the_budget_ends_before_all_parts_were_left_out_nothing_is_called_the_smallest(budget):
    done = to_the_end(a_treatment([RELU, THREE], budget=budget), {tuple(sorted(THREE)): 0})
    found = report(done)
    assert len(tried(done)) == budget
    assert found.is_smallest is False
    assert "smallest" not in found.summary
    assert "Smaller changes were not all tried." in found.summary
    assert found.summary.count("was not tried.") == 5 - budget


def test_of_three_parts_that_are_not_all_needed_two_have_not_been_left_out():
    """Two seeds of eight stay ill without normalisation, which may be luck."""
    world = {tuple(sorted(THREE)): 0, tuple(sorted([*INITIALIZER, *ADAM])): 2}
    found = report(to_the_end(a_treatment([RELU, THREE]), world))
    assert [part.is_needed for part in found.parts] == [True, True, False]
    assert found.is_smallest is False
    assert "Smaller changes were not all tried." in found.summary


def test_a_part_that_cures_as_well_takes_the_place_of_the_whole():
    both = tuple(sorted([*INITIALIZER, *ADAM]))
    done = to_the_end(a_treatment([RELU, NORM, FEWER, (*ADAM, *INITIALIZER)]), {both: 0, INITIALIZER: 0})
    assert report(done).recommended.trial.remedies == INITIALIZER
    assert report(done).parts == ()


def test_where_leaving_out_a_remedy_is_not_worse_beyond_luck_it_is_not_called_needed():
    both = tuple(sorted([*INITIALIZER, *ADAM]))
    done = to_the_end(a_treatment([RELU, NORM, FEWER, (*ADAM, *INITIALIZER)]), {both: 0, INITIALIZER: 2})
    needed = {part.remedy: part.is_needed for part in report(done).parts}
    assert needed == {"optimizer_adam": False, "initializer_for_activation": True}
    assert "is not shown (without it 2 of 8 seeds are ill" in report(done).summary


def test_a_larger_cure_is_recommended_only_where_it_is_better_beyond_luck():
    """The initialiser alone reaches 0.80 in all seeds; with another rate it is higher by 0.04, give or take."""

    def reaching(spread):
        treatment = to_the_end(a_treatment([INITIALIZER], budget=4, chosen=True), {INITIALIZER: 0})
        spec = replace(treatment.of_role("treated")[0]).spec
        larger = combine(treatment.base, [*INITIALIZER, *TRIPLED]).model_copy(update={"seeds": spec.seeds})
        seeds = tuple(
            SeedResult(seed, "learns", True, 0.84 + (spread if place % 2 else -spread))
            for place, seed in enumerate(spec.seeds)
        )
        found = replace(a_result(larger, 0), seeds=seeds)
        trial = Trial("treated", (*INITIALIZER, *TRIPLED), larger, "finished", result=found)
        return report(replace(treatment, trials=(*treatment.trials, trial))).recommended.trial.remedies

    assert reaching(spread=0.01) == (*INITIALIZER, *TRIPLED)
    assert reaching(spread=0.2) == INITIALIZER


def test_a_part_that_cures_but_learns_clearly_less_is_told_and_the_whole_is_not_called_the_smallest():
    """The usual rate cures, three times as much learns more; both change the rate alone, so both are as small."""
    usual, higher = ("learning_rate_usual",), ("learning_rate_usual", *TRIPLED)
    done = to_the_end(a_treatment([usual, higher], budget=4, chosen=True, rate=0.0001), {usual: 0, higher: 0})
    trials = list(done.trials)
    trials[3] = replace(trials[3], result=a_result(trials[3].spec, 0, test=0.9))
    found = report(replace(done, trials=tuple(trials)))
    assert found.recommended.trial.remedies == higher
    assert found.judgements[0].change == found.judgements[1].change
    assert found.is_smallest is False
    assert "smallest" not in found.summary
    assert (
        "A smaller change cures, too, but another one is better beyond luck: The usual learning rate." in found.summary
    )
    assert "It learns more with Three times the learning rate (without it 0 of 8 seeds are ill, too" in found.summary
    trials[3] = replace(trials[3], result=a_result(trials[3].spec, 0))
    assert report(replace(done, trials=tuple(trials))).recommended.trial.remedies == usual


@pytest.mark.parametrize(("spread", "cure"), [(0.01, ADAM), (0.2, INITIALIZER)])
@pytest.mark.parametrize("fresh", [False, True])
def test_another_larger_change_is_recommended_only_where_it_is_better_beyond_luck(spread, cure, fresh):
    """Adam is higher by 0.04, give or take, on the same seeds or on fresh ones; both leave none ill."""
    done = to_the_end(a_treatment([INITIALIZER, ADAM], budget=4, chosen=True), {INITIALIZER: 0, ADAM: 0})
    trials = list(done.trials)
    spec = trials[3].spec.model_copy(update={"seeds": trials[1].spec.seeds[:8]}) if fresh else trials[3].spec
    seeds = tuple(
        SeedResult(seed, "learns", True, 0.84 + (spread if place % 2 else -spread))
        for place, seed in enumerate(spec.seeds)
    )
    trials[3] = replace(trials[3], spec=spec, result=replace(trials[3].result, seeds=seeds))
    found = report(replace(done, trials=tuple(trials)))
    assert found.recommended.trial.remedies == cure
    assert found.is_smallest is (cure == INITIALIZER)
    assert ("A smaller change cures, too, but another one is better" in found.summary) is (cure == ADAM)


def test_the_search_says_why_it_stopped():
    assert stopped(a_treatment([RELU])) is None
    assert stopped(to_the_end(a_treatment([INITIALIZER, RELU]), {INITIALIZER: 0})) == "cured"
    assert stopped(to_the_end(a_treatment([RELU, ADAM], budget=4), {})) == "budget"
    assert stopped(to_the_end(a_treatment([RELU], chosen=True), {})) == "all that was chosen"
    none = to_the_end(a_treatment([RELU, INITIALIZER]), {}, untreated=0, control=0, usually=0)
    assert stopped(none) == "nothing to cure"
    assert report(none).stopped == "nothing to cure"
    assert report(none).summary.endswith("untreated no more seeds are ill than after a cure.")
    begun = a_treatment([RELU])
    broken = replace(begun.trials[0], stage="broken", error="out of memory")
    done = to_the_end(replace(begun, trials=(broken, *begun.trials[1:])), {})
    assert stopped(done) == "nothing to compare with"


def where_known(treatment, known, tests):
    """The neighbours' knowledge, and what the changes reach that do not reach what the others do."""

    def told(trial):
        if trial.result is None:
            return trial
        reached = tests.get(trial.remedies, 0.8)
        seeds = [replace(seed, test=reached if seed.well else seed.test) for seed in trial.result.seeds]
        return replace(trial, result=replace(trial.result, baseline=known, seeds=tuple(seeds)))

    return replace(treatment, trials=tuple(map(told, treatment.trials)))


def on_top_of_a_cure(known, reached, rate=0.05):
    """The trials on top of the initialiser, which cures and reaches 0.8.

    Its diagnosis names a normalisation; that of the initialiser with a higher rate another optimiser.
    """
    done = a_treatment([INITIALIZER, RELU, ADAM, NORM], rate=rate)
    cures = dict.fromkeys([INITIALIZER, *(tuple(sorted(names)) for names in reached)], 0)
    advice = {INITIALIZER: NORM, (*INITIALIZER, *FASTER): ADAM}
    for _ in range(20):
        done = proceed(where_known(answered(done, cures, advice=advice), known, reached))
    assert done.is_over
    return [names for names in tried(done) if len(names) > 1]


@pytest.mark.parametrize(("known", "more"), [(0.815, 0), (0.816, 3), (None, 3), (0.77, 0), (0.769, 3)])
def test_what_may_learn_more_is_tried_on_top_of_a_cure_where_clearly_more_can_be_learnt(known, more):
    assert on_top_of_a_cure(known, {}) == [(*INITIALIZER, *change) for change in (NORM, TRIPLED, FASTER)][:more]


@pytest.mark.parametrize(("reached", "more"), [(0.79, 0), (0.9, 1), (0.97, 1), (0.985, 0)])
def test_what_became_better_and_is_not_yet_all_there_is_is_built_upon(reached, more):
    better = (*INITIALIZER, *FASTER)
    assert on_top_of_a_cure(None, {better: reached})[3:] == [(*better, *ADAM)][:more]


def test_a_rate_that_made_a_cure_better_is_raised_once_more():
    better, best = (*INITIALIZER, *FASTER), (*INITIALIZER, *FASTER, *FASTER)
    assert on_top_of_a_cure(None, {better: 0.9}, rate=0.001)[3:] == [(*better, *ADAM), best]
    assert on_top_of_a_cure(None, {better: 0.9}, rate=0.05)[3:] == [(*better, *ADAM)]  # a rate of 5 is none


def test_changes_that_do_not_apply_are_passed_over():
    assert a_treatment([("lstm_for_simple_rnn",), ADAM, ("activation_tanh",)]).candidates == (ADAM,)


def test_when_all_that_was_named_is_tried_in_vain_whatever_else_applies_is():
    done = to_the_end(a_treatment([RELU], budget=12), {})
    assert tried(done)[0] == RELU
    assert {*tried(done)[1:4]} <= {(each.name,) for each in applicable(done.base)} - {RELU}
    assert not {("dropout",), ("l2_regularization",), ("early_stopping",)} & {*tried(done)}


def test_what_a_person_has_chosen_is_all_that_is_tried():
    done = to_the_end(a_treatment([RELU, ADAM], budget=12, chosen=True), {})
    assert {name for names in tried(done) for name in names} == {*RELU, *ADAM}


def test_the_experiment_itself_is_the_untreated_trial_where_it_has_the_seeds():
    own = DEEP_TANH.model_copy(update={"seeds": (0, 1, 2, 3, 4)})
    begun = a_treatment([ADAM])
    known = replace(begun.trials[0], spec=own, stage="finished", result=a_result(own, 5))
    treated = begin(own, [ADAM], seeds=5, budget=1, chosen=False, untreated=known)
    assert treated.trials[0] == known
    assert [trial.stage for trial in treated.trials] == ["finished", "training", "looking"]


def test_a_broken_trial_costs_its_share_of_the_budget_and_the_search_goes_on():
    begun = a_treatment([RELU, INITIALIZER], budget=2)
    broken = replace(begun.trials[2], stage="broken", error="out of memory")
    done = to_the_end(replace(begun, trials=(*begun.trials[:2], broken, begun.trials[3])), {INITIALIZER: 0})
    assert tried(done) == [INITIALIZER]


def test_nothing_is_compared_with_an_untreated_spec_that_could_not_be_trained():
    begun = a_treatment([RELU, INITIALIZER, ADAM, NORM])
    broken = replace(begun.trials[0], stage="broken", error="out of memory")
    done = to_the_end(replace(begun, trials=(broken, *begun.trials[1:])), {})
    assert tried(done) == [RELU, INITIALIZER, ADAM]
    assert done.is_over


def test_a_second_round_waits_for_the_untreated_runs():
    begun = a_treatment([RELU, INITIALIZER, ADAM, NORM])
    ahead = proceed(answered(proceed(answered(begun, {})), {}))
    late = replace(ahead, trials=(begun.trials[0], *ahead.trials[1:]))
    assert proceed(late) == late
