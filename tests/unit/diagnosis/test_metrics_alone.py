"""Findings from loss and accuracy alone, of trainings elsewhere as of our own."""

import math
from typing import Any

import numpy as np
import pytest

from gradlab.diagnosis import ExternalRun, diagnose
from gradlab.diagnosis.answers import ACCURACIES
from gradlab.diagnosis.rules import RULES
from gradlab.diagnosis.unknown import Unknown
from gradlab.measurement.history import History, Layout, SeriesLayout, Tensor
from gradlab.spec import ExternalSpec
from tests.builders import an_external_spec
from tests.unit.diagnosis.histories import EPOCHS, a_network, a_run, dense

BY_NAME = {rule.name: rule for rule in RULES}
BINARY, CATEGORICAL = "binary_crossentropy", "sparse_categorical_crossentropy"
FLAT = np.ones(20)


def elsewhere(
    minimised: str | None = BINARY,
    /,
    *,
    output: str | None = "sigmoid",
    units: int = 1,
    named: str = "accuracy",
    **values: Any,
) -> ExternalRun:
    """A training elsewhere of which nothing is sent but metrics: each a row of numbers, `accuracy` under any name."""
    values = {named if name == "accuracy" else name: np.asarray(row, float) for name, row in values.items()}
    epochs = max(len(row) for row in values.values())
    spec = an_external_spec(epochs=epochs).model_dump(mode="json")
    last = {**spec["layers"][-1], "output_shape": [units], "activation": output}
    changed = {"layers": [*spec["layers"][:-1], last], "metrics": list(values), "record": {"gradients": 0}}
    spec = ExternalSpec.model_validate(spec | changed | {"loss": minimised and {"kind": minimised}})
    metrics = np.stack(list(values.values()), axis=1).astype(np.float32)
    return ExternalRun(spec, 0, History(spec.layout, 1, metrics, {}))


def found(run: ExternalRun) -> dict[str, Any]:
    return {finding.rule: finding for finding in diagnose(run.external, [run]).findings}


@pytest.mark.parametrize("named", ACCURACIES)
@pytest.mark.parametrize(("loss", "output", "units"), [(BINARY, "sigmoid", 1), (CATEGORICAL, "softmax", 10)])
def test_a_loss_near_zero_with_an_accuracy_at_chance_is_a_contradiction(named, loss, output, units):
    falling = np.geomspace(1, 1e-4, 20)
    run = elsewhere(loss, output=output, units=units, named=named, loss=falling, accuracy=FLAT / max(2, units))
    diagnosis = diagnose(run.external, [run])
    assert (diagnosis.verdict, diagnosis.root_cause) == ("ill", "contradicting_accuracy")
    told = found(run)["contradicting_accuracy"].explanation
    assert "1.0e-04" in told
    assert "labels" in told


@pytest.mark.parametrize(
    ("loss", "accuracy"), [(0.05, 0.95), (0.35, 0.5), (0.69, 0.5), (2.3, 0.1), (math.nan, 0.5), (1e-4, 0.91)]
)
def test_losses_that_have_room_for_the_wrong_answers_contradict_nothing(loss: float, accuracy: float):
    assert BY_NAME["contradicting_accuracy"](elsewhere(loss=FLAT * loss, accuracy=FLAT * accuracy)) is None


def test_the_squared_error_of_values_says_nothing_about_an_accuracy():
    run = elsewhere("mean_squared_error", output="linear", loss=np.geomspace(1, 1e-4, 20), accuracy=FLAT * 0)
    assert {"contradicting_accuracy", "frozen_accuracy", "single_class"}.isdisjoint(found(run))


def test_an_accuracy_that_stays_to_the_last_digit_while_the_loss_falls_is_frozen():
    loss = np.linspace(0.69, 0.5, 20)  # enough room for a half of wrong answers
    assert "frozen_accuracy" in found(elsewhere(loss=loss, accuracy=FLAT * 0.5))
    moved = FLAT * 0.5
    moved[11] += 0.001
    assert "frozen_accuracy" not in found(elsewhere(loss=loss, accuracy=moved))
    assert "frozen_accuracy" not in found(elsewhere(loss=loss, accuracy=FLAT))  # all are right
    assert "frozen_accuracy" not in found(elsewhere(loss=loss[:4], accuracy=FLAT[:4] * 0.5))


