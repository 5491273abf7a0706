"""One view of both kinds of spec: sent with everything, a training gets the diagnosis that it gets in this service."""

from dataclasses import replace
from typing import Any

import pytest

from gradlab.diagnosis import Diagnosis, ExternalRun, Run, diagnose
from gradlab.diagnosis.rules import RULES
from tests.unit.diagnosis.histories import EPOCHS, a_network, a_run, dense
from tests.unit.diagnosis.rule_cases import CASES, ONE_SIDED, RECURRENT, RELU, VALUES
from tests.unit.diagnosis.sent import as_sent, described

BLOCK = {"kind": "residual", "layers": [dense(8), dense(8)]}
TANH = {"kind": "activation", "activation": "tanh"}
LARGE_RATE = {"loss": "binary_crossentropy", "optimizer": {"kind": "adam", "learning_rate": 1}, "epochs": EPOCHS}
NETWORKS = {
    "tanh": a_network(),
    "relu": RELU,
    "one-sided": ONE_SIDED,
    "values": VALUES,
    "recurrent": RECURRENT,
    "residual": a_network(dense(8), BLOCK, BLOCK),
    "normalised": a_network(
        dense(8, "linear"), {"kind": "batch_normalization"}, {"kind": "activation", "activation": "tanh"}
    ),
    "tiny weights": a_network(dense(16, "relu", {"kind": "random_normal", "stddev": 0.001}, repeat=10)),
    "narrow": a_network(dense(3, "relu", "he_uniform", repeat=20)),
    "large rate": a_network(training=LARGE_RATE),
}


def diagnosed(run: Run | ExternalRun) -> Diagnosis:
    return diagnose(run.external if isinstance(run, ExternalRun) else run.spec, [run])


def rules_of(diagnosis: Diagnosis) -> list[str]:
    return [finding.rule for finding in diagnosis.findings]


def expect_same(run: Run, sent: ExternalRun) -> None:
    here, there = diagnosed(run), diagnosed(sent)
    assert (there.verdict, there.root_cause, rules_of(there)) == (here.verdict, here.root_cause, rules_of(here))
    assert there.unjudged == ()
    if run.culprit is None and "nonfinite" not in rules_of(
        here
    ):  # its engine names the first value that was not finite
        assert there.findings == here.findings
        assert there.outcomes == here.outcomes


@pytest.mark.slow  # fifty runs: half a second
@pytest.mark.parametrize("speaks", [True, False])
def test_sent_with_everything_a_training_gets_the_diagnosis_of_this_service(speaks: bool):
    for case in CASES:
        run = case.build(case.yes if speaks else case.no)
        if run.spec.training.epochs:  # a training elsewhere has an epoch at least
            expect_same(run, as_sent(run))


