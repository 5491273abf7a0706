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


@pytest.mark.slow
def test_a_wide_table_keeps_its_profile_within_bounds():
    columns = {f"{'long name ' * 30}{number}": np.arange(50.0) * number for number in range(500)}
    wide = profiled(**columns)
    assert len(wide.model_dump_json()) <= MAX_PROFILE_BYTES
    assert wide.column_count == 500
    assert 0 < len(wide.columns) < 500
    assert wide.columns[0].histogram is None


def test_numbers_at_the_end_of_float64_leave_finite_answers():
    (column,) = profiled(a=np.array([1e308, -1e308, 3.0] * 100)).columns
    assert (column.minimum, column.maximum, column.infinite) == (-1e308, 1e308, 0)


def anything(r: np.random.Generator, rows: int) -> tuple[Array, tuple[str, ...] | None]:
    """A column of any sort, with what its codes stand for."""
    kinds = (
        lambda: r.choice([1e308, -1e308, np.inf, np.nan, 5e-324], rows), lambda: np.full(rows, np.nan),
        lambda: r.integers(-(2**63), 2**63 - 1, rows), lambda: r.integers(0, 256, (rows, 4, 4, 1)).astype("uint8"),
        lambda: r.random(rows) < 0.5, lambda: np.zeros((rows, 0)), lambda: np.eye(3)[r.integers(0, 3, rows)],
        lambda: np.sort(r.integers(0, 3, rows)) / 255, lambda: np.arange(rows), lambda: r.integers(0, 3, (rows, 1)),
        lambda: np.full(rows, -1, np.int32), lambda: r.integers(-1, 2, rows).astype(np.int32),
    )  # fmt: skip
    kind = int(r.integers(len(kinds)))
    return kinds[kind](), (None, (), ("a", "b"))[max(0, kind - 9)]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.filterwarnings("error")
def test_of_any_columns_there_is_a_profile(seed):
    r = random(seed)
    for rows in (0, 1, 2, 30, 300):
        columns = {str(name): anything(r, rows) for name in r.choice(["x", "y", "id", "label", "time", "a", "y1"], 4)}
        categories = {name: texts for name, (_, texts) in columns.items() if texts is not None}
        arrays = {name: values for name, (values, _) in columns.items()}
        described = profile(arrays, categories, rows, validation={"x": np.ones((3, 2))}, texts=("note",))
        assert Profile.model_validate_json(described.model_dump_json()) == described


# The proposal.


def test_a_table_of_a_classifier_is_proposed_with_reasons():
    r = random()
    proposal = profiled(
        id=np.arange(ROWS), size=r.normal(size=ROWS), price=np.exp(2 * r.normal(size=ROWS)), one=np.ones(ROWS),
        colour=r.choice(["red", "blue", ""], ROWS), label=r.integers(0, 3, ROWS), note=r.normal(size=ROWS),
    ).proposal  # fmt: skip
    assert (proposal.target, proposal.task, proposal.classes) == (("label",), "classes", 3)
    assert proposal.features == ("size", "price", "colour", "note")
    assert [each.column for each in proposal.left_out] == ["id", "one"]
    assert [(each.step, each.columns) for each in proposal.prepare] == [
        ("impute", ("colour",)),
        ("log", ("price",)),
        ("standardise", ("size", "price", "note")),
        ("one_hot", ("colour",)),
    ]
    assert proposal.split is not None
    assert proposal.split.kind == "random"
    assert all([proposal.target_reason, proposal.task_reason, proposal.split.reason, *proposal.prepare])


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        (random().normal(size=ROWS), "values", None),
        (np.arange(ROWS) % 7, "classes", 7),
        (np.arange(ROWS) % 7 + 1, "classes", 8),
        (np.arange(ROWS) % 7 / 255, "classes", 7),
        (np.arange(ROWS) * 3, "values", None),
        (np.arange(ROWS) % 350, "values", None),
        (["no", "yes", "perhaps", "no"] * 100, "classes", 3),
        (np.arange(ROWS) % 2 == 0, "classes", 2),
        (np.eye(4)[np.arange(ROWS) % 4], "classes", 4),
        (random().integers(0, 2, (ROWS, 4)), "labels", 4),
        (random().normal(size=(ROWS, 2)), "values", None),
    ],
)
def test_the_task_follows_from_the_target(values, task, classes):
    proposal = profiled(x=random(1).normal(size=(ROWS, 3)), y=values).proposal
    assert (proposal.target, proposal.features) == (("y",), ("x",))
    assert (proposal.task, proposal.classes) == (task, classes)


