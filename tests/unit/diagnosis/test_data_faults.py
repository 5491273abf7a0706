"""Rules on the faults of samples: what each says beside its threshold, and how grave it is."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradlab.diagnosis import Run, diagnose
from gradlab.diagnosis.rules import RULES, input_range
from gradlab.diagnosis.rules.split_by_class import distance_by_chance
from gradlab.diagnosis.unknown import Unknown
from gradlab.facts import Leak
from tests.tables import a_table, an_uploaded
from tests.unit.diagnosis.histories import EPOCHS, a_network, a_run, dense
from tests.unit.diagnosis.rule_cases import with_facts, with_faults

BY_NAME = {rule.name: rule for rule in RULES}
LINEAR = Leak(feature=1, form="linear")


def said(rule: str, run: Run) -> tuple[str, str] | None:
    """The severity of a sighting, and its explanation."""
    sighting = BY_NAME[rule](run)
    if sighting is None:
        return None
    text = sighting.explanation or BY_NAME[rule].explanation
    whole = BY_NAME[rule].__class__(**{**vars(BY_NAME[rule]), "explanation": text})
    return sighting.severity or BY_NAME[rule].severity, whole.explain(sighting.layers, sighting.measures)


@pytest.mark.parametrize(
    ("faults", "severity", "words"),
    [
        ({"nonfinite_inputs": 0.002}, "critical", "Inputs that are NaN or infinite occur in 0.2 % of"),
        ({"nonfinite_targets": 0.5}, "critical", "Targets that are NaN or infinite occur in 50 % of"),
        ({}, None, ""),
    ],
)
def test_samples_that_are_not_finite_end_a_training_that_does_not_learn_with_them(faults, severity, words):
    run = with_faults(a_run(fails=True), **faults)
    answer = said("nonfinite_samples", run)
    assert (answer and answer[0]) == severity
    if answer is not None:
        assert words in answer[1]
        assert answer[1].count("NaN or infinite occur") == 1
        assert said("nonfinite_samples", with_faults(a_run(), **faults)) == ("info", answer[1])


def test_a_leak_is_named_as_far_as_its_name_fits_into_a_sentence():
    named = {"age at death": "The feature age at death", "a{0}[[b]]. C": "Feature 3, counted from 0,"}
    for name, words in named.items():
        leak = Leak(feature=3, name=name, form="equal")
        answer = said("target_leak", with_faults(a_run(), leak=leak, leaks=1))
        assert answer is not None
        assert answer[1].startswith(f"{words} is the target.")
        assert "1 feature determines" in answer[1]


def test_four_points_that_are_validated_on_themselves_are_information():
    run = with_facts(with_faults(a_run(), repeated=1.0, discrete=True, repeated_in_training=0.0), val_count=4)
    assert (said("repeated_samples", run) or ("",))[0] == "info"


@pytest.mark.parametrize(
    ("faults", "samples"),
    [
        ({"repeated": 0.6, "repeated_in_training": 0.3, "discrete": True}, 500),  # four coins repeat by nature
        ({"repeated": 0.06}, 40),  # a pair
        ({"repeated": None}, 40),
    ],
)
def test_samples_that_repeat_by_nature_are_no_fault(faults, samples):
    assert said("repeated_samples", with_facts(with_faults(a_run(), **faults), val_count=samples)) is None


def test_parts_drawn_at_random_are_seldom_so_far_apart():
    random = np.random.default_rng(0)
    for classes, samples in ((2, 8), (10, 30), (3, 400)):
        shares = random.dirichlet(np.ones(classes), 2_000)
        drawn = np.stack([random.multinomial(samples, each) for each in shares]) / samples
        distances = np.abs(drawn - shares).sum(axis=1) / 2
        assert (distances > distance_by_chance(classes, samples)).mean() <= 1e-3
    few = with_facts(with_faults(a_run(), class_distance=0.6), val_count=5)
    assert said("split_by_class", few) is None


def test_classes_that_are_counted_from_1_are_information():
    counted = {"rarest_class": 50, "absent_classes": 1, "first_class_absent": True}
    assert said("rare_class", with_faults(a_run(), **counted)) is None  # of two classes one may be meant
    blobs = {"kind": "blobs", "centers": 3, "samples": 40}
    training = {"loss": "categorical_crossentropy", "optimizer": "sgd", "epochs": EPOCHS}
    three = a_run(a_network(output=dense(3, "softmax"), dataset=blobs, training=training))
    assert (said("rare_class", with_faults(three, **counted)) or ("",))[0] == "info"


def test_noise_is_a_cause_where_labels_are_learnt_by_heart():
    noisy = {"contradicted": 0.2, "compared": 400}
    gain = np.where(np.arange(EPOCHS + 1) < 20, 0.2, -1.0)
    well = a_run()
    loss = well.facts.constant_loss - gain * (well.facts.constant_loss - well.facts.perfect_loss)
    by_heart = with_faults(a_run(metrics={"val_loss": loss}), **noisy)
    assert (said("label_noise", with_faults(well, **noisy)) or ("",))[0] == "info"
    diagnosis = diagnose(by_heart.spec, [by_heart])
    assert (diagnosis.verdict, diagnosis.root_cause) == ("ill", "label_noise")
    assert {each.rule: each.caused_by for each in diagnosis.findings}["overfitting"] == ("label_noise",)


@pytest.mark.parametrize(("ratio", "fails", "says"), [(2e3, True, True), (2e3, False, False), (500.0, True, False)])
def test_one_feature_that_hides_the_others_matters_in_a_run_that_fails(ratio, fails, says):
    std = np.array([1.0, 1.0, 1.0, ratio]) * 3 / ratio
    run = with_facts(a_run(fails=fails), feature_mean=np.zeros(4), feature_std=std)
    assert (input_range.RULE(run) is not None) is says


def of_classes(*values: Any, units: int) -> Run:
    """A run on a file whose target's column has these values."""
    labels = [*values] * 10
    y = labels if isinstance(values[0], str) else np.array(labels)
    table = a_table(x=np.arange(len(labels)) / 7, label=y)
    dataset = an_uploaded(table, features=["x"], target="label", task="classes").model_dump(mode="json", by_alias=True)
    loss, output = ("binary", "sigmoid") if units == 1 else ("categorical", "softmax")
    training = {"loss": f"{loss}_crossentropy", "optimizer": "sgd", "epochs": EPOCHS}
    spec = a_network(dense(3), output=dense(units, output), dataset=dataset, training=training)
    return replace(a_run(), spec=spec)


