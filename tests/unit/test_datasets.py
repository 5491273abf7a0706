"""Datasets are what they say, repeatable, scaled and split as the tutorial does it."""

import math

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from gradlab.frozen import kind_of
from gradlab.vocabulary.datasets import AnyDataset, Dataset
from gradlab.vocabulary.datasets.registry import DATASETS

KINDS = {kind_of(member): member for member in DATASETS}


def each_of(datasets: list[type[Dataset]]) -> pytest.MarkDecorator:
    """A test for each; drawn step by step, one takes a tenth of a second."""
    slow = {"mackey_glass": pytest.mark.slow}
    marked = [pytest.param(d, id=kind_of(d), marks=slow.get(kind_of(d), ())) for d in datasets]
    return pytest.mark.parametrize("dataset", marked)


ALL = each_of(list(DATASETS))
SCALED = each_of([d for d in DATASETS if "scale" in d.model_fields])
WITH_TARGET_SCALE = [d for d in DATASETS if "target_scale" in d.model_fields]
OF_VALUES = each_of(WITH_TARGET_SCALE)
# A form of each that differs from the plain one in its shape.
FORMS = [
    {"kind": "digits", "form": "image"},
    {"kind": "digits", "form": "rows"},
    {"kind": "digits", "form": "pixels"},
    {"kind": "blobs", "features": 5, "centers": 7},
    {"kind": "xor", "bits": 6},
    {"kind": "spirals", "classes": 4},
    {"kind": "classification", "features": 9, "informative": 4, "redundant": 3, "classes": 5},
    {"kind": "gaussian_quantiles", "features": 4, "classes": 2},
    {"kind": "multilabel", "features": 30, "labels": 9, "allow_unlabeled": False},
    {"kind": "regression", "features": 6, "targets": 3},
    {"kind": "friedman", "features": 5},
    {"kind": "friedman", "variant": 2},
    {"kind": "friedman", "variant": 3},
    {"kind": "swiss_roll", "hole": True},
    {"kind": "sparse_uncorrelated", "features": 40},
    {"kind": "adding", "length": 2},
    {"kind": "copy_memory", "symbols": 3, "alphabet": 4, "length": 7},
    {"kind": "copy_memory", "one_hot": False},
    {"kind": "sine", "horizon": 4, "length": 20},
    {"kind": "checkerboard", "squares": 5, "noise": 0.1},
    {"kind": "franke", "noise": 0.1},
    {"kind": "bars", "size": 5, "form": "image"},
    {"kind": "temporal_order", "length": 4},
    {"kind": "mackey_glass", "length": 7, "ahead": 3, "noise": 0.1},
]


def a_dataset(fields):
    return TypeAdapter(AnyDataset).validate_python(fields)


def whole(data):
    return np.concatenate([data.train_x, data.val_x]), np.concatenate([data.train_y, data.val_y])


@pytest.mark.parametrize("fields", [*({"kind": kind} for kind in KINDS), *FORMS], ids=str)
def test_shapes_and_types_are_as_foretold(fields):
    spec = a_dataset(fields)
    data, target = spec.load(), spec.target
    x, y = whole(data)
    assert data.train_x.shape == (spec.train_count, *spec.feature_shape)
    assert data.train_x[0].size == spec.value_count
    assert len(x) == len(y) == spec.sample_count
    assert x.dtype == np.float32
    assert np.isfinite(x).all()
    if target.kind == "classes":
        assert (y.shape[1:], y.dtype) == (target.steps, np.int64)
        assert set(np.unique(data.train_y)) == set(np.unique(data.val_y)) == set(range(target.count))
    else:
        assert (y.shape[1:], y.dtype) == ((*target.steps, target.count), np.float32)
    if target.kind == "labels":
        assert set(np.unique(y)) == {0, 1}
    if target.kind == "values":
        assert (np.std(y, axis=0) > 0).all()


@ALL
def test_a_seed_repeats_a_dataset_and_another_seed_does_not(dataset):
    one, again, other = dataset(seed=3).load(), dataset(seed=3).load(), dataset(seed=4).load()
    np.testing.assert_array_equal(one.train_x, again.train_x)
    np.testing.assert_array_equal(one.train_y, again.train_y)
    assert not np.array_equal(one.train_x, other.train_x)


