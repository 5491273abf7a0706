"""Samples of uploaded datasets: splits, preparation on the training part, targets, windows, weights."""

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from core.samples.splitting import share_of_classes
from gradlab.errors import Invalid
from tests.tables import a_table, an_uploaded, loaded

RANDOM = np.random.default_rng(7)
ROWS = 50
A, B = RANDOM.normal(3, 5, ROWS), RANDOM.exponential(2, ROWS).astype(np.float32)
COLOURS = [["red", "blue", "green"][place] for place in RANDOM.integers(0, 3, ROWS)]
PRICE = RANDOM.normal(1000, 50, ROWS)
SPECIES = ["cat"] * 30 + ["ant"] * 15 + ["bee"] * 5
WEIGHT = RANDOM.exponential(size=ROWS)
TABLE = a_table(a=A, b=B, colour=COLOURS, price=PRICE, species=SPECIES, weight=WEIGHT)
IN_ORDER = {"kind": "in_order", "train": 0.6}
VALUES = {"features": ["a", "b"], "target": "price", "task": "values", "split": IN_ORDER}


def rows_of(column: np.ndarray, values: np.ndarray) -> list[int]:
    """The rows of a column with distinct values at which samples were taken."""
    return [int(np.flatnonzero(np.isclose(column, each))[0]) for each in values]


def refused(**fields) -> str:
    with pytest.raises(Invalid) as error:
        loaded(TABLE, **fields)
    return str(error.value)


def test_steps_are_fitted_on_the_training_part_alone():
    data = loaded(TABLE, **VALUES, prepare=["standardise"])
    both = np.column_stack([A, B])
    scaler = StandardScaler().fit(both[:30])
    train, val = scaler.transform(both[:30]), scaler.transform(both[30:])
    np.testing.assert_allclose(data.train_x[np.argsort(data.train_x[:, 0])], train[np.argsort(train[:, 0])], atol=1e-6)
    np.testing.assert_allclose(data.val_x[np.argsort(data.val_x[:, 0])], val[np.argsort(val[:, 0])], atol=1e-6)
    assert data.train_x.dtype == data.train_y.dtype == np.float32


def test_all_rows_together_are_a_choice():
    apart = loaded(TABLE, **VALUES, prepare=["min_max"])
    together = loaded(TABLE, **VALUES, prepare=["min_max"], prepare_on="all")
    assert np.concatenate([together.train_x, together.val_x]).max(axis=0) == pytest.approx([1, 1])
    assert (apart.train_x.max(axis=0), apart.train_x.min(axis=0)) == (pytest.approx([1, 1]), pytest.approx([0, 0]))


def test_steps_follow_one_another_and_reach_the_columns_that_they_name():
    steps = [
        {"kind": "log", "columns": ["b"]},
        {"kind": "clip", "columns": ["a"], "low": 0, "high": 5},
        {"kind": "min_max", "low": -1, "high": 1},
        {"kind": "standardise", "columns": ["price"]},
    ]
    data = loaded(TABLE, **VALUES, prepare=steps)
    columns = np.column_stack([np.clip(A, 0, 5), np.log(B + np.float32(1))])[:30]
    expected = MinMaxScaler((-1, 1)).fit_transform(columns)
    np.testing.assert_allclose(np.sort(data.train_x, axis=0), np.sort(expected, axis=0), rtol=1e-4, atol=1e-6)
    assert (data.train_y.mean(), data.train_y.std()) == (pytest.approx(0, abs=1e-5), pytest.approx(1, abs=1e-5))


def test_gaps_are_filled_from_the_training_part():
    gaps = A.copy()
    gaps[[2, 40]] = np.nan
    table = a_table(a=gaps, y=PRICE)
    data = loaded(table, task="values", split=IN_ORDER, prepare=[{"kind": "impute", "strategy": "median"}])
    imputer = SimpleImputer(strategy="median").fit(gaps[:30, None])
    np.testing.assert_allclose(np.sort(data.val_x[:, 0]), np.sort(imputer.transform(gaps[30:, None])[:, 0]), rtol=1e-6)