@pytest.mark.parametrize(
    ("values", "units", "words"),
    [
        ((0.0, 1 / 255, 2 / 255), 3, "numbers from 0 to 0.00784 that are not whole"),
        ((1, 2, 3), 3, "The largest class is 3, and the output has 3 units"),
        ((-1, 1), 1, "The targets reach from -1 to 1"),
    ],
)
def test_classes_that_a_file_numbers_otherwise_than_a_loss_takes_them_are_told(values, units, words):
    severity, text = said("target_encoding", of_classes(*values, units=units)) or ("", "")
    assert severity == "warning"
    assert words in text
    assert "In this training the classes have the numbers from 0" in text


@pytest.mark.parametrize(("high", "says"), [(255, True), (1, False)])
def test_values_beyond_0_and_1_are_a_fault_with_a_loss_for_values_between_them(high, says):
    x = np.linspace(0, high, 40).reshape(20, 2)
    dataset = an_uploaded(a_table(x=x), features=["x"], task="inputs").model_dump(mode="json", by_alias=True)
    training = {"loss": "binary_crossentropy", "optimizer": "sgd", "epochs": EPOCHS}
    spec = a_network(dense(3), output=dense(2, "sigmoid"), dataset=dataset, training=training)
    run = with_facts(replace(a_run(), spec=spec), target_range=(0.0, float(high)))
    severity, text = said("target_encoding", run) or ("", "")
    assert (severity == "critical", "divide them by 255" in text) == (says, says)


@pytest.mark.parametrize(
    ("values", "units"), [((0, 1, 2), 3), ((0, 1), 1), ((False, True), 1), (("no", "yes"), 1), (("inf", "one"), 1)]
)
def test_classes_that_are_numbered_from_0_or_have_names_are_no_fault(values, units):
    assert said("target_encoding", of_classes(*values, units=units)) is None


FAULTY: dict[str, dict[str, Any]] = {
    "target_leak": {"leak": LINEAR, "leaks": 1},
    "nonfinite_samples": {"nonfinite_inputs": 0.1},
    "rare_class": {"rarest_class": 2},
    "label_noise": {"contradicted": 0.3, "compared": 400},
}


@pytest.mark.parametrize("rule", FAULTY)
def test_facts_of_version_1_leave_the_faults_unjudged(rule):
    assert said(rule, with_faults(a_run(), **FAULTY[rule])) is not None
    with pytest.raises(Unknown, match="version 1"):
        BY_NAME[rule](with_facts(a_run(), faults=None))


@pytest.mark.parametrize("value", [None, math.nan])
def test_what_was_not_measured_is_no_fault(value):
    faults = dict.fromkeys(("nonfinite_inputs", "repeated", "class_distance", "contradicted"), value)
    run = with_faults(a_run(), **faults, leak=None, leaks=None, rarest_class=None)
    for rule in (*FAULTY, "repeated_samples", "split_by_class"):
        assert BY_NAME[rule](run) is None
