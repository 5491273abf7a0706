"""Weights of samples and classes: how they are worked out, and what the best constant prediction loses with them."""

import json

import numpy as np
import pytest

from gradlab.errors import Invalid
from gradlab.facts import of_spec
from gradlab.facts.baseline import baseline, encoded
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from gradlab.spec.weights import is_weighted, loss_weights
from gradlab.vocabulary.losses import BY_KIND
from gradlab.vocabulary.targets import Target

CIRCLES = {"kind": "circles", "samples": 40, "train_size": 30}


def spec(class_weight=None, dataset=CIRCLES, **training) -> ExperimentSpec:
    fields = {"loss": "binary_crossentropy", "optimizer": "sgd", "epochs": 1, "class_weight": class_weight, **training}
    output = {"kind": "dense", "units": 1, "activation": "sigmoid"}
    hidden = {"kind": "dense", "units": 3}
    return parse(json.dumps({"dataset": dataset, "model": {"layers": [hidden, output]}, "training": fields}))


def weights_of(experiment: ExperimentSpec) -> tuple[np.ndarray, np.ndarray]:
    data = experiment.dataset.load()
    weights = loss_weights(experiment.dataset, experiment.training.class_weight, data)
    assert weights is not None
    return weights[0], data.train_y


def test_a_class_without_a_weight_weighs_one():
    weights, y = weights_of(spec({"1": 3}))
    assert set(weights[y == 1]) == {3}
    assert set(weights[y == 0]) == {1}


def test_balanced_classes_weigh_the_same_together():
    weights, y = weights_of(spec("balanced"))
    assert weights[y == 0].sum() == pytest.approx(weights[y == 1].sum())
    assert weights.mean() == pytest.approx(1)


def test_without_weights_nothing_is_weighted():
    assert not is_weighted(spec())
    assert loss_weights(spec().dataset, None, spec().dataset.load()) is None


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"class_weight": {"2": 1}}, "weights by class: one of 0, 1"),
        ({"class_weight": {"0": 0, "1": 0}}, "a weight above 0 for one class"),
        ({"class_weight": {"0": -1}}, "a number of at least 0"),
        ({"class_weight": {"0": 2}, "pretraining": "autoencoder"}, "class_weight: expected null with pretraining"),
        ({"class_weight": {"0": 2}, "dataset": {"kind": "diabetes"}, "loss": "huber"}, "one class for each sample"),
    ],
)  # fmt: skip
def test_weights_that_fit_no_class_are_refused(given, text):
    with pytest.raises(Invalid, match=text):
        spec(**given)


@pytest.mark.parametrize("kind", ["binary_crossentropy", "mean_squared_error", "mean_absolute_error", "huber", "hinge"])
def test_a_weight_of_two_counts_as_the_sample_twice(kind):
    random, target = np.random.default_rng(1), Target("classes", 2)
    y, weights = random.integers(0, 2, 60), random.integers(0, 4, 60)
    loss = BY_KIND[kind]()
    once = baseline(loss, encoded(y, target, 1), target, weights.astype(np.float32))
    repeated = baseline(loss, encoded(np.repeat(y, weights), target, 1), target)
    np.testing.assert_allclose(once, np.multiply(repeated, weights.mean()), rtol=1e-6, atol=1e-9)


def test_values_are_weighted_in_the_best_constant():
    random, target = np.random.default_rng(2), Target("values", 1)
    y, weights = random.normal(size=50), random.integers(0, 3, 50)
    constant, _ = baseline(BY_KIND["mean_squared_error"](), encoded(y, target, 1), target, weights.astype(np.float32))
    mean = np.average(y, weights=weights)
    assert constant == pytest.approx(np.mean(weights * (y - mean) ** 2))


def test_facts_of_weighted_samples_have_no_score_of_neighbours():
    facts, plain = of_spec(spec({"1": 3})), of_spec(spec())
    assert facts.constant_loss != plain.constant_loss
    assert facts.constant_accuracy == plain.constant_accuracy
    assert np.isnan(facts.reachable)
    assert plain.reachable > 0
