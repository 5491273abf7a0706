"""Facts worked out in somebody's own process: the same numbers as a worker's, and no sample."""

import json

import numpy as np
import pytest

from gradlab.facts import measure, of_external, of_spec, target_of
from gradlab.facts.model import MAX_FACTS_BYTES
from gradlab.spec import ExternalSpec
from gradlab.vocabulary.losses import BY_KIND
from gradlab.vocabulary.targets import Target
from tests.unit.diagnosis.histories import a_network, dense
from tests.unit.diagnosis.rule_cases import RECURRENT, RELU, VALUES
from tests.unit.diagnosis.sent import described

BLOCK = {"kind": "residual", "layers": [dense(8), dense(8)]}
THREE = a_network(
    dense(8),
    output=dense(3, "softmax"),
    dataset={"kind": "iris"},
    training={"loss": "categorical_crossentropy", "optimizer": "adam", "epochs": 5},
)


@pytest.mark.parametrize(
    "spec",
    [a_network(), RELU, VALUES, RECURRENT, THREE, a_network(dense(8), BLOCK)],
    ids=lambda spec: spec.dataset.kind,
)
@pytest.mark.parametrize("said", [True, False], ids=["target said", "target from the samples"])
def test_a_users_process_works_out_what_a_worker_does(spec, said):
    data, fields = spec.dataset.load(), described(spec)
    external = ExternalSpec.model_validate(fields | ({} if said else {"target": None}))
    facts = of_external(external, data.train_x, data.train_y, data.val_x, data.val_y)
    assert facts.model_dump_json() == of_spec(spec).model_dump_json()


def test_one_hot_rows_are_classes():
    spec, data = THREE, THREE.dataset.load()
    external = ExternalSpec.model_validate(described(spec))
    rows = [np.eye(3)[y] for y in (data.train_y, data.val_y)]
    assert of_external(external, data.train_x, rows[0], data.val_x, rows[1]) == of_spec(spec)


@pytest.mark.slow
def test_facts_of_many_features_are_small_and_name_the_odd_ones():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(500, 3000)).astype(np.float32)
    x[:, 7], x[:, 100:140] = 3.0, x[:, 100:140] * 1000
    x[3, 2999] = np.nan
    names = [f"pixel {number}" for number in range(3000)]
    facts = measure(x, draw.integers(0, 1000, 500), target=Target("classes", 1000), feature_names=names)
    text = facts.model_dump_json()
    assert len(text) < MAX_FACTS_BYTES / 4
    inputs = json.loads(text)["inputs"]
    assert inputs["constant"] == {"count": 1, "numbers": [7], "names": ["pixel 7"]}
    assert inputs["nonfinite"] == {"count": 1, "numbers": [2999], "names": ["pixel 2999"]}
    assert inputs["extreme"]["count"] == 40
    assert inputs["extreme"]["numbers"] == list(range(100, 120))
    assert len(inputs["mean"]) == len(inputs["std"]) == len(inputs["levels"]) == 17
    assert len(facts.class_shares) == 256


def test_no_sample_is_among_the_facts():
    spec = a_network(dense(1), dataset={"kind": "moons", "samples": 40})
    text, data = of_spec(spec).model_dump_json(), spec.dataset.load()
    assert not any(repr(float(value)) in text for value in data.train_x.ravel())


def test_several_inputs_count_one_after_another():
    draw = np.random.default_rng(0)
    first, second, y = draw.normal(size=(60, 2)), draw.normal(size=(60, 3)), draw.integers(0, 2, 60)
    target = Target("classes", 2)
    together = measure(np.concatenate([first, second], axis=1), y, target=target)
    assert measure({"a": first, "b": second}, y, target=target).inputs == together.inputs


@pytest.mark.parametrize(
    ("loss", "units", "y", "target"),
    [
        ("categorical_crossentropy", 3, np.zeros((5, 3)), Target("classes", 3)),
        ("categorical_crossentropy", 3, np.zeros(5), Target("classes", 3)),
        ("categorical_crossentropy", 3, np.zeros((5, 7)), Target("classes", 3, (7,))),
        ("binary_crossentropy", 1, np.zeros((5, 1)), Target("classes", 2)),
        ("binary_crossentropy", 4, np.zeros((5, 4)), Target("labels", 4)),
        ("binary_crossentropy", 1, np.full(5, 0.3), None),
        ("mean_squared_error", 2, np.zeros((5, 2)), Target("values", 2)),
        ("mean_squared_error", None, np.zeros((5, 2)), None),
    ],
)
def test_loss_and_samples_show_the_form_of_the_targets(loss, units, y, target):
    assert target_of(y, BY_KIND[loss].model_validate({}), units) == target


@pytest.mark.parametrize(
    ("activation", "y", "target"),
    [
        ("sigmoid", np.array([0, 1, 1, 0.0]), Target("classes", 2)),
        ("sigmoid", np.array([[0], [1]]), Target("classes", 2)),
        ("softmax", np.eye(3), Target("classes", 3)),
        ("sigmoid", np.array([0, 1, 0.5]), Target("values", 1)),
        ("linear", np.array([0, 1, 1, 0.0]), Target("values", 1)),
        ("sigmoid", np.array([[0, 1], [1, 1]]), Target("values", 2)),
        (None, np.array([0, 1, 1, 0.0]), Target("values", 1)),
    ],
)
def test_a_loss_for_values_on_answers_of_yes_and_no_has_classes(activation, y, target):
    units = 1 if target.kind == "classes" and target.count == 2 else target.count
    assert target_of(y, BY_KIND["mean_absolute_error"].model_validate({}), units, activation) == target


@pytest.mark.parametrize("count", [1, 4, 24, 25])
def test_too_few_samples_to_hold_some_out_have_facts_without_a_neighbours_score(count):
    x, y = np.random.default_rng(0).normal(size=(count, 2)), np.arange(count) // 3 % 2
    facts = measure(x, y, target=Target("classes", 2))
    assert facts.train_count == count
    assert np.isnan(facts.reachable) == (count < 25)
    validated = measure(x, y, np.zeros((2, 2)), np.array([0, 1]), target=Target("classes", 2))
    assert np.isfinite(validated.reachable)