def test_an_accuracy_and_a_loss_of_a_constant_answer_are_one_of_a_single_class():
    share = 0.88
    entropy = -share * math.log(share) - (1 - share) * math.log(1 - share)
    finding = found(elsewhere(loss=FLAT * entropy, accuracy=FLAT * share))["single_class"]
    assert (finding.severity, finding.measures[0].value) == ("warning", pytest.approx(share))
    tenth = found(elsewhere(CATEGORICAL, output="softmax", units=10, loss=FLAT * math.log(10), accuracy=FLAT / 10))
    assert "single_class" in tenth
    assert "single_class" not in found(elsewhere(loss=FLAT * entropy / 2, accuracy=FLAT * share))


def test_of_our_own_runs_the_share_of_the_class_is_known():
    run = a_run(fails=True)
    assert run.facts.constant_accuracy < 1
    sighting = BY_NAME["single_class"](run)
    assert sighting is not None
    assert sighting.measures[1].value == pytest.approx(run.facts.constant_accuracy)
    assert BY_NAME["single_class"](a_run(fails=True, metrics={"accuracy": run.facts.constant_accuracy + 0.01})) is None
    assert BY_NAME["single_class"](a_run()) is None
    # NaN everywhere counts as the first class: a network that has lost its numbers gives no answer.
    assert BY_NAME["single_class"](a_run(fails=True, metrics={"loss": math.nan})) is None


@pytest.mark.parametrize("loss", [BINARY, CATEGORICAL, "binary_focal_crossentropy"])
def test_a_cross_entropy_below_zero_is_told_whatever_it_is_called(loss):
    units = 3 if loss == CATEGORICAL else 1
    run = elsewhere(loss, units=units, loss=np.linspace(0.7, -4, 20))
    finding = found(run)["negative_crossentropy"]
    assert finding.measures[0].value == pytest.approx(-4)
    assert diagnose(run.external, [run]).root_cause == "negative_crossentropy"
    assert "negative_crossentropy" not in found(elsewhere("poisson", output="softplus", loss=np.linspace(0.7, -4, 20)))


@pytest.mark.parametrize(
    ("first", "severity"), [(1.3, None), (2.1, "info"), (2.9, "info"), (3.1, "warning"), (112.0, "warning")]
)
def test_a_first_loss_far_above_ln_k_is_a_fault_of_scale(first: float, severity: str | None):
    for loss, units, constant in ((BINARY, 1, math.log(2)), (CATEGORICAL, 7, math.log(7))):
        output = "sigmoid" if units == 1 else "softmax"
        finding = found(elsewhere(loss, output=output, units=units, loss=FLAT * first * constant)).get("initial_loss")
        assert (finding and finding.severity) == severity


@pytest.mark.parametrize(
    ("loss", "first", "says"),
    [
        ("mean_squared_error", 401, True),
        ("mean_squared_error", 399, False),
        ("mean_absolute_error", 20.1, True),
        ("mean_absolute_error", 19.9, False),
        ("my_own", 1e6, False),
    ],
)
def test_a_first_error_far_above_one_says_that_the_targets_are_not_scaled(loss: str, first: float, says: bool):
    run = elsewhere(loss, output="linear", loss=FLAT * first)
    assert ("target_range" in found(run)) == says


@pytest.mark.parametrize(
    ("output", "units", "loss", "severity"),
    [
        ("softmax", 1, BINARY, "critical"),
        ("sigmoid", 1, BINARY, None),
        ("linear", 1, BINARY, "warning"),
        ("softmax", 4, CATEGORICAL, None),
        ("relu", 4, CATEGORICAL, "warning"),
        ("linear", 1, "mean_squared_error", None),
    ],
)
def test_an_output_elsewhere_is_held_against_its_loss(output, units, loss, severity):
    finding = found(elsewhere(loss, output=output, units=units, loss=FLAT / 10)).get("output_mismatch")
    assert (finding and finding.severity) == severity