@ALL
def test_the_first_samples_train_and_the_rest_validates(dataset):
    half, few = dataset(), dataset(train_size=6)
    assert half.train_count == half.sample_count // 2
    assert few.train_count == len(few.load().train_x) == 6
    for one, other in zip(whole(half.load()), whole(few.load()), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValidationError, match="the rest is for validation"):
        dataset(train_size=half.sample_count)


@SCALED
def test_scaling_maps_all_samples_together(dataset):
    x, _ = whole(dataset(scale=(-2, 3)).load())
    varies = np.ptp(x, axis=0) > 0  # some pixels of the digits are always 0
    np.testing.assert_allclose(x.min(axis=0)[varies], -2, atol=1e-5)
    np.testing.assert_allclose(x.max(axis=0)[varies], 3, atol=1e-5)
    x, _ = whole(dataset(scale="standard").load())
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=0)[varies], 1, atol=1e-4)


@OF_VALUES
def test_values_are_standardised_on_demand_and_nothing_else_changes(dataset):
    (x, plain), (same_x, y) = whole(dataset().load()), whole(dataset(target_scale="standard").load())
    np.testing.assert_array_equal(x, same_x)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=0), 1, atol=1e-4)
    np.testing.assert_allclose(y * plain.std(axis=0) + plain.mean(axis=0), plain, rtol=1e-3, atol=1e-3)


def test_where_numbers_have_a_meaning_of_their_own_there_is_nothing_to_scale():
    assert {kind for kind, member in KINDS.items() if "scale" not in member.model_fields} == {
        "adding",
        "copy_memory",
        "sine",
        "temporal_order",
        "mackey_glass",
    }
    with pytest.raises(ValidationError, match="Extra inputs"):
        KINDS["adding"](scale="standard")
    assert all(member().target.kind == "values" for member in WITH_TARGET_SCALE)


def test_circles_are_the_tutorials_bit_for_bit():
    from sklearn.datasets import make_circles
    from sklearn.preprocessing import MinMaxScaler

    x, y = make_circles(n_samples=1000, noise=0.1, random_state=1)
    x = MinMaxScaler(feature_range=(-1, 1)).fit_transform(x).astype(np.float32)
    data = KINDS["circles"](samples=1000, noise=0.1, seed=1, scale=(-1, 1), train_size=500).load()
    np.testing.assert_array_equal(data.train_x, x[:500])
    np.testing.assert_array_equal(data.val_x, x[500:])
    np.testing.assert_array_equal(np.concatenate([data.train_y, data.val_y]), y)


@pytest.mark.parametrize("kind", ["iris", "wine", "breast_cancer", "digits", "diabetes", "linnerud"])
def test_a_bundled_set_is_scikit_learns_in_another_order(kind):
    import sklearn.datasets

    x, y = whole(KINDS[kind](seed=5).load())
    theirs_x, theirs_y = getattr(sklearn.datasets, f"load_{kind}")(return_X_y=True)
    ours = np.concatenate([x, y.reshape(len(y), -1)], axis=1)
    theirs = np.concatenate([theirs_x, theirs_y.reshape(len(y), -1)], axis=1).astype(np.float32)
    assert not np.array_equal(ours, theirs)
    np.testing.assert_array_equal(ours[np.lexsort(ours.T)], theirs[np.lexsort(theirs.T)])


@pytest.mark.slow
def test_a_digit_is_the_same_in_every_form():
    flat, image, rows, pixels = (
        KINDS["digits"](form=form, scale=(0, 1)).load() for form in ("flat", "image", "rows", "pixels")
    )
    for other in (image, rows, pixels):
        np.testing.assert_array_equal(other.val_x.reshape(-1, 64), flat.val_x)
        np.testing.assert_array_equal(other.val_y, flat.val_y)
    np.testing.assert_array_equal(rows.train_x[0, 1], flat.train_x[0, 8:16])


def test_the_arms_of_a_spiral_lie_where_the_formula_says():
    x, y = KINDS["spirals"](samples=300, classes=3, turns=1.5, noise=0).draw()
    radius = np.hypot(*x.T)
    angle = 2 * np.pi * (1.5 * radius + y / 3)
    np.testing.assert_allclose(x, np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), atol=1e-12)
    assert np.bincount(y).tolist() == [100, 100, 100]
    assert 0 < radius.min() <= radius.max() == pytest.approx(1)


