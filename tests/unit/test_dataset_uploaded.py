"""`UploadedDataset` in a spec: what is checked without the file, and what the canonical text holds."""

import json
from typing import Any

import pytest

from api.cli.training import train_alone
from gradlab.cli.outcome import read_spec, spec_to_send
from gradlab.errors import Invalid
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from gradlab.vocabulary.datasets.uploaded import UploadedDataset, Window
from gradlab.vocabulary.splits import SplitInOrder
from gradlab.vocabulary.targets import Target

ID, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
CLASSES = {
    "train_count": 80,
    "val_count": 20,
    "feature_shape": [3],
    "target": {"kind": "classes", "count": 3},
    "classes": ["ant", "bee", "cat"],
}


def fields(units: int = 3, training: dict[str, Any] | None = None, **dataset: Any) -> dict[str, Any]:
    """A spec on an uploaded dataset of three classes, with some fields of the dataset replaced."""
    uploaded = {"kind": "uploaded", "id": ID, "target": "label", "task": "classes", "samples": CLASSES}
    return {
        "dataset": uploaded | dataset,
        "model": {"layers": [{"kind": "dense", "units": units, "activation": "softmax"}]},
        "training": {"loss": "categorical_crossentropy", "optimizer": "adam", "epochs": 3} | (training or {}),
    }


def spec(**given: Any) -> ExperimentSpec:
    return parse(json.dumps(fields(**given)))


def problem(**given: Any) -> str:
    """The one problem of a spec with these fields."""
    with pytest.raises(Invalid) as refused:
        spec(**given)
    assert len(refused.value.problems) == 1
    return str(refused.value)


def test_a_spec_knows_shapes_and_classes_without_the_file():
    dataset = spec().dataset
    assert (dataset.train_count, dataset.sample_count, dataset.feature_shape) == (80, 100, (3,))
    assert dataset.target == Target("classes", 3)
    assert dataset.class_names == ("ant", "bee", "cat")
    assert spec().parameter_count == 12
    with pytest.raises(LookupError, match="not in the spec"):
        dataset.load()


def test_the_canonical_text_is_read_back_as_the_same_spec():
    whole = spec(
        features=["a", "b"],
        split={"kind": "by_column", "column": "part"},
        prepare=["standardise", {"kind": "clip", "columns": ["a"], "low": -3, "high": 3}],
        training={"class_weight": {"ant": 2.0, "cat": 0.5}},
    )
    assert parse(whole.canonical()) == whole
    assert json.loads(whole.canonical())["dataset"]["target"] == "label"
    assert json.loads(whole.canonical())["training"]["class_weight"] == {"ant": 2.0, "cat": 0.5}
    assert hash(whole) == hash(parse(whole.canonical()))


def test_a_spec_without_class_weights_has_the_text_that_it_always_had():
    assert "class_weight" not in spec().canonical()


def test_a_spec_whose_shapes_are_not_filled_in_is_refused():
    assert "dataset.samples: expected what follows from the file" in problem(samples=None)


def test_more_classes_than_units_are_refused():
    assert "model.layers[0]: expected an output of shape (3,)" in problem(units=2)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"id": "sha256:1"}, 'dataset.id: expected the id of an uploaded dataset: "sha256:"'),
        ({"features": ["a", "label"]}, "dataset.target: expected another column than those of features"),
        ({"features": ["a", "a"]}, "dataset.features: expected each column once; received a"),
        ({"sample_weight": "label"}, "dataset.sample_weight: expected another column than those of target"),
        ({"task": "inputs"}, 'dataset.target: expected null: with the task "inputs"'),
        ({"validation": ID}, "dataset.validation: expected another dataset"),
        ({"validation": OTHER, "split": "random"}, "dataset.split: expected null beside `validation`"),
        ({"window": {"steps": 2}}, "dataset.split: expected in_order, or `validation`"),
        ({"task": "values", "split": "stratified"}, "dataset.split: expected a split for this task"),
        ({"split": {"kind": "random", "train": 1.0}}, "dataset.split.train: expected a number below 1"),
        ({"prepare": ["standardize"]}, "(did you mean standardise?)"),
        ({"features": ["a"], "prepare": [{"kind": "log", "columns": ["b"]}]}, "expected columns among features and"),
        ({"prepare": [{"kind": "log", "columns": ["label"]}]}, "dataset.prepare[0].columns: expected columns that log"),
        ({"prepare": [{"kind": "min_max", "low": 1, "high": 1}]}, "dataset.prepare[0].high: expected a number above"),
        ({"training": {"class_weight": {"ant": 1, "dog": 2}}}, "weights by class: one of ant, bee, cat"),
        ({"training": {"class_weight": "balanced"}, "sample_weight": "w"}, "class_weight: expected null beside"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_field(given, text):
    assert text in problem(**given)


def test_windows_are_counted_from_the_rows():
    assert [Window(steps=3, horizon=horizon).count(10) for horizon in (0, 1, 7, 8)] == [8, 7, 1, 0]
    assert Window(steps=3, stride=4, horizon=1).count(10) == 2


def test_a_split_leaves_both_parts_a_row():
    assert [SplitInOrder(train=share).train_count(10) for share in (0.01, 0.29, 0.99)] == [1, 3, 9]


def test_integers_below_a_bound_may_be_tokens():
    tokens = CLASSES | {"feature_shape": [5], "whole_below": 50}
    dataset = UploadedDataset.model_validate({**fields()["dataset"], "samples": tokens})
    assert dataset.whole_below == 50


def test_a_spec_without_shapes_is_sent_as_it_is_for_the_service_to_complete(tmp_path):
    file = tmp_path / "spec.json"
    file.write_text(json.dumps(fields(samples=None)))
    assert spec_to_send(file) == fields(samples=None)
    with pytest.raises(Invalid, match=r"dataset.samples"):
        read_spec(file)
    with pytest.raises(Invalid, match="a service trains on uploaded ones"):
        train_alone(spec(), None)