@pytest.mark.parametrize("fails", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_all_sorts(name: str, fails: bool):
    run = a_run(NETWORKS[name], fails=fails)
    expect_same(run, as_sent(run))


def test_sent_with_everything_a_training_is_healthy():
    sent = as_sent(a_run())
    assert diagnosed(sent).verdict == "healthy"


OF_LOSS = {
    "output_mismatch", "negative_crossentropy", "contradicting_accuracy", "frozen_accuracy", "unsuited_loss",
    "target_encoding",
}  # fmt: skip
OF_GRADIENTS = {
    "exploding_growth", "dead_network", "vanishing_gradient", "gradient_floor",
}  # fmt: skip
WITHOUT_FACTS = {
    "class_imbalance", "input_range", "initial_variance", "born_dead_risk", "predicted_exploding",
    "predicted_vanishing", "loss_blow_up", "oscillation", "late_rise", "overfitting",
    "nonfinite_samples", "constant_features", "target_leak", "repeated_samples", "split_by_class", "rare_class",
    "label_noise",
}  # fmt: skip


def test_without_facts_the_rules_about_the_data_are_unjudged():
    sent = as_sent(a_run())
    unjudged = {each.rule: each for each in diagnosed(replace_facts(sent, None)).unjudged}
    assert {*unjudged} == WITHOUT_FACTS
    assert all("data=(x, y)" in each.advice for each in unjudged.values())


def replace_facts(run: ExternalRun, facts: Any) -> ExternalRun:
    return ExternalRun(run.external, run.seed, run.history, run.stopped_by, facts, run.wiring)


@pytest.mark.parametrize(
    ("field", "rules"),
    [
        ("optimizer", {"learning_rate"}),
        ("loss", OF_LOSS),
        ("batch_size", set()),  # the wiring has it
        ("train_count", set()),  # the facts have it
        ("target", set()),
    ],
)
def test_a_field_that_is_left_out_leaves_its_rules_unjudged(field: str, rules: set[str]):
    sent = as_sent(a_run(), **{field: None})
    assert {each.rule for each in diagnosed(sent).unjudged} == rules


OF_CONFIGURATION = {
    "nonzero_mean_initialization", "initial_variance", "finite_width", "symmetric_units",
    "born_dead_risk", "learning_rate", "saturation", "saturation_range", "dead_units", "dead_layer",
}  # fmt: skip


def test_a_layer_without_configuration_leaves_the_rules_about_it_unjudged():
    fields = described(a_network())
    fields["layers"][1] |= {"configuration": None, "activation": None}
    sent = as_sent(a_run(), layers=fields["layers"])
    unjudged = {each.rule: each.why for each in diagnosed(sent).unjudged}
    assert {*unjudged} <= OF_CONFIGURATION | {"predicted_exploding", "predicted_vanishing"}
    assert {"nonzero_mean_initialization", "symmetric_units", "dead_units"} <= {*unjudged}
    assert all("dense_2" in why for why in unjudged.values())


@pytest.mark.parametrize(
    ("kind", "rules"),
    [
        ("gradients", OF_GRADIENTS),
        ("weights", {"update_ratio"}),
        ("activations", {"saturation", "saturation_range"}),
        ("signals", {"vanishing_signal"}),
    ],
)
def test_a_kind_of_series_that_is_not_sent_leaves_its_rules_unjudged(kind: str, rules: set[str]):
    record = described(a_network())["record"] | {kind: 0}
    unjudged = {each.rule: each.why for each in diagnosed(as_sent(a_run(), record=record)).unjudged}
    assert {*unjudged} == rules
    assert all(kind in why for why in unjudged.values())


@pytest.mark.parametrize(
    ("metric", "rules"),
    [
        ("learning_rate", {"learning_rate"}),
        ("gradient_norm", {"gradient_spike"}),
        ("val_loss", {"overfitting"}),
        ("accuracy", {"contradicting_accuracy", "frozen_accuracy", "single_class"}),
    ],
)
def test_a_metric_that_is_not_sent_leaves_its_rules_unjudged(metric: str, rules: set[str]):
    run = a_run()
    names = [name for name in run.history.layout.metrics if name != metric]
    places = [run.history.layout.metrics.index(name) for name in names]
    sent = as_sent(run, metrics=names)
    object.__setattr__(sent, "history", replace(sent.history, metrics=run.history.metrics[:, places]))
    assert {each.rule for each in diagnosed(sent).unjudged} == rules


def test_rules_unjudged_of_an_experiment_whose_facts_are_missing_say_who_works_them_out():
    run = replace(a_run(), facts=None)
    diagnosis = diagnosed(run)
    assert {each.rule for each in diagnosis.unjudged} == WITHOUT_FACTS
    assert all("worker" in each.advice for each in diagnosis.unjudged)


# Names in the modules of rules that read the wiring, which trainings of this service do not have.
OF_WIRING = {"wiring_of", "tensors_of", "TensorWiring", "_scores_mismatched", "_by_wiring"}


def test_no_rule_asks_which_kind_of_run_it_reads():
    for rule in RULES:
        names = {*rule.detect.__globals__}
        assert "ExternalRun" not in names or names & OF_WIRING, rule.name