def test_xor_is_the_parity_of_the_signs():
    x, y = whole(KINDS["xor"](bits=5, noise=0).load())
    assert set(np.unique(x)) == {-1, 1}
    np.testing.assert_array_equal((x > 0).sum(axis=1) % 2, y)
    assert x.std() < whole(KINDS["xor"](bits=5, noise=0.5).load())[0].std()


def test_hasties_classes_are_split_at_the_median_of_chi_squared():
    x, y = whole(KINDS["hastie_10_2"](samples=4000).load())
    np.testing.assert_array_equal((x.astype(np.float64) ** 2).sum(axis=1) > 9.34, y)
    assert y.mean() == pytest.approx(0.5, abs=0.03)


def test_a_document_is_about_something_if_that_is_asked_for():
    _, any_number = whole(KINDS["multilabel"]().load())
    _, one_at_least = whole(KINDS["multilabel"](allow_unlabeled=False).load())
    assert any_number.sum(axis=1).min() == 0
    assert one_at_least.sum(axis=1).min() == 1
    assert any_number.sum(axis=1).mean() == pytest.approx(2, abs=0.2)


def test_values_follow_their_formulas():
    x, y = whole(KINDS["friedman"](features=6).load())
    expected = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    np.testing.assert_allclose(y[:, 0], expected, rtol=1e-4)
    for variant, of in ((2, lambda a, b: np.hypot(a, b)), (3, lambda a, b: np.arctan2(b, a))):
        x, y = KINDS["friedman"](variant=variant).draw()
        np.testing.assert_allclose(y, of(x[:, 0], x[:, 1] * x[:, 2] - 1 / (x[:, 1] * x[:, 3])))
    x, t = KINDS["swiss_roll"](noise=0).draw()
    np.testing.assert_allclose(x[:, ::2], np.stack([t * np.cos(t), t * np.sin(t)], axis=1))
    x, t = KINDS["s_curve"](noise=0).draw()
    np.testing.assert_allclose(x[:, ::2], np.stack([np.sin(t), np.sign(t) * (np.cos(t) - 1)], axis=1))
    x, y = KINDS["sparse_uncorrelated"](samples=20_000).draw()
    assert np.std(y - x[:, :4] @ [1, 2, -2, -1.5]) == pytest.approx(1, abs=0.02)
    x, y = KINDS["regression"](features=7, informative=3, bias=2.5).draw()
    coefficients, residual, *_ = np.linalg.lstsq(np.c_[x, np.ones(len(x))], y, rcond=None)
    assert (np.abs(coefficients[:-1]) > 1e-6).sum() == 3
    assert coefficients[-1] == pytest.approx(2.5)
    assert residual == pytest.approx(0, abs=1e-12)


def test_adding_marks_one_number_in_each_half_and_one_is_a_poor_answer():
    spec = KINDS["adding"](length=41, samples=20_000)
    x, y = whole(spec.load())
    numbers, marks = x[..., 0], x[..., 1]
    np.testing.assert_array_equal(marks[:, :20].sum(axis=1), 1)
    np.testing.assert_array_equal(marks[:, 20:].sum(axis=1), 1)
    assert (marks.sum(axis=0) > 0).all()
    np.testing.assert_allclose((numbers * marks).sum(axis=1), y[:, 0], rtol=1e-6)
    assert 0 <= numbers.min() < numbers.max() <= 1
    assert np.mean((y - 1) ** 2) == pytest.approx(1 / 6, rel=0.03)


def test_copying_repeats_the_letters_after_the_delay():
    spec = KINDS["copy_memory"](symbols=4, alphabet=5, length=30, samples=500)
    x, y = whole(spec.load())
    steps = x.argmax(axis=-1)  # (samples, time)
    np.testing.assert_array_equal(x.sum(axis=-1), 1)
    assert set(np.unique(steps[:, :4])) == {1, 2, 3, 4, 5}
    np.testing.assert_array_equal(steps[:, 4:-5], 0)
    np.testing.assert_array_equal(
        steps[:, -5], 6
    )  # the delimiter, once, as many steps from the end as there are letters
    np.testing.assert_array_equal(steps[:, -4:], 0)
    np.testing.assert_array_equal(y[:, -4:], steps[:, :4])
    np.testing.assert_array_equal(y[:, :-4], 0)
    np.testing.assert_array_equal(whole(spec.model_copy(update={"one_hot": False}).load())[0], steps)


