"""Outcome of a run, on the scale that its data set."""

import math

import numpy as np
import pytest

from gradlab.diagnosis import outcome
from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.outcome import MIN_SHARE, decided_epoch, gains
from gradlab.diagnosis.recorded import Recorded, middle, running_medians
from gradlab.diagnosis.rules import not_learning
from gradlab.measurement.history import Tensor
from tests.unit.diagnosis.histories import EPOCHS, a_network, a_run, dense, of_nothing_but
from tests.unit.diagnosis.rule_cases import VALUES, scaled, with_facts


def ending(gain: float, learnt: float, *, epochs: int = EPOCHS, budget: int = EPOCHS, reachable: float = 0.6) -> Run:
    """A run that ends with this gain and this share of avoidable errors."""
    spec = a_network(epochs=budget)
    base = a_run(spec)
    constant = base.facts.constant_accuracy
    metrics = {"loss": scaled(base, gain), "accuracy": constant + learnt * (1 - constant)}
    return with_facts(a_run(spec, epochs=epochs, metrics=metrics), reachable=reachable)


class TestAtItsEnd:
    @pytest.mark.parametrize(
        ("learnt", "verdict"), [(0.31, "learns"), (0.29, "fails"), (-0.1, "fails"), (1.0, "learns")]
    )
    def test_half_of_what_the_neighbours_know_is_demanded(self, learnt: float, verdict: str):
        became = outcome(ending(0.5, learnt))
        assert became.verdict == verdict
        assert became.min_learnt == pytest.approx(MIN_SHARE * 0.6)

    def test_a_loss_that_is_low_does_not_count_where_the_answers_are_wrong(self):
        assert outcome(ending(0.9, 0.1)).verdict == "fails"

    @pytest.mark.parametrize(
        ("gain", "learnt", "measures"),
        [(0.5, 0.1, [("gain", False), ("learnt", True)]), (0.001, 0.1, [("gain", True), ("learnt", True)])],
    )
    def test_only_what_is_too_little_is_told_as_too_little(self, gain, learnt, measures):
        sighting = not_learning.RULE.detect(ending(gain, learnt))
        assert [(each.name, each.threshold is not None) for each in sighting.measures] == measures

    @pytest.mark.parametrize("reachable", [math.nan, 0.05, -3.0])
    @pytest.mark.parametrize(("gain", "verdict"), [(0.0101, "learns"), (0.0099, "fails")])
    def test_where_the_neighbours_know_nothing_the_loss_decides(self, reachable, gain, verdict):
        assert outcome(ending(gain, 0.0, reachable=reachable)).verdict == verdict

    @pytest.mark.parametrize(("gain", "verdict"), [(0.051, "learns"), (0.049, "fails")])
    def test_of_values_r2_decides(self, gain: float, verdict: str):
        run = a_run(VALUES, metrics={"loss": scaled(a_run(VALUES), gain), "r2_score": gain})
        assert outcome(with_facts(run, reachable=math.nan)).verdict == verdict

    def test_what_a_regulariser_adds_to_the_loss_is_no_failure(self):
        run = ending(-3.0, 0.2, reachable=math.nan)
        assert outcome(run).verdict == "learns"

    def test_single_epochs_do_not_count(self):
        loss = np.full(EPOCHS + 1, 0.2)
        loss[[-1, -3]] = 50
        accuracy = np.full(EPOCHS + 1, 0.9)
        accuracy[[-1, -3]] = 0
        assert outcome(a_run(metrics={"loss": loss, "accuracy": accuracy})).verdict == "learns"


