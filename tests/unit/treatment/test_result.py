"""From runs to what a trial has shown."""

import numpy as np
import pytest

from core.treatment import advised, candidates, result
from core.treatment.result import criterion, flow
from core.treatment.trial import triage_result
from gradlab.diagnosis import Diagnosis, Finding, diagnose
from gradlab.facts import of_spec
from gradlab.facts.learnable import linear_model_score
from gradlab.schemas.trials import TriageResult
from tests.builders import a_spec
from tests.unit.diagnosis.histories import a_network, a_run, dense
from tests.unit.treatment.worlds import DEEP_TANH

VALUES = {"dataset": {"kind": "friedman", "samples": 64, "train_size": 32}, "seeds": (0,)}


def test_a_seed_is_well_that_learns_and_one_that_fails_or_diverges_is_not():
    spec = a_network().model_copy(update={"seeds": (0, 1, 2)})
    runs = [a_run(spec), a_run(spec, fails=True, seed=1), a_run(spec, seed=2, stopped_by="nonfinite")]
    found = result(spec, runs, 3.5)
    assert [seed.well for seed in found.seeds] == [True, False, False]
    assert [seed.seed for seed in found.seeds] == [0, 1, 2]
    assert (found.ill, found.seconds, found.epochs) == (2, 3.5, 120)


def test_a_seed_that_learns_by_heart_is_not_well():
    spec = a_network()
    rising = np.concatenate([np.linspace(0.7, 0.4, 10), np.linspace(0.4, 1.6, 31)])
    found = result(spec, [a_run(spec, metrics={"val_loss": rising, "loss": np.linspace(0.7, 0.01, 41)})], None)
    assert found.seeds[0].outcome == "learns"
    assert not found.seeds[0].well


def test_a_seed_without_a_run_is_undecided_and_not_well():
    spec = a_network().model_copy(update={"seeds": (0, 7)})
    found = result(spec, [a_run(spec)], None)
    assert (found.seeds[1].outcome, found.seeds[1].well, found.seeds[1].test) == ("undecided", False, None)


def test_the_test_metric_is_the_median_of_the_last_five_epochs_and_none_where_it_is_not_finite():
    accuracy = np.full(41, 0.5)
    accuracy[-5:] = [0.7, 0.9, 0.8, 0.1, 0.85]
    assert result(a_network(), [a_run(metrics={"val_accuracy": accuracy})], None).seeds[0].test == pytest.approx(0.8)
    assert result(a_network(), [a_run(metrics={"val_accuracy": np.nan})], None).seeds[0].test is None


def test_what_the_nearest_neighbours_reach_is_told_in_the_same_metric():
    known = of_spec(a_network())
    expected = known.constant_accuracy + known.reachable * (1 - known.constant_accuracy)
    assert result(a_network(), [a_run()], None).baseline == pytest.approx(expected)
    assert 0.5 < expected < 1


def test_where_a_linear_model_knows_more_than_the_neighbours_that_is_told():
    network = {"layers": [dense(), dense(1, "linear")]}
    training = {"loss": "mean_squared_error", "optimizer": {"kind": "adam"}, "epochs": 5, "batch_size": 16}
    spec = a_spec(model=network, training=training, dataset={"kind": "diabetes"}, seeds=(0,))
    known = result(spec, [], None).baseline
    assert known == pytest.approx(linear_model_score(spec.dataset.load(), spec.dataset.target))
    assert known > of_spec(spec).reachable + 0.02


def test_trials_are_compared_by_a_metric_that_no_scale_of_targets_changes():
    assert criterion(a_network()) == ("val_accuracy", True)
    network = {"layers": [dense(), dense(1, "linear")]}
    training = {"loss": "mean_squared_error", "optimizer": {"kind": "adam"}, "epochs": 5, "batch_size": 16}
    values = a_spec(model=network, training=training, **VALUES)
    assert criterion(values) == ("val_r2_score", True)
    errors = a_spec(model=network, training=training | {"metrics": ["mean_squared_error"]}, **VALUES)
    assert criterion(errors) == ("val_mean_squared_error", False)
    assert criterion(a_spec(model=network, training=training | {"metrics": []}, **VALUES)) == ("val_loss", False)


