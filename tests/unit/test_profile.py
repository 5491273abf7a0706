"""Profiles: numbers about columns, the proposal, and warnings about what breaks trainings."""

import numpy as np
import pytest

from gradlab.profile import Profile, profile
from gradlab.profile.model import MAX_BINS, MAX_PROFILE_BYTES

Array = np.ndarray
ROWS = 400


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def profiled(**columns: Array | list) -> Profile:
    """The profile of a table whose texts are coded as a reader codes them."""
    arrays, categories = {}, {}
    for name, values in columns.items():
        arrays[name] = np.asarray(values)
        if arrays[name].dtype.kind == "U":
            texts = sorted({each for each in values if each})
            categories[name] = tuple(texts)
            arrays[name] = np.array([texts.index(each) if each else -1 for each in values], np.int32)
    return profile(arrays, categories, len(next(iter(arrays.values()))))


def test_numbers_of_a_column_are_those_of_numpy_beside_missing_and_infinite_ones():
    values = random().normal(3, 2, 300_000).astype("float32")
    values[[1, 5]], values[7] = np.nan, np.inf
    (column,) = profiled(a=values).columns
    finite = values[np.isfinite(values)].astype(float)
    assert (column.type, column.missing, column.infinite, column.distinct) == ("number", 2, 1, None)
    assert (column.minimum, column.maximum) == (finite.min(), finite.max())
    assert [column.mean, column.std] == pytest.approx([finite.mean(), finite.std()], rel=1e-9)
    expected, _ = np.histogram(finite, MAX_BINS)
    assert column.histogram is not None
    assert np.abs(np.subtract(column.histogram.counts, expected)).sum() <= 4  # values at the edges of bins
    assert sum(column.histogram.counts) == len(finite)


def test_distinct_values_are_counted_exactly_up_to_ten_thousand():
    many = np.arange(120_000) % 10_001
    profiled_columns = profiled(exact=many % 10_000, more=many, halves=many % 2 / 2).columns
    assert [each.distinct for each in profiled_columns] == [10_000, None, 2]
    assert [each.type for each in profiled_columns] == ["integer", "integer", "number"]


def test_categories_are_listed_commonest_first_and_dates_are_recognised():
    day = [f"2026-11-{each % 28 + 1:02}" for each in range(60)]
    kind, when, flag = profiled(kind=["b", "a", "b", "", "c", "b"] * 10, day=day, flag=[True, False, True] * 20).columns
    assert [(each.value, each.count) for each in kind.commonest] == [("b", 30), ("a", 10), ("c", 10)]
    assert (kind.type, kind.missing, kind.distinct) == ("category", 10, 3)
    assert (when.type, flag.type) == ("date", "boolean")
    assert [(each.value, each.count) for each in flag.commonest] == [("true", 40), ("false", 20)]


def test_a_wide_table_keeps_its_profile_within_bounds():
    columns = {f"{'long name ' * 10}{number}": np.arange(50.0) * number for number in range(2_000)}
    wide = profiled(**columns)
    assert len(wide.model_dump_json()) <= MAX_PROFILE_BYTES
    assert wide.column_count == 2_000
    assert 0 < len(wide.columns) < 2_000
    assert wide.columns[0].histogram is None


def test_numbers_at_the_end_of_float64_leave_finite_answers():
    (column,) = profiled(a=np.array([1e308, -1e308, 3.0] * 100)).columns
    assert (column.minimum, column.maximum, column.infinite) == (-1e308, 1e308, 0)