class TestOnItsWay:
    @pytest.mark.parametrize(("budget", "epoch"), [(500, 50), (100, 20), (20, 20), (7, 7), (201, 21)])
    def test_a_tenth_of_the_budget_and_20_epochs_at_least_come_first(self, budget: int, epoch: int):
        run = a_run(a_network(epochs=budget), epochs=0)
        assert decided_epoch(run) == epoch

    @pytest.mark.parametrize(
        ("epochs", "verdict"), [(0, "undecided"), (49, "undecided"), (50, "fails"), (500, "fails")]
    )
    def test_then_a_run_that_has_gained_nothing_fails_so_far(self, epochs: int, verdict: str):
        assert outcome(ending(0.0, 0.0, epochs=epochs, budget=500)).verdict == verdict

    @pytest.mark.parametrize(("learnt", "verdict"), [(0.1, "undecided"), (0.31, "learns")])
    def test_a_run_that_has_gained_something_may_still_learn(self, learnt: float, verdict: str):
        assert outcome(ending(0.05, learnt, epochs=60, budget=500)).verdict == verdict

    def test_a_run_that_was_stopped_early_has_ended(self):
        run = ending(0.05, 0.1, epochs=30, budget=500)
        stopped = with_facts(Run(run.spec, 0, run.history, "early_stopping", facts=run.facts), reachable=0.6)
        assert outcome(stopped).verdict == "fails"


class TestDiverged:
    def test_by_the_engines_word_or_by_a_loss_that_is_not_finite(self):
        assert outcome(a_run(epochs=3, stopped_by="nonfinite")).verdict == "diverged"
        for value in (math.nan, math.inf):
            loss = np.array([0.7, 0.6, value])
            assert outcome(a_run(epochs=2, metrics={"loss": loss})).verdict == "diverged"
            assert outcome(of_nothing_but(a_run(), value)).verdict == "diverged"


def test_without_accuracy_the_loss_tells_what_was_learnt():
    spec = a_network(
        training={"loss": "binary_crossentropy", "optimizer": "sgd", "epochs": EPOCHS, "metrics": ["recall"]}
    )
    assert outcome(a_run(spec)).verdict == "learns"
    assert outcome(a_run(spec, fails=True)).verdict == "fails"


def test_a_gain_of_one_is_a_perfect_prediction_and_of_none_a_constant_one():
    run = a_run(metrics={"loss": np.linspace(a_run().facts.constant_loss, 0, EPOCHS + 1)})
    assert gains(run)[[0, -1]] == pytest.approx([0, 1], abs=1e-6)


def test_accuracy_beside_a_softmax_of_three_classes_counts_from_the_commonest():
    spec = a_network(
        output=dense(3, "softmax"),
        dataset={"kind": "iris", "scale": "standard"},
        training={"loss": "categorical_crossentropy", "optimizer": "sgd", "epochs": EPOCHS},
    )
    run = a_run(spec, metrics={"accuracy": 1.0})
    assert outcome(run).learnt == pytest.approx(1)
    assert outcome(run).min_learnt == pytest.approx(0.48, abs=0.02)


class TestRecorded:
    EPOCHS = np.array([0, 10, 20, 30])

    def recorded(self) -> Recorded:
        return Recorded(self.EPOCHS, (Tensor("dense_1", "kernel", (2, 3)),), np.zeros((4, 1)))

    @pytest.mark.parametrize(
        ("holds", "until_now", "first", "most"),
        [
            ("....", None, None, None),
            ("...x", 30, 30, None),
            ("x..x", 30, 0, 0),
            (".xxx", 10, 10, 10),
            ("xxxx", 0, 0, 0),
            ("xx..", None, 0, 0),
        ],
    )
    def test_since_when(self, holds: str, until_now, first, most):
        mask, recorded = np.array([each == "x" for each in holds]), self.recorded()
        assert recorded.persists(mask) == until_now
        assert recorded.first(mask) == first
        assert recorded.mostly(mask) == most


def test_running_medians_are_those_of_the_finite_values():
    values = np.array([3.0, np.nan, 1.0, np.inf, 2.0, 7.0])
    expected = [middle(values[max(0, end - 3) : end]) for end in range(1, 7)]
    np.testing.assert_allclose(running_medians(values, 3), expected)
    np.testing.assert_array_equal(running_medians(np.full(3, np.nan), 2), np.full(3, np.nan))
    assert math.isnan(middle(np.array([np.nan, np.inf])))
