"""Faults of samples, as numbers: each from samples in which one thing is wrong."""

import numpy as np
import pytest

from gradlab.facts import Facts, Leak, measure, of_spec
from gradlab.facts.faults import row_hashes
from gradlab.facts.model import DataFaults
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets import Dataset
from gradlab.vocabulary.targets import Target

Array = np.ndarray
TWO, VALUES = Target("classes", 2), Target("values", 1)
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(600, 4))
Y = (X[:, 0] + X[:, 1] > 0).astype(int)


def faults(x: Array = X, y: Array = Y, val: tuple[Array, Array] | None = None, target: Target = TWO) -> DataFaults:
    held = (None, None) if val is None else val
    facts = measure(x, y, *held, target=target)
    assert facts.faults is not None
    return Facts.model_validate_json(facts.model_dump_json()).faults or facts.faults


def with_columns(*columns: Array) -> Array:
    return np.column_stack([X, *columns])


def test_samples_that_are_well_have_no_faults():
    well = faults(val=(X[:100] + 1e-3, Y[:100]))
    assert (well.nonfinite_inputs, well.nonfinite_targets, well.leaks, well.leak) == (0, 0, 0, None)
    assert (well.repeated, well.repeated_in_training, well.discrete, well.absent_classes) == (0, 0, False, 0)
    assert well.contradicted is not None
    assert well.contradicted < 0.05
    assert well.class_distance == pytest.approx(0, abs=0.1)


def test_samples_with_a_number_that_is_not_finite_are_counted_wherever_they_stand():
    broken, values = X.astype("float32"), X[:, :1].copy()
    broken[[3, 599], [0, 3]], values[7] = [np.nan, np.inf], np.nan
    seen = faults(broken, values, target=VALUES)
    assert (seen.nonfinite_inputs, seen.nonfinite_targets) == (2 / 600, 1 / 600)
    assert faults(np.full_like(broken, 3e38)).nonfinite_inputs == 0  # their sum is infinite


@pytest.mark.parametrize(
    ("column", "target", "form"),
    [
        (X[:, 0], X[:, 0], "equal"),
        (5 - 2 * X[:, 0].astype("float32"), X[:, 0], "linear"),
        (X[:, 0] ** 3, X[:, 0], "monotone"),
        (X[:, 0] + 1e-2 * X[:, 1], X[:, 0], None),
        (Y, Y, "equal"),
        (7 - 3 * Y, Y, "one_to_one"),
        (np.where(np.arange(600) == 5, 1 - Y, Y), Y, None),
    ],
)
def test_a_feature_that_determines_the_target_is_a_leak(column, target, form):
    task = TWO if target is Y else VALUES
    x = np.column_stack([X[:, 1:], column])
    seen = faults(x, target if task is TWO else target[:, None], target=task)
    assert (seen.leaks, seen.leak and (seen.leak.feature, seen.leak.form)) == (
        (1, (3, form)) if form else (0, None)
    )  # fmt: skip


def test_one_feature_alone_and_inputs_as_targets_are_no_leaks():
    assert faults(X[:, :1], X[:, :1], target=VALUES).leaks == 0
    assert faults(X, X, target=Target("values", 4)).leaks == 0
    assert faults(np.column_stack([Y, 1 - Y])).leaks == 0  # every feature determines the target


def test_validation_samples_among_the_training_samples_are_counted():
    seen = faults(val=(np.concatenate([X[:30], X[30:100] + 1e-6]), Y[:100]))
    assert seen.repeated == 0.3
    assert faults(np.tile(X[:300], (2, 1)), np.tile(Y[:300], 2), (X[:3], Y[:3])).repeated_in_training == 0.5
    assert faults(X.round(), Y, (X[:9].round(), Y[:9])).discrete


def test_hashes_are_equal_for_equal_rows_alone():
    x = RANDOM.integers(0, 50, (20_000, 3)).astype("uint8")
    assert len(np.unique(row_hashes([x]))) == len(np.unique(x, axis=0))
    assert np.array_equal(row_hashes([x[:, :1], x[:, 1:]]), row_hashes([x[:, :1].copy(), x[:, 1:]]))
    assert len(np.unique(row_hashes([np.array([[0.0, 1], [1, 0], [-0.0, 1], [0, -1]])]))) == 3


def test_rare_and_absent_classes_are_counted():
    three = Target("classes", 4)
    seen = faults(X, np.where(np.arange(600) < 3, 3, Y), (X[:9], np.ones(9, int)), target=three)
    assert (seen.rarest_class, seen.absent_classes, seen.first_class_absent) == (3, 1, False)
    assert seen.class_distance == pytest.approx(0.5, abs=0.05)
    assert faults(X, Y + 1, target=Target("classes", 3)).first_class_absent


@pytest.mark.slow
def test_labels_that_are_wrong_contradict_their_neighbours():
    x = RANDOM.normal(size=(2000, 2))
    y = (x.sum(axis=1) > 0).astype(int)
    right, wrong = faults(x, y).contradicted, faults(x, np.where(RANDOM.random(2000) < 0.25, 1 - y, y)).contradicted
    assert right is not None
    assert wrong is not None
    assert right < 0.02 < 0.15 < wrong < 0.35
    # In ten dimensions a sphere's middle is everybody's neighbour, and no label is wrong.
    x = RANDOM.normal(size=(1500, 10))
    ball = faults(x, ((x**2).sum(axis=1) > 9.34).astype(int))
    assert ball.contradicted is None or ball.contradicted < 0.1
    assert faults(X[:200], Y[:200]).contradicted is None  # 15 neighbours are no neighbourhood


def test_a_leak_of_an_uploaded_table_is_named_by_its_column():
    dataset = {
        "kind": "uploaded", "id": f"sha256:{0:064}", "features": ["a", "b", "c"], "target": "y", "task": "classes",
        "samples": {
            "train_count": 600, "val_count": 9, "feature_shape": [3], "target": {"kind": "classes", "count": 2},
            "classes": ["0", "1"],
        },
    }  # fmt: skip
    layers = [{"kind": "dense", "units": 1, "activation": "sigmoid"}]
    training = {"loss": "binary_crossentropy", "optimizer": "sgd", "epochs": 1}
    spec = ExperimentSpec.model_validate({"dataset": dataset, "model": {"layers": layers}, "training": training})
    x = np.column_stack([X[:, 2:], 3 - Y]).astype("float32")
    faults_of_table = of_spec(spec, lambda _: Dataset(x, Y, x[:9], Y[:9])).faults
    assert faults_of_table is not None
    assert faults_of_table.leak == Leak(feature=2, name="c", form="one_to_one")