def test_who_forgets_the_letters_has_the_cross_entropy_of_the_literature():
    spec = KINDS["copy_memory"](symbols=10, alphabet=8, length=120)
    _, y = whole(spec.load())
    guess = np.zeros((120, 9))  # sure of a blank, then any letter
    guess[:-10, 0], guess[-10:, 1:] = 1, 1 / 8
    cross_entropy = -np.log(guess[np.arange(120), y]).mean()
    assert cross_entropy == pytest.approx(10 * math.log(8) / 120)


def test_a_sine_goes_on_as_it_began():
    spec = KINDS["sine"](noise=0, length=30, horizon=3, frequencies=(0.05, 0.2))
    x, y = spec.draw()
    waves = np.concatenate([x, y], axis=1)  # x[t+1] + x[t-1] = 2·cos(2πf)·x[t]
    cosines = (waves[:, 2:] + waves[:, :-2]) * waves[:, 1:-1]
    cosine = cosines.sum(axis=1) / (2 * (waves[:, 1:-1] ** 2).sum(axis=1))
    np.testing.assert_allclose(waves[:, 2:], 2 * cosine[:, None] * waves[:, 1:-1] - waves[:, :-2], atol=1e-9)
    frequency = np.arccos(cosine) / (2 * np.pi)
    assert 0.05 <= frequency.min() < 0.06 < 0.19 < frequency.max() <= 0.2
    noisy, _ = KINDS["sine"](noise=0.3, length=30, horizon=3, frequencies=(0.05, 0.2)).draw()
    assert np.std(noisy - x) == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"kind": "classification", "features": 3}, "redundant", "at most 1, the number of features besides"),
        ({"kind": "classification", "features": 1, "redundant": 0}, "informative", "at most 1"),
        ({"kind": "classification", "classes": 5}, "classes", "at most 4"),
        ({"kind": "classification", "classes": 3}, "clusters_per_class", "at most 1"),
        ({"kind": "gaussian_quantiles", "samples": 4, "classes": 5}, "classes", "at most 4"),
        ({"kind": "multilabel", "labels": 3, "labels_per_sample": 4}, "labels_per_sample", "at most 3"),
        ({"kind": "regression", "features": 3, "informative": 4}, "informative", "at most 3"),
        ({"kind": "friedman", "features": 4}, "features", "at least 5"),
        ({"kind": "friedman", "variant": 3, "features": 5}, "features", "4 features"),
        ({"kind": "copy_memory", "symbols": 10, "length": 20}, "length", "at least 21"),
        ({"kind": "adding", "length": 501}, "length", "less than or equal to 500"),
        ({"kind": "sine", "frequencies": (0.2, 0.1)}, "frequencies", "lower one first"),
        ({"kind": "circles", "scale": (1, 1)}, "scale", "lower one first"),
        ({"kind": "diabetes", "train_size": 442}, "train_size", "fewer than the 442"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_at_its_field(fields, field, said):
    with pytest.raises(ValidationError) as refused:
        a_dataset(fields)
    (error,) = [each for each in refused.value.errors() if field in each["loc"]]
    assert said in error["msg"]


def test_the_plane_holds_all_samples_with_a_margin_and_does_not_collapse():
    data = a_dataset({"kind": "moons", "samples": 50, "seed": 3}).load()
    samples = np.concatenate([data.train_x, data.val_x])
    for axis, values in zip(data.plane(), samples.T, strict=True):
        assert (axis.shape, axis.dtype) == ((32,), np.float32)
        np.testing.assert_allclose(np.diff(axis), 1.2 * np.ptp(values) / 31, rtol=1e-4)
        np.testing.assert_allclose(axis[0], values.min() - 0.1 * np.ptp(values), rtol=1e-4)
    nowhere = np.full((3, 2), 7, np.float32)
    for axis in Dataset(nowhere, np.zeros(3), nowhere, np.zeros(3)).plane():
        np.testing.assert_allclose([axis[0], axis[-1]], [6.5, 7.5])