def test_several_targets_and_none():
    both = profiled(a=random().normal(size=ROWS), y1=np.arange(ROWS) % 2, y2=np.arange(ROWS) // 2 % 2).proposal
    assert (both.target, both.task, both.classes) == (("y1", "y2"), "labels", 2)
    images = profile({"x": np.zeros((9, 8, 8), np.uint8) + 250}, {}, 9).proposal
    assert (images.target, images.features, images.task) == ((), ("x",), "inputs")
    assert [each.step for each in images.prepare] == ["min_max"]
    assert profile({}, {}, 0).proposal.target == ()


def test_the_division_follows_order_column_and_rarity():
    r, label = random(), np.arange(ROWS) % 20 == 0
    kinds = {
        "in_order": {"timestamp": np.arange(ROWS) * 60.0 + 1.7e9, "a": r.normal(size=ROWS), "y": r.normal(size=ROWS)},
        "stratified": {"a": r.normal(size=ROWS), "label": label},
        "by_column": {"a": r.normal(size=ROWS), "split": ["train", "train", "test", "train"] * 100, "y": label},
        "random": {"a": r.normal(size=ROWS), "y": np.arange(ROWS) % 2},
    }
    for kind, columns in kinds.items():
        split = profiled(**columns).proposal.split
        assert split is not None
        assert (split.kind, split.column) == (kind, "split" if kind == "by_column" else None)
    arrays = {"x": r.normal(size=(ROWS, 2)), "y": label}
    assert profile(arrays, {}, ROWS, validation=arrays).proposal.split is None
    falling = (255 - np.arange(ROWS) % 256).astype(np.uint8)  # differences of bytes would wrap around
    assert profiled(day=falling, a=r.normal(size=ROWS), y=np.arange(ROWS) % 2).proposal.split.kind == "random"


# The warnings: what is made ill, its columns, and nothing about what is well.

X = {name: random(seed).normal(size=ROWS) for seed, name in enumerate("abc")}
CLASSES = (X["a"] + X["b"] + 0.3 * random(9).normal(size=ROWS) > 0).astype(int)
WELL = {**X, "label": CLASSES}
DIGITS = random(2).integers(0, 5, ROWS)


def with_value(name: str, value: float) -> dict:
    changed = np.where(np.arange(ROWS) == 3, value, X[name])
    return {**WELL, name: changed}


def repeated(**changes: Array) -> dict:
    """The first half of the rows twice."""
    return {name: np.concatenate([each[:200], each[:200]]) for name, each in WELL.items()} | changes


ILL = {
    "constant_columns": ({**WELL, "one": np.ones(ROWS)}, ["one"]),
    "missing_values": (with_value("b", np.nan), ["b"]),
    "infinite_values": (with_value("b", np.inf), ["b"]),
    "target_leak": ({**WELL, "answer": CLASSES * 2.5 - 1}, ["answer"]),
    "duplicated_rows": (repeated(), []),
    "contradicting_labels": (repeated(label=np.repeat([0, 1], 200)), ["label"]),
    "few_samples": ({**X, "label": np.where(np.arange(ROWS) < 3, 2, CLASSES)}, ["label"]),
    "divided_labels": ({**X, "label": DIGITS / 255}, ["label"]),
    "shifted_labels": ({**X, "label": CLASSES + 1}, ["label"]),
    "text_labels": ({**X, "label": np.array(["cat", "dog"])[CLASSES]}, ["label"]),
    "feature_scales": ({**WELL, "c": X["c"] * 1e5}, ["c", "b"]),
    "target_scale": ({**X, "y": X["a"] * 1e4 + X["b"]}, ["y"]),
    "unequal_classes": ({**X, "label": np.arange(ROWS) % 15 == 3}, ["label"]),
    "ordered_by_class": ({**X, "label": np.sort(CLASSES)}, ["label"]),
    "identifiers": ({**WELL, "id": np.arange(ROWS) + 7}, ["id"]),
    "one_hot_beside_integers": (
        {**WELL, "hue": DIGITS % 2, "hue_0": DIGITS % 2 == 0, "hue_1": DIGITS % 2 == 1}, ["hue", "hue_0", "hue_1"],
    ),
    "few_rows": ({name: each[:30] for name, each in WELL.items()}, []),
}  # fmt: skip


@pytest.mark.parametrize("kind", ILL)
def test_what_breaks_trainings_is_named_with_its_columns(kind):
    columns, names = ILL[kind]
    warnings = {each.kind: each for each in profiled(**columns).warnings}
    assert kind in warnings
    assert sorted(warnings[kind].columns) == sorted(names)
    assert "COLUMNS" not in warnings[kind].sentence


@pytest.mark.parametrize("target", [CLASSES, X["a"] * 2 + X["b"], np.where(CLASSES, "b", "a")])
def test_nothing_is_said_of_samples_that_are_well(target):
    assert {each.kind for each in profiled(**X, target=target).warnings} <= {"text_labels"}


def test_raw_images_and_labels_in_two_forms_are_named():
    x, y = random().integers(0, 256, (60, 4, 4)).astype("uint8"), np.arange(60) % 2
    arrays = {"x": x, "y": np.eye(2)[y]}
    kinds = {each.kind for each in profile(arrays, {}, 60, validation={"x": x[:9], "y": y[:9]}).warnings}
    assert kinds == {"raw_pixels", "one_hot_beside_integers", "duplicated_rows"}


@pytest.mark.parametrize(
    ("leak", "expected"),
    [
        (X["a"], "equal"), (3 - 2 * X["a"], "linear"), (np.exp(X["a"]), "monotone"), (X["a"] + 0.01 * X["b"], None)
    ],
)  # fmt: skip
def test_a_column_that_determines_values_is_left_out(leak, expected):
    proposal = profiled(b=X["b"], c=X["c"], known=leak, y=X["a"]).proposal
    assert ("known" in proposal.features) is (expected is None)


def test_a_category_that_determines_the_class_is_a_leak_and_one_that_nearly_does_is_none():
    code = random(3).integers(0, 12, ROWS)
    labels = code % 3
    texts = [f"code {each}" for each in code]
    assert profiled(**X, code=texts, y=labels).proposal.left_out[0].column == "code"
    nearly = np.where(np.arange(ROWS) == 17, (labels + 1) % 3, labels)
    assert profiled(**X, code=texts, y=nearly).proposal.left_out == ()


def test_labels_that_neighbours_contradict_are_noise():
    centres = np.array([[0, 0], [6, 0], [0, 6]])
    y = np.arange(900) % 3
    x = centres[y] + random().normal(size=(900, 2))
    wrong = np.where(random(1).random(900) < 0.25, random(2).integers(0, 3, 900), y)
    kinds = [[warning.kind for warning in profiled(x=x, y=each).warnings] for each in (y, wrong)]
    assert kinds == [[], ["label_noise"]]
