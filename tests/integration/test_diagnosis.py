"""Diagnoses of real trainings, and theory against what the engine measures."""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from core.training.train import train
from gradlab.diagnosis import Diagnosis, Run, diagnose
from gradlab.facts import of_spec
from gradlab.facts.baseline import ELEMENTWISE
from gradlab.frozen import kind_of
from gradlab.measurement.history import History
from gradlab.spec import ExperimentSpec
from gradlab.spec.recording import PROBE_SAMPLES
from gradlab.theory import moments, predict
from gradlab.theory.activations import curve
from gradlab.vocabulary.activations import ACTIVATIONS
from gradlab.vocabulary.initializers import INITIALIZERS
from gradlab.vocabulary.losses import LOSSES
from tests.campaigns import one_in
from tests.science.initially import at_epoch_0, deep

EXAMPLES = Path(__file__).parents[2] / "examples"


def tutorial(name: str, seeds: Sequence[int]) -> ExperimentSpec:
    """One of the tutorial's networks."""
    fields = json.loads((EXAMPLES / f"tutorial-{name}.json").read_text())
    return ExperimentSpec.model_validate(fields | {"seeds": list(seeds)})


def diagnoses(spec: ExperimentSpec) -> tuple[Diagnosis, Diagnosis]:
    """The diagnoses after the first chunk of a training, which is epoch 0, and at its end."""
    parts: dict[int, list[History]] = defaultdict(list)
    ends: dict[int, Any] = {}
    said = []
    for chunk in train(spec):
        for run in chunk.runs:
            parts[run.seed].append(run.history)
            ends[run.seed] = (run.stopped_by, run.culprit)
        if not said:
            said.append(diagnosed(spec, parts, ends))
    return said[0], diagnosed(spec, parts, ends)


def diagnosed(spec: ExperimentSpec, parts: dict[int, list[History]], ends: dict[int, Any]) -> Diagnosis:
    return diagnose(spec, [Run(spec, seed, joined(found), *ends[seed], of_spec(spec)) for seed, found in parts.items()])


def joined(parts: Sequence[History]) -> History:
    series = {kind: np.concatenate([part.series[kind] for part in parts]) for kind in parts[0].series}
    return History(parts[0].layout, 0, np.concatenate([part.metrics for part in parts]), series)


def test_the_tutorials_deep_tanh_network_is_explained_at_epoch_0_and_at_its_end():
    first, last = diagnoses(tutorial("2-deep-tanh", range(4)))
    assert (first.verdict, first.root_cause) == ("at risk", "nonzero_mean_initialization")
    assert {finding.kind for finding in first.findings} == {"risk"}
    copies = next(finding for finding in first.findings if finding.rule == "symmetric_units")
    assert copies.caused_by == ("nonzero_mean_initialization",)
    assert copies.seeds == (0, 1, 2, 3)
    assert copies.remedies[0] == "initializer_for_activation"

    assert (last.verdict, last.root_cause) == ("ill", "nonzero_mean_initialization")
    found = {finding.rule: finding for finding in last.findings}
    assert found["saturation_range"].layers[-1] == "dense_5"
    assert "symmetric_units" in {*found["saturation_range"].caused_by, *found["saturation"].caused_by}
    assert len(found["not_learning"].seeds) >= 3
    assert not {"vanishing_signal", "vanishing_gradient", "gradient_floor"} & found.keys()  # nothing vanishes


def test_the_tutorials_shallow_network_is_healthy_and_before_that_undecided():
    first, last = diagnoses(tutorial("1-one-tanh", range(4)))
    assert (first.verdict, first.findings) == ("undecided", ())
    assert (last.verdict, last.root_cause, last.findings) == ("healthy", None, ())
    assert {each.outcome for each in last.outcomes} == {"learns"}


def test_an_explosion_ends_in_a_diagnosis_that_names_the_weights():
    spec = tutorial("3-deep-relu", range(2))
    kernel = {"kind": "variance_scaling", "scale": 200.0, "distribution": "uniform"}
    hidden = {"kind": "dense", "units": 64, "activation": "relu", "kernel_initializer": kernel, "repeat": 3}
    output = {"kind": "dense", "units": 1, "activation": "sigmoid"}
    optimizer = {"kind": "sgd", "learning_rate": 10.0}
    training = spec.training.model_dump() | {"optimizer": optimizer, "epochs": 30}
    changed = {"model": {"layers": [hidden, output]}, "training": training}
    _, last = diagnoses(ExperimentSpec.model_validate(spec.model_dump() | changed))
    assert (last.verdict, last.root_cause) == ("ill", "initial_variance")
    assert {"predicted_exploding", "learning_rate"} <= {finding.rule for finding in last.findings}
    assert {each.outcome for each in last.outcomes} <= {"diverged", "fails"}


