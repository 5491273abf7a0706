"""Samples of networks with several inputs and outputs: an array of each by name, of the same rows."""

import numpy as np
import pytest

from core.samples.loading import samples_of
from gradlab.errors import Invalid
from gradlab.vocabulary.datasets import Dataset
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from tests.tables import ID, a_table

ROWS = 30
RANDOM = np.random.default_rng(0)
A, B, PRICE = (RANDOM.normal(size=ROWS).astype(np.float32) for _ in range(3))
IMAGES = RANDOM.normal(size=(ROWS, 4, 4, 1)).astype(np.float32)
SORT = [("cat", "dog", "owl")[row % 3] for row in range(ROWS)]
TABLE = a_table(a=A, b=B, image=IMAGES, price=PRICE, sort=SORT, weight=np.arange(ROWS))
VALUES = {"kind": "values", "count": 1}
FIELDS = {
    "kind": "uploaded",
    "id": ID,
    "features": {"table": ["b", "a"], "image": ["image"]},
    "target": {"price": "price", "sort": "sort"},
    "task": {"price": "values", "sort": "classes"},
    "split": {"kind": "random", "train": 0.8},
    "samples": {
        "train_count": 24,
        "val_count": 6,
        "inputs": [{"name": "table", "shape": [2]}, {"name": "image", "shape": [4, 4, 1]}],
        "outputs": [
            {"name": "price", "target": VALUES},
            {"name": "sort", "target": {"kind": "classes", "count": 3}, "classes": ["cat", "dog", "owl"]},
        ],
    },
}


def loaded(**fields) -> Dataset:
    return samples_of(UploadedDataset.model_validate(FIELDS | fields), TABLE)


def filled_in(**fields) -> dict:
    return {"samples": FIELDS["samples"] | fields}


def shapes(**inputs) -> list[dict]:
    return [{"name": name, "shape": shape} for name, shape in inputs.items()]


def test_each_input_and_output_has_an_array_of_the_same_rows_in_the_order_of_the_network():
    data = loaded()
    assert data.counts == (24, 6)
    for (table, image), (price, sort) in ((data.train_x, data.train_y), (data.val_x, data.val_y)):
        rows = [int(np.argmin(np.abs(A - each))) for each in table[:, 1]]
        np.testing.assert_array_equal(table, np.stack([B[rows], A[rows]], axis=1))
        np.testing.assert_array_equal(image, IMAGES[rows])
        np.testing.assert_array_equal(price[:, 0], PRICE[rows])
        assert sort.tolist() == [row % 3 for row in rows]


def test_one_of_several_inputs_can_be_the_target_of_an_output():
    again = {"name": "again", "target": {"kind": "values", "count": 2}}
    data = loaded(
        target={"again": "table", "price": "price"},
        task={"again": "inputs", "price": "values"},
        **filled_in(outputs=[{"name": "price", "target": VALUES}, again]),
    )
    assert data.train_y[1] is data.train_x[0]


def test_windows_are_cut_from_all_inputs_alike():
    data = loaded(
        features={"table": ["a", "b"], "one": ["b"]},
        window={"steps": 4, "horizon": 1},
        split={"kind": "in_order", "train": 0.8},
        sample_weight="weight",
        **filled_in(train_count=20, val_count=2, inputs=shapes(table=[4, 2], one=[4, 1])),
    )
    table, one = data.train_x
    np.testing.assert_array_equal(one[..., 0], table[..., 1])
    begins = [int(np.argmin(np.abs(A - each))) for each in table[:, 0, 0]]
    np.testing.assert_array_equal(data.train_y[0][:, 0], PRICE[np.array(begins) + 4])
    np.testing.assert_array_equal(data.train_weight, np.array(begins) + 4)


def test_samples_that_are_not_what_the_spec_says_are_refused_by_the_name_of_their_input():
    with pytest.raises(Invalid) as refused:
        loaded(**filled_in(inputs=shapes(table=[2], image=[16])))
    assert "table (2,), image (16,)" in str(refused.value)
    assert "table (2,), image (4, 4, 1)" in str(refused.value)
    with pytest.raises(Invalid, match="a, for the input table"):
        loaded(**filled_in(inputs=shapes(table=[3], image=[4, 4, 1])))