@pytest.mark.parametrize(
    ("versions", "severity"), [({"keras": "3.15.1", "tensorflow": "2.21.0"}, "info"), ({"torch": "2.13"}, "warning")]
)
def test_only_keras_on_tensorflow_undoes_a_softmax_before_a_loss_of_logits(versions, severity):
    run = elsewhere(CATEGORICAL, output="softmax", units=3, loss=FLAT)
    loss = {"kind": CATEGORICAL, "from_logits": True}
    spec = ExternalSpec.model_validate(run.external.model_dump(mode="json") | {"loss": loss, "versions": versions})
    assert found(ExternalRun(spec, 0, run.history))["output_mismatch"].severity == severity


@pytest.mark.parametrize(("loss", "output"), [(None, "sigmoid"), (BINARY, None), ("my_own", "sigmoid")])
def test_of_what_is_not_known_nothing_is_said(loss, output):
    with pytest.raises(Unknown):
        BY_NAME["output_mismatch"](elsewhere(loss, output=output, loss=FLAT))


@pytest.mark.parametrize(
    ("name", "shape", "is_one"),
    [
        ("kernel", (3, 4), True),
        ("forward_recurrent_kernel", (4, 4), True),
        ("weight", (4, 3), True),
        ("0.weight", (4, 3), True),
        ("weight_ih_l0", (16, 3), True),
        ("weight_hh_l1_reverse", (16, 4), True),
        ("in_proj_weight", (12, 4), True),
        ("w", (3, 4), True),
        ("weight", (4,), False),
        ("bias", (4,), False),
        ("bias_ih_l0", (16,), False),
        ("gamma", (4,), False),
        ("embeddings", (9, 4), False),
    ],
)
def test_a_kernel_is_one_by_any_name(name, shape, is_one):
    assert Tensor("fc1", name, shape).is_kernel == is_one


def test_rules_about_kernels_look_at_weights_of_other_frameworks_but_not_at_their_embeddings():
    names = [("rows", "Embedding", (9, 4)), ("fc1", "Linear", (5, 4)), ("fc2", "Linear", (1, 5))]
    layers = [
        {"name": name, "class_name": kind, "parameters": [{"name": "weight", "shape": shape}]}
        for name, kind, shape in names
    ]
    spec = ExternalSpec.model_validate({"source": "external", "layers": layers, "epochs": EPOCHS})
    (layout,) = spec.layout.series
    assert isinstance(layout, SeriesLayout)
    gradients = np.zeros((EPOCHS, *layout.shape), np.float32)
    gradients[:, :, layout.columns.index("l2")] = (1, 1e-6, 1)
    history = History(Layout(("loss",), (layout,)), 1, np.ones((EPOCHS, 1), np.float32), {"gradients": gradients})
    finding = found(ExternalRun(spec, 0, history))["vanishing_gradient"]
    assert finding.layers == ("fc1",)


def test_a_softmax_over_one_unit_is_the_root_of_what_its_metrics_show():
    spec = a_network(dense(), output=dense(1, "softmax"))
    falling = np.geomspace(0.7, 1e-3, EPOCHS + 1)
    run = a_run(spec, metrics={"loss": falling, "accuracy": 0.5, "val_accuracy": 0.5})
    diagnosis = diagnose(spec, [run])
    assert (diagnosis.verdict, diagnosis.root_cause) == ("ill", "output_mismatch")
    assert {"contradicting_accuracy", "frozen_accuracy"} <= {finding.rule for finding in diagnosis.findings}


@pytest.mark.parametrize(
    ("loss", "minimised", "word"),
    [
        ([0.7, 0.7, 0.6, math.nan], BINARY, "Nothing had grown"),
        ([0.7, 4.0, 7.1, math.nan], BINARY, "what grew before"),
        ([0.7, math.inf, math.nan], BINARY, "what grew before"),
        ([math.nan, math.nan], BINARY, "within the first epoch"),
        ([math.nan, math.nan], "my_own", "Nothing had grown"),
    ],
)
def test_three_stories_of_nan_from_the_loss_alone(loss, minimised, word):
    finding = found(elsewhere(minimised, loss=loss))["nonfinite"]
    assert word in finding.explanation
    assert finding.since_epoch == 1 + int(np.flatnonzero(~np.isfinite(loss))[0])
