"""The preparation of uploaded samples as NumPy code: it does to arrays what the service does to columns."""

from typing import Any

import numpy as np
import pytest

from core.samples.preparing import Parts, prepared
from core.samples.table import Column
from gradlab.translate.preparation_code import preparation_code
from gradlab.vocabulary.datasets.uploaded import UploadedDataset

ID = "sha256:" + "0" * 64
RANDOM = np.random.default_rng(0)
TRAIN, VAL = RANDOM.normal(3, 2, (50, 3)).astype(np.float32), RANDOM.normal(2, 3, (20, 3)).astype(np.float32)


def a_dataset(*steps: dict[str, Any], **more: Any) -> UploadedDataset:
    """A dataset of three numbers and a target, with these steps."""
    fields = {"id": ID, "features": ["a", "b", "c"], "target": "price", "task": "values", "prepare": list(steps)}
    return UploadedDataset.model_validate(fields | more)


def run(code: list[str], x: np.ndarray, x_val: np.ndarray, **more: Any) -> dict[str, Any]:
    """The arrays, by name, after the statements."""
    names = {"np": np, "x": x.copy(), "x_val": x_val.copy(), **more}
    exec("\n".join(code), names)  # this library's own code
    return names


@pytest.mark.slow  # imports scikit-learn
@pytest.mark.parametrize(
    "step",
    [
        {"kind": "standardise"},
        {"kind": "min_max"},
        {"kind": "min_max", "low": -1, "high": 2},
        {"kind": "clip", "low": 0, "high": 4},
        {"kind": "log", "offset": 30},
    ],
    ids=lambda step: step["kind"],
)
@pytest.mark.parametrize("columns", [None, ["a", "c"]], ids=["all", "two"])
def test_statements_prepare_arrays_as_the_service_prepares_columns(step: dict[str, Any], columns: list[str] | None):
    dataset = a_dataset(step | {"columns": columns})
    done = run(preparation_code(dataset), TRAIN, VAL)
    for place, name in enumerate("abc"):
        column = Column(name=name, values=np.concatenate([TRAIN, VAL])[:, place])
        steps = dataset.prepare if columns is None or name in columns else ()
        expected = prepared(column, Parts(TRAIN[:, place].copy(), VAL[:, place].copy()), steps, on_all=False)
        np.testing.assert_allclose(done["x"][:, place], expected.train, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(done["x_val"][:, place], expected.val, rtol=1e-5, atol=1e-5)


def test_missing_values_are_replaced_by_those_of_the_training_part():
    gaps, others = TRAIN.copy(), VAL.copy()
    gaps[3, 1] = others[5, 1] = np.nan
    done = run(preparation_code(a_dataset({"kind": "impute"})), gaps, others)
    assert done["x"][3, 1] == done["x_val"][5, 1] == pytest.approx(np.nanmean(gaps[:, 1]))
    done = run(preparation_code(a_dataset({"kind": "impute", "strategy": "most_frequent"})), np.round(gaps), others)
    assert np.isfinite(done["x_val"]).all()


def test_targets_and_images_are_scaled_on_their_own_axes():
    y = np.linspace(100, 300, 50)
    done = run(
        preparation_code(a_dataset({"kind": "standardise", "columns": ["price"]})), TRAIN, VAL, y=y, y_val=y[:20].copy()
    )
    assert done["y"].mean() == pytest.approx(0)
    assert done["y"].std() == pytest.approx(1)
    np.testing.assert_array_equal(done["x"], TRAIN)
    images = RANDOM.normal(5, 2, (30, 4, 4, 2))
    arrays = a_dataset({"kind": "standardise", "each": "channel"}, features=["x"], target="y")
    done = run(preparation_code(arrays), images, images[:5])
    np.testing.assert_allclose(done["x"].mean(axis=(0, 1, 2)), 0, atol=1e-9)
    constant = run(preparation_code(a_dataset({"kind": "standardise"})), np.ones((5, 3)), np.ones((2, 3)))
    np.testing.assert_array_equal(constant["x"], 0)


def test_places_are_those_among_one_hot_columns_or_are_left_open():
    shape = {"train_count": 50, "val_count": 20, "feature_shape": [5], "target": {"kind": "values", "count": 1}}
    one_hot = {"kind": "one_hot", "columns": ["a"]}
    whole = np.concatenate([np.eye(3)[RANDOM.integers(0, 3, 50)], TRAIN[:, :2] * 10], axis=1).astype(int)
    for step in ({"kind": "standardise"}, {"kind": "standardise", "columns": ["b", "c", "price"]}):
        dataset = a_dataset(one_hot, step, samples=shape)
        y = np.linspace(100, 300, 50)
        done = run(preparation_code(dataset), whole, whole[:5], y=y, y_val=y[:5].copy())
        np.testing.assert_array_equal(done["x"][:, :3], whole[:, :3])
        np.testing.assert_allclose(done["x"][:, 3:].std(axis=0), 1, rtol=1e-5)
        assert (done["y"].std() == pytest.approx(1)) == (step.get("columns") is not None)
    two = {"kind": "one_hot", "columns": ["a", "b"]}
    for encoding in (two, {"kind": "one_hot"}):
        open_ended = preparation_code(a_dataset(encoding, {"kind": "standardise"}, samples=shape))
        assert all(line.startswith("# ") for block in open_ended for line in block.splitlines())


@pytest.mark.slow  # imports scikit-learn
def test_the_commonest_value_replaces_missing_ones_in_sequences():
    gaps = np.round(RANDOM.normal(size=(30, 4, 2)))
    gaps[3, 1, 0] = np.nan
    arrays = a_dataset({"kind": "impute", "strategy": "most_frequent"}, features=["x"], target="y")
    done = run(preparation_code(arrays), gaps, gaps[:5])
    assert done["x"].shape == (30, 4, 2)
    assert np.isfinite(done["x_val"]).all()


def test_only_new_steps_are_written_for_a_change_and_texts_are_comments():
    before = a_dataset({"kind": "one_hot", "columns": ["a"]})
    after = a_dataset({"kind": "one_hot", "columns": ["a"]}, {"kind": "standardise"})
    assert len(preparation_code(after, beyond=before)) == 1
    whole = preparation_code(after)
    assert whole[0].startswith("# a: a column of 0 and 1")
    assert "std" in whole[1]