WIDE = [
    ("tanh", "glorot_uniform"),
    ("sigmoid", {"kind": "variance_scaling", "scale": 2.0, "distribution": "untruncated_normal"}),
    ("relu", "he_normal"),
    ("selu", "lecun_normal"),
    ("gelu", "orthogonal"),
]


@pytest.mark.parametrize(("activation", "initializer"), one_in(5, WIDE))
def test_growth_of_signals_is_predicted_within_a_tenth_per_layer(activation: str, initializer: Any):
    spec = deep(5, 128, activation, initializer, seeds=range(32))
    prediction = predict(spec.network, spec.dataset.load().train_x[:PROBE_SAMPLES].astype(np.float64))
    assert prediction is not None
    squares = at_epoch_0(spec, "signals", "rms")[:, :-1] ** 2  # (seeds, hidden layers)
    growths = squares.mean(axis=0)[:-1] / squares.mean(axis=0)[1:]
    np.testing.assert_allclose(growths, prediction.growths, rtol=0.1)
    means, spreads = (at_epoch_0(spec, "activations", f"pre_{name}")[:, :-1] for name in ("mean", "std"))
    q, expected = (means**2 + spreads**2).mean(axis=0), np.array([layer.second_moment for layer in prediction.layers])
    np.testing.assert_allclose(q[0], expected[0], rtol=0.1)
    np.testing.assert_allclose(q[1:] / q[:-1], expected[1:] / expected[:-1], rtol=0.1)


def test_what_units_have_in_common_is_predicted_too():
    spec = deep(4, 128, "tanh", {"kind": "random_uniform", "minval": 0, "maxval": 0.05}, seeds=range(4))
    prediction = predict(spec.network, spec.dataset.load().train_x[:PROBE_SAMPLES].astype(np.float64))
    assert prediction is not None
    correlation = at_epoch_0(spec, "activations", "unit_correlation")[:, :-1].mean(axis=0)
    shares = [layer.common_share for layer in prediction.layers]
    np.testing.assert_allclose(correlation, shares, atol=0.05)


@pytest.mark.parametrize("member", [member for member in ACTIVATIONS if member.per_unit], ids=kind_of)
def test_every_activations_twin_is_kerass_function(member):
    parameters = {"threshold": 0.3, "default_value": -1.0} if kind_of(member) == "threshold" else {}
    function = member(**parameters)
    z = np.linspace(-6.03, 6.01, 400).astype(np.float32)
    ours, _ = curve(function, z.astype(np.float64))
    np.testing.assert_allclose(ours, ops.convert_to_numpy(function.build(keras)(z)), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("member", INITIALIZERS, ids=kind_of)
def test_every_initializers_moments_are_those_of_kerass_draw(member):
    drawn = np.asarray(ops.convert_to_numpy(member().build(keras, seed=1)((300, 200))), np.float64)
    known = moments(member(), (300, 200))
    if kind_of(member) == "identity":
        assert known.variance == pytest.approx((drawn**2).mean())
        return
    assert known.mean == pytest.approx(drawn.mean(), abs=5 * drawn.std() / np.sqrt(drawn.size) + 1e-9)
    assert known.variance == pytest.approx(drawn.var(), rel=0.03, abs=1e-9)


@pytest.mark.parametrize("kind", sorted(ELEMENTWISE))
def test_every_losss_twin_is_kerass_function(kind: str):
    loss = {kind_of(member): member for member in LOSSES}[kind]()
    random = np.random.default_rng(0)
    binary = loss.unit_per_label and not loss.unit_per_value
    y = (
        random.integers(0, 2, (50, 1)).astype(np.float32)
        if binary
        else random.gamma(2.0, 1.0, (50, 1)).astype(np.float32)
    )
    p = random.uniform(0.01, 0.99, (50, 1)).astype(np.float32)
    ours = ELEMENTWISE[kind](y.astype(np.float64), p.astype(np.float64), loss)[:, 0]
    np.testing.assert_allclose(ours, ops.convert_to_numpy(loss.build(keras)(y, p)), rtol=1e-4, atol=1e-6)
