"""The samples of a spec with several inputs and outputs as they follow from a file, and what is missing in it."""

from typing import Any

import numpy as np
import pytest

from core.samples.filling import filled
from core.samples.summary import summary_of
from gradlab.errors import Invalid
from gradlab.frozen import ByName
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from gradlab.vocabulary.datasets.uploaded_parts import part_of_input, part_of_output
from tests.tables import ID, a_table

RANDOM = np.random.default_rng(3)
ROWS = 40
SORTS = ["cat"] * 20 + ["ant"] * 12 + ["bee"] * 8
TABLE = a_table(
    left=RANDOM.normal(size=ROWS), words=RANDOM.integers(0, 9, (ROWS, 5)), c=RANDOM.normal(size=ROWS),
    colour=["red", "blue"] * 20, price=RANDOM.normal(size=ROWS), sort=SORTS,
)  # fmt: skip
NAMES = {"inputs": ("words", "left"), "outputs": ("sort", "price")}
FIELDS = {"kind": "uploaded", "id": ID, "task": {"price": "values", "sort": "classes"}}


def whole(inputs: Any = NAMES["inputs"], outputs: Any = NAMES["outputs"], **fields: Any) -> UploadedDataset:
    dataset = UploadedDataset.model_validate(FIELDS | fields)
    return filled(dataset, summary_of(TABLE), inputs=inputs, outputs=outputs)


def refused(**fields: Any) -> str:
    with pytest.raises(Invalid) as error:
        whole(**fields)
    return str(error.value)


def test_columns_of_the_names_of_inputs_and_outputs_are_taken_in_the_networks_order():
    dataset = whole()
    assert dataset.features == ByName({"left": ("left",), "words": ("words",)})
    assert dataset.target_columns == ByName({"price": "price", "sort": "sort"})
    assert [(each.name, each.shape, each.whole_below) for each in dataset.samples.inputs] == [
        ("words", (5,), 9),
        ("left", (1,), None),
    ]
    sort, price = dataset.samples.outputs
    assert (sort.name, sort.classes, price.target.kind) == ("sort", ("ant", "bee", "cat"), "values")
    assert (dataset.train_count, dataset.samples.feature_shape, dataset.samples.target) == (32, None, None)
    again = UploadedDataset.model_validate(dataset.model_dump(mode="json"))
    assert again == dataset
    assert filled(again, summary_of(TABLE), **NAMES) == dataset


def test_one_column_may_enter_two_inputs_and_be_the_target_of_two_outputs():
    features = {"words": ["c", "left", "colour"], "left": ["c"]}
    prepare = [{"kind": "one_hot", "columns": ["colour"]}]
    dataset = whole(features=features, target={"sort": "price", "price": "price"}, task="values", prepare=prepare)
    assert [each.shape for each in dataset.samples.inputs] == [(4,), (1,)]
    assert [each.target.count for each in dataset.samples.outputs] == [1, 1]
    assert dataset.targets == ("price",)


def test_an_output_may_repeat_one_of_the_inputs():
    dataset = whole(task={"sort": "inputs", "price": "values"}, target={"sort": "words", "price": "price"})
    assert dataset.samples.outputs[0].target.form.count == 5
    assert dataset.targets == ("price",)
    assert "the name of an input: left, words; received c" in _invalid(target={"sort": "c", "price": "price"})


def _invalid(**fields: Any) -> str:
    with pytest.raises(ValueError, match="name of an input") as error:
        UploadedDataset.model_validate(
            FIELDS
            | {"features": {"left": ["left"], "words": ["words"]}, "task": {"sort": "inputs", "price": "values"}}
            | fields
        )
    context = error.value.errors()[0]["ctx"]
    return f"{context['field']}: {context['expected']}; received {context['received']}"


def test_a_part_is_a_dataset_of_one_input_and_one_output():
    dataset = whole()
    words, sort = part_of_input(dataset, "words"), part_of_output(dataset, "sort")
    assert (words.features, words.feature_shape, words.whole_below) == (("words",), (5,), 9)
    assert (sort.targets, sort.task, sort.class_names) == (("sort",), "classes", ("ant", "bee", "cat"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"inputs": ("words", "right")}, "dataset.features: expected an object with the columns of each input, words,"),
        ({"outputs": ("sort", "cost")}, "dataset.target: expected an object with the columns to predict"),
        ({"features": {"left": ["left"], "words": ["wrods"]}}, "dataset.features.words: expected one of"),
        ({"target": {"price": "prize", "sort": "sort"}}, "dataset.target.price: expected one of"),
        ({"features": {"left": ["left", "words"], "words": ["words"]}, "prepare": []}, ""),
        ({"target": {"price": "sort", "sort": "sort"}}, "dataset.target.price: expected numbers for values"),
        ({"features": {"left": ["colour"], "words": ["words"]}}, "dataset.prepare: expected one_hot or ordinal"),
    ],
)  # fmt: skip
def test_what_is_missing_or_does_not_fit_is_named_with_its_input_or_output(fields, expected):
    if not expected:
        assert whole(**fields).shape_of("left") == (6,)
        return
    assert expected in refused(**fields)