def test_texts_become_one_hot_columns_in_sorted_order():
    colours = [*COLOURS[:49], None]
    table = a_table(a=A, colour=colours, y=PRICE)
    dataset = an_uploaded(table, task="values", split=IN_ORDER, prepare=["one_hot"])
    assert dataset.feature_shape == (4,)
    data = loaded(table, task="values", split=IN_ORDER, prepare=["one_hot"])
    order = rows_of(A, data.val_x[:, 0])
    encoder = OneHotEncoder(categories=[["blue", "green", "red"]], handle_unknown="ignore", sparse_output=False)
    expected = encoder.fit_transform(np.array([each or "" for each in colours])[:, None])
    np.testing.assert_array_equal(data.val_x[:, 1:], expected[order])  # the missing text is 0 everywhere


def test_ordinal_places_are_tokens_and_another_text_is_the_next_number():
    other = a_table(colour=["red", "violet", "blue"], y=[1.0, 2.0, 3.0])
    table = a_table(colour=COLOURS, y=PRICE)
    dataset = an_uploaded(table, other, task="values", prepare=["ordinal"])
    assert dataset.whole_below == 4
    assert an_uploaded(table, task="values", prepare=["ordinal"]).whole_below == 3
    gaps = a_table(colour=[None, *COLOURS[1:]], y=PRICE)
    assert an_uploaded(gaps, task="values", prepare=["ordinal"]).whole_below == 4
    assert an_uploaded(gaps, task="values", prepare=["impute", "ordinal"]).whole_below == 3
    data = loaded(table, other, task="values", prepare=["ordinal"])
    assert dict(zip(data.val_y[:, 0].tolist(), data.val_x[:, 0].tolist(), strict=True)) == {1: 2, 2: 3, 3: 0}


def test_classes_by_name_are_numbers_in_sorted_order():
    dataset = an_uploaded(TABLE, features=["a"], target="species", task="classes")
    assert dataset.class_names == ("ant", "bee", "cat")
    data = loaded(TABLE, features=["a"], target="species", task="classes")
    expected = [dataset.class_names.index(SPECIES[row]) for row in rows_of(A, data.train_x[:, 0])]
    assert data.train_y.tolist() == expected
    assert data.train_y.dtype == np.int64
    assert len(data.train_y) == 40


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([3, 7] * 25, ("3", "7")),
        ([-1.0, 1.0] * 25, ("-1", "1")),
        ([True, False] * 25, ("false", "true")),
        ([10, 9, 2, 9, 10] * 10, ("2", "9", "10")),
    ],
)
def test_classes_of_numbers_are_the_distinct_ones(values, names):
    table = a_table(a=A, y=values)
    assert an_uploaded(table, task="classes").class_names == names
    data = loaded(table, task="classes")
    expected = [names.index(str(values[row]).removesuffix(".0").lower()) for row in rows_of(A, data.val_x[:, 0])]
    assert data.val_y.tolist() == expected


def test_one_hot_targets_are_classes():
    numbers = RANDOM.integers(0, 4, ROWS)
    rows = np.eye(4, dtype=np.float32)[numbers]
    table = a_table(x=A[:, None], y=rows)
    data = loaded(table, task="classes", split="stratified")
    assert data.train_y.tolist() == numbers[rows_of(A, data.train_x[:, 0])].tolist()
    columns = a_table(a=A, **{f"is_{place}": rows[:, place] for place in range(4)})
    several = loaded(columns, features=["a"], target=["is_0", "is_1", "is_2", "is_3"], task="classes")
    assert several.train_y.tolist() == numbers[rows_of(A, several.train_x[:, 0])].tolist()


def test_labels_and_several_values_are_columns_side_by_side():
    flags = RANDOM.integers(0, 2, (2, ROWS))
    table = a_table(a=A, p=flags[0], q=flags[1].astype(bool), u=PRICE, v=WEIGHT)
    data = loaded(table, features=["a"], target=["p", "q"], task="labels")
    np.testing.assert_array_equal(data.train_y, flags.T[rows_of(A, data.train_x[:, 0])])
    values = loaded(table, features=["a"], target=["v", "u"], task="values")
    np.testing.assert_allclose(values.train_y[:, 1], PRICE[rows_of(A, values.train_x[:, 0])], rtol=1e-6)


def test_a_stratified_split_keeps_the_shares_of_classes():
    data = loaded(TABLE, features=["a"], target="species", task="classes", split={"kind": "stratified", "train": 0.7})
    assert np.bincount(data.train_y).tolist() == [11, 3, 21]
    assert np.bincount(data.val_y).tolist() == [4, 2, 9]
    assert share_of_classes(np.array([1, 1, 98]), 50).sum() == 50