def test_the_flow_holds_medians_over_seeds_of_each_layers_signal_before_and_during_training():
    series = {"signals.rms": np.array([0.2, 0.4, 0.8, 1.6])[None, :]}
    runs = [a_run(series=series), a_run(seed=1, series={"signals.rms": 3 * series["signals.rms"]})]
    found = flow(runs)
    assert found.layers == ("dense_1", "dense_2", "dense_3", "dense_4")
    assert found.initially == pytest.approx((0.4, 0.8, 1.6, 3.2))
    assert found.trained == pytest.approx(found.initially)
    assert found.arriving == pytest.approx(0.2 * np.sqrt(5) / 1.6)  # lengths over five units and one
    assert found.gradient_ratio == pytest.approx(1.0)


def test_a_flow_that_is_nowhere_finite_is_none_and_one_that_was_not_recorded_has_no_layers():
    found = flow([a_run(series={"signals.rms": np.nan, "gradients.l2": np.nan})])
    assert (found.initially, found.arriving, found.gradient_ratio) == ((None,) * 4, None, None)
    spec = a_network(record={"signals": 0})
    assert flow([a_run(spec)]).layers == ()


def test_what_a_diagnosis_advises_begins_with_the_root_cause_and_names_each_remedy_once():
    spec = DEEP_TANH
    copies = {"activations.unit_correlation": 1.0, "activations.effective_rank": 1.0}
    found = diagnose(spec, [a_run(spec, fails=True, series=copies)])
    root = next(each for each in found.findings if each.rule == found.root_cause)
    advice = advised(found)
    assert advice[: len(root.remedies)] == root.remedies
    assert len({*advice}) == len(advice) > len(root.remedies)


def a_finding(rule, remedies, *, severity="critical", kind="risk", caused_by=()):
    return Finding(rule, rule, kind, severity, (), (0,), 1, 0, (), "", tuple(remedies), tuple(caused_by))


def test_what_several_causes_need_is_tried_together_after_a_round_of_single_remedies():
    """Two things are wrong by themselves, a third follows from the first alone; the rest follows from them."""
    spec = a_network(dense(3, "relu", repeat=2))
    found = (
        a_finding("first", ["initializer_for_activation"]),
        a_finding("second", ["activation_leaky_relu", "activation_elu", "wider_layers"]),
        a_finding("third", ["learning_rate_lower", "optimizer_adam"], caused_by=["first"], kind="symptom"),
        a_finding("both", ["batch_normalization"], caused_by=["first", "second"]),
        a_finding("note", ["fewer_layers"], severity="info"),
        a_finding("failure", ["activation_tanh"], caused_by=["both"], kind="failure"),
    )
    offered = candidates(Diagnosis("ill", "first", found, ()), spec)
    singles = [names for names in offered if len(names) == 1]
    assert offered[3:5] == (
        ("initializer_for_activation", "activation_leaky_relu", "learning_rate_lower"),
        ("initializer_for_activation", "wider_layers", "optimizer_adam"),
    )
    assert len(offered) == len(singles) + 2
    assert singles[:2] == [("initializer_for_activation",), ("learning_rate_lower",)]


def test_a_single_cause_is_treated_by_single_remedies_that_apply():
    found = (a_finding("only", ["lstm_for_simple_rnn", "optimizer_adam", "activation_relu"]),)
    offered = candidates(Diagnosis("ill", "only", found, ()), a_network())
    assert offered == (("optimizer_adam",), ("activation_relu",))


def test_nothing_is_advised_where_nothing_is_found():
    assert advised(diagnose(a_network(), [a_run()])) == ()


def test_a_look_foretells_failure_where_a_critical_risk_is_seen_in_more_than_half_of_the_seeds():
    copies = {"activations.unit_correlation": 1.0, "activations.effective_rank": 1.0}
    ill = diagnose(DEEP_TANH, [a_run(DEEP_TANH, epochs=0, series=copies)])
    assert triage_result(ill) == TriageResult("at risk", "nonzero_mean_initialization", True)
    assert not triage_result(diagnose(a_network(), [a_run(epochs=0)])).foretells_failure
