"""Targets of uploaded samples as NumPy code: what the network is trained on, from what the file has."""

from typing import Any

import numpy as np
import pytest

from gradlab.translate.target_code import target_code
from gradlab.vocabulary.datasets.uploaded import UploadedDataset

ID = "sha256:" + "0" * 64


class Utilities:
    """`to_categorical` of `keras.utils`, whose import takes seconds."""

    @staticmethod
    def to_categorical(y: np.ndarray, count: int) -> np.ndarray:
        numbers = np.array(y, np.int64)
        return np.eye(count)[numbers[..., 0] if numbers.ndim > 1 and numbers.shape[-1] == 1 else numbers]


class Keras:
    """The part of Keras that the statements use."""

    utils = Utilities


def a_dataset(*names: str, **more: Any) -> UploadedDataset:
    """A dataset of classes with these names."""
    form = {"kind": "classes", "count": len(names), "steps": more.pop("steps", [])}
    samples = {"train_count": 4, "val_count": 2, "feature_shape": [3], "target": form, "classes": list(names)}
    return UploadedDataset.model_validate(
        {"id": ID, "features": ["a"], "target": "y", "task": "classes", "samples": samples} | more
    )


def run(code: list[str], y: np.ndarray) -> np.ndarray:
    """The targets after the statements."""
    names: dict[str, Any] = {"np": np, "keras": Keras, "y": y, "y_val": y[:1], "x": y, "x_val": y[:1]}
    exec("\n".join(code), names)  # this library's own code
    assert names["y_val"].shape[1:] == names["y"].shape[1:]
    result: np.ndarray = names["y"]
    return result


@pytest.mark.parametrize(
    ("names", "y", "numbers"),
    [
        (("0", "1", "2"), np.array([2, 0, 1]), [2, 0, 1]),
        (("1", "2", "3"), np.array([[3], [1], [2]]), [2, 0, 1]),
        (("-1", "0.5", "10"), np.array([0.5, 10, -1]), [1, 2, 0]),
        (("ant", "bee", "cat"), np.array(["cat", "ant", "bee"], object), [2, 0, 1]),
    ],
)
def test_classes_become_one_hot_rows(names: tuple[str, ...], y: np.ndarray, numbers: list[int]):
    done = run(target_code(a_dataset(*names), 3), y)
    np.testing.assert_array_equal(done, np.eye(3)[numbers])


def test_one_unit_takes_numbers_and_one_hot_rows_stay():
    np.testing.assert_array_equal(run(target_code(a_dataset("1", "2"), 1), np.array([[2], [1]])), [1, 0])
    np.testing.assert_array_equal(run(target_code(a_dataset("false", "true"), 1), np.array([True, False])), [1, 0])
    assert target_code(a_dataset("0", "1"), 1) == []
    assert target_code(a_dataset("0", "1", "2"), 3, "one_hot") == []
    assert target_code(a_dataset("p", "q", target=["p", "q"]), 2) == []
    np.testing.assert_array_equal(run(target_code(a_dataset("0", "1"), 1, "one_hot"), np.eye(2)), [0, 1])
    texts = target_code(a_dataset("1", "2"), 1, "texts")
    np.testing.assert_array_equal(run(texts, np.array(["2", "1"])), [1, 0])


def test_inputs_are_their_own_targets_and_values_stay():
    assert target_code(a_dataset("0", "1", task="values"), 1) == []
    x = np.ones((3, 2))
    np.testing.assert_array_equal(run(target_code(a_dataset("0", "1", task="inputs", target=None), 2), x), x)