def test_a_column_divides_the_rows_and_is_no_feature():
    part = ["train", "test"] * 25
    table = a_table(a=A, part=part, y=PRICE)
    split = {"kind": "by_column", "column": "part"}
    dataset = an_uploaded(table, task="values", split=split)
    assert (dataset.train_count, dataset.feature_shape) == (25, (1,))
    data = loaded(table, task="values", split=split)
    assert sorted(rows_of(A, data.train_x[:, 0])) == list(range(0, ROWS, 2))


def test_a_random_split_follows_from_the_seed():
    first, again, other = (loaded(TABLE, **VALUES | {"split": "random"}, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.train_x, again.train_x)
    assert not np.array_equal(first.train_x, other.train_x)
    assert sorted(rows_of(A, [*first.train_x[:, 0], *first.val_x[:, 0]])) == list(range(ROWS))


def test_arrays_keep_their_shape_and_their_own_validation_part():
    images = RANDOM.integers(0, 256, (ROWS, 4, 4, 1), dtype=np.uint8)
    answers = RANDOM.integers(0, 3, ROWS)
    part = a_table(x=images[:10], y=answers[:10])
    table = a_table(part, x=images, y=answers)
    dataset = an_uploaded(table, task="classes")
    assert (dataset.train_count, dataset.sample_count, dataset.feature_shape) == (50, 60, (4, 4, 1))
    assert (dataset.split, dataset.whole_below, dataset.targets) == (None, int(images.max()) + 1, ("y",))
    data = loaded(table, task="classes", prepare=[{"kind": "min_max", "each": "all"}])
    assert data.val_x.shape == (10, 4, 4, 1)
    assert data.train_x.max() == pytest.approx(1)
    np.testing.assert_allclose(
        np.sort(data.val_x.sum(axis=(1, 2, 3))) * 255, np.sort(images[:10].sum((1, 2, 3))), rtol=1e-3
    )


@pytest.mark.parametrize(("each", "axes"), [("number", 0), ("channel", (0, 1)), ("all", (0, 1, 2))])
def test_numbers_of_an_array_are_scaled_each_by_channel_or_all_alike(each, axes):
    signals = RANDOM.normal(5, 3, (ROWS, 6, 2)) * [1, 10]
    data = loaded(a_table(x=signals, y=PRICE), task="values", prepare=[{"kind": "standardise", "each": each}])
    np.testing.assert_allclose(data.train_x.mean(axis=axes), 0, atol=1e-5)
    np.testing.assert_allclose(data.train_x.std(axis=axes), 1, rtol=1e-4)


def test_inputs_may_be_the_targets():
    signals = RANDOM.normal(5, 3, (ROWS, 6, 2))
    table = a_table(x=signals)
    dataset = an_uploaded(table, task="inputs")
    assert (str(dataset.target), dataset.target.steps) == ("2 values at each of 6 time steps", (6,))
    data = loaded(table, task="inputs", prepare=["standardise"])
    assert data.train_y is data.train_x


def test_tokens_have_a_class_at_each_step():
    tokens = RANDOM.integers(0, 9, (ROWS, 5))
    table = a_table(x=tokens, y=tokens % 3)
    dataset = an_uploaded(table, task="classes")
    assert (dataset.whole_below, dataset.target.steps, dataset.class_names) == (9, (5,), ("0", "1", "2"))
    data = loaded(table, task="classes")
    np.testing.assert_array_equal(data.train_y, data.train_x % 3)


def test_no_window_crosses_the_split():
    time = np.arange(ROWS, dtype=np.float64)
    table = a_table(time=time, y=time * 10, w=time + 1)
    window = {"steps": 4, "stride": 2, "horizon": 3}
    fields = {"task": "values", "split": IN_ORDER, "window": window, "sample_weight": "w"}
    dataset = an_uploaded(table, **fields)
    assert (dataset.feature_shape, dataset.train_count, dataset.sample_count) == ((4, 1), 12, 19)
    data = loaded(table, **fields)
    begins = data.train_x[:, 0, 0]
    assert sorted(begins) == list(range(0, 24, 2))
    np.testing.assert_array_equal(data.train_x[:, :, 0], begins[:, None] + np.arange(4))
    np.testing.assert_array_equal(data.train_y[:, 0], (begins + 6) * 10)
    np.testing.assert_array_equal(data.train_weight, begins + 7)
    assert data.train_x.max() < 30 <= data.val_x.min()


def test_weights_belong_to_their_samples():
    data = loaded(TABLE, **VALUES, sample_weight="weight")
    np.testing.assert_allclose(data.train_weight, WEIGHT[rows_of(A, data.train_x[:, 0])], rtol=1e-6)
    np.testing.assert_allclose(data.val_weight, WEIGHT[rows_of(A, data.val_x[:, 0])], rtol=1e-6)


def test_what_is_not_finite_after_preparation_is_named_with_its_rows():
    steps = [{"kind": "log", "columns": ["a"], "offset": 0}, "standardise"]
    text = refused(**VALUES, prepare=steps)
    rows = [str(row) for row in np.flatnonzero(A <= 0)]
    assert f"NaN or infinite numbers in a, rows {', '.join(rows[:5])}" in text
    assert "dataset.prepare: expected finite numbers" in text


def test_weights_below_zero_are_named_with_their_rows():
    weights = WEIGHT.copy()
    weights[[3, 44]] = [-1, np.nan]
    with pytest.raises(Invalid, match="weights of 0 or more in every row; received others in rows 3, 44, counted"):
        loaded(a_table(a=A, y=PRICE, w=weights), task="values", sample_weight="w")


BY_COLOUR = {"kind": "by_column", "column": "colour"}
GAPS = np.where(A > 3, A, np.nan)
AWKWARD = a_table(
    uncategorised={"comment": 12_345},
    a=A, b=GAPS, colour=COLOURS, gaps=GAPS, one=np.ones(ROWS), y=[0, 1, 2, 3, 4] * 10,
    image=np.zeros((ROWS, 2, 2)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"features": ["aa"]}, "dataset.features: expected one of a, b, colour"),
        ({"target": "why"}, "dataset.target: expected one of"),
        ({"features": ["comment"]}, "few enough texts to be kept as categories; received comment, with 12,345"),
        ({"features": ["a"], "sample_weight": "ww"}, "dataset.sample_weight: expected one of"),
        ({"features": ["a"], "split": {"kind": "by_column", "column": "part"}}, "split.column: expected one of"),
        ({"features": ["a"], "split": BY_COLOUR | {"train": ["rde"]}}, "(did you mean red?)"),
        ({"features": ["colour"]}, "expected one_hot or ordinal for columns of texts; received colour"),
        ({"features": ["gaps"]}, f"received {np.isnan(GAPS).sum()} missing and 0 infinite numbers in gaps"),
        ({"features": ["a"], "target": "gaps", "task": "values"}, "a value in every row: leave out rows without"),
        ({"features": ["a"], "target": "colour", "task": "values"}, "numbers for values; received colour, texts"),
        ({"features": ["a"], "target": "one"}, "2 to 1,000 classes; received 1: 1"),
        ({"features": ["a"], "task": "labels"}, "numbers of 0 and 1; received y, from 0 to 4"),
        ({"features": ["a", "image"]}, "one array, or columns of numbers; received image"),
        ({"features": ["a", "colour"], "prepare": [{"kind": "log", "columns": ["colour"]}, "one_hot"]}, "for log"),
        ({"features": ["a"], "split": IN_ORDER, "window": {"steps": 31}}, "dataset.window: expected a training and a"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_without_the_bytes(fields, text):
    with pytest.raises(Invalid) as error:
        an_uploaded(AWKWARD, **{"target": "y", "task": "classes"} | fields)
    assert text in str(error.value)


def test_a_validation_part_needs_the_same_columns_and_classes():
    other = a_table(a=[1.0, 2.0], y=[0, 9])
    with pytest.raises(Invalid, match="no other classes in the validation part than in training; received 9"):
        an_uploaded(AWKWARD, other, features=["a"], target="y", task="classes")
    with pytest.raises(Invalid, match=r"columns that the validation part has: one of a, y"):
        an_uploaded(AWKWARD, other, features=["b"], target="y", task="classes")


def test_what_a_client_fills_in_must_follow_from_the_file():
    ready = an_uploaded(TABLE, **VALUES).samples
    assert an_uploaded(TABLE, **VALUES, samples=ready.model_dump()).samples == ready
    with pytest.raises(Invalid, match=r"dataset.samples: expected null, or what follows from the file: .*train_count"):
        an_uploaded(TABLE, **VALUES, samples=ready.model_dump() | {"train_count": 31})
