"""Rules on first weights judge those that were given, and not the initialisers that drew none."""

import numpy as np
import pytest

from gradlab.diagnosis import diagnose
from gradlab.frozen import ByName
from gradlab.spec import ExperimentSpec
from gradlab.spec.initial_weights import InitialWeights
from tests.unit.diagnosis.histories import a_network, a_run, dense

START = InitialWeights(id="sha256:" + "7" * 64)
THEORY = {"predicted_vanishing", "predicted_exploding", "initial_variance", "finite_width"}
ONE_SIDED = {"kind": "random_uniform", "minval": 0, "maxval": 1}


def begun_with(spec: ExperimentSpec, start: InitialWeights | None = START) -> ExperimentSpec:
    return spec.model_copy(update={"training": spec.training.model_copy(update={"initial_weights": start})})


def rules(spec: ExperimentSpec, **series) -> tuple[set[str], dict[str, str]]:
    """The rules with a finding, and those that are not judged, with the reason."""
    found = diagnose(spec, [a_run(spec, series=series or None)])
    return {each.rule for each in found.findings}, {each.rule: each.why for each in found.unjudged}


def test_theory_is_not_asked_about_given_weights():
    spec = a_network(dense(activation="sigmoid", repeat=5))
    found, unjudged = rules(spec)
    assert "predicted_vanishing" in found
    assert not THEORY & unjudged.keys()
    found, unjudged = rules(begun_with(spec))
    assert not THEORY & found
    assert {*unjudged} == THEORY
    assert set(unjudged.values()) == {"theory is about drawn weights, and it began with given ones"}


def test_one_given_layer_is_enough():
    some = InitialWeights(id=START.id, layers=ByName({"dense_2": "dense_1"}))
    assert THEORY & {*rules(begun_with(a_network(), some))[1]}


@pytest.mark.parametrize("mean", [0.0, 0.5])
def test_the_mean_is_that_of_the_given_weights(mean: float):
    copies = {"weights.mean": mean, "weights.std": 0.3, "activations.unit_correlation": 0.999}
    found, _ = rules(begun_with(a_network(dense(repeat=5))), **copies)
    assert ("nonzero_mean_initialization" in found) == (mean != 0)
    # The initialisers' own mean counts for nothing, given or not.
    found, _ = rules(begun_with(a_network(dense(initializer=ONE_SIDED, repeat=5))), **copies)
    assert ("nonzero_mean_initialization" in found) == (mean != 0)


def test_units_are_copies_if_the_given_weights_are_equal():
    zeros = dense(initializer="zeros", repeat=3)
    assert "symmetric_units" in rules(a_network(zeros))[0]
    assert "symmetric_units" not in rules(begun_with(a_network(zeros)))[0]
    assert "symmetric_units" in rules(begun_with(a_network()), **{"weights.std": 0.0})[0]


def test_weights_that_were_not_recorded_are_not_judged():
    spec = a_network(record={"weights": 0})
    assert "nonzero_mean_initialization" not in rules(spec)[1]
    reason = rules(begun_with(spec))[1]["nonzero_mean_initialization"]
    assert reason == "it began with given weights, and those of epoch 0 are not recorded"


def test_layers_that_are_dead_at_epoch_0_are_seen_whatever_made_them():
    relus = begun_with(a_network(dense(activation="relu", initializer="he_uniform", repeat=3)))
    assert "born_dead_risk" not in rules(relus)[0]
    assert "born_dead_risk" not in rules(relus)[1]
    dead = np.array([0.0, 1.0, 0.0, 0.0])
    assert "born_dead_risk" in rules(relus, **{"activations.dead_fraction": dead})[0]
