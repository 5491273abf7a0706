"""Datasets are what they say, repeatable, scaled and split as the tutorial does it."""

import numpy as np
import pytest
from sklearn.datasets import make_circles
from sklearn.preprocessing import MinMaxScaler

from core.datasets import DATASETS
from core.frozen import kind_of

ALL = pytest.mark.parametrize("dataset", DATASETS, ids=kind_of)


def test_circles_are_the_tutorials_bit_for_bit():
    x, y = make_circles(n_samples=1000, noise=0.1, random_state=1)
    x = MinMaxScaler(feature_range=(-1, 1)).fit_transform(x).astype(np.float32)
    circles = next(d for d in DATASETS if kind_of(d) == "circles")
    data = circles(samples=1000, noise=0.1, seed=1, scale=(-1, 1), train_size=500).load()
    np.testing.assert_array_equal(data.train_x, x[:500])
    np.testing.assert_array_equal(data.val_x, x[500:])
    np.testing.assert_array_equal(np.concatenate([data.train_y, data.val_y]), y)


@ALL
def test_shapes_and_types_are_as_promised(dataset):
    spec = dataset()
    data = spec.load()
    assert data.train_x.shape == (spec.train_count, spec.feature_count)
    assert len(data.train_x) + len(data.val_x) == spec.sample_count == len(data.train_y) + len(data.val_y)
    assert (data.train_x.dtype, data.train_y.dtype) == (np.float32, np.int64)
    assert set(np.unique(data.train_y)) == set(np.unique(data.val_y)) == set(range(spec.class_count))
    assert np.isfinite(data.train_x).all()


@ALL
def test_a_seed_repeats_a_dataset_and_another_seed_does_not(dataset):
    one, again, other = dataset(seed=3).load(), dataset(seed=3).load(), dataset(seed=4).load()
    np.testing.assert_array_equal(one.train_x, again.train_x)
    assert not np.array_equal(one.train_x, other.train_x)


@ALL
def test_scaling_maps_all_samples_together(dataset):
    bounded, standard = dataset(scale=(-2, 3)).load(), dataset(scale="standard").load()
    x = np.concatenate([bounded.train_x, bounded.val_x])
    varies = np.ptp(x, axis=0) > 0  # some pixels of the digits are always 0
    np.testing.assert_allclose(x.min(axis=0)[varies], -2, atol=1e-5)
    np.testing.assert_allclose(x.max(axis=0)[varies], 3, atol=1e-5)
    x = np.concatenate([standard.train_x, standard.val_x])
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=0)[varies], 1, atol=1e-4)


def test_the_arms_of_a_spiral_lie_where_the_formula_says():
    spirals = next(d for d in DATASETS if kind_of(d) == "spirals")
    x, y = spirals(samples=300, classes=3, turns=1.5, noise=0).draw()
    radius = np.hypot(*x.T)
    angle = 2 * np.pi * (1.5 * radius + y / 3)
    np.testing.assert_allclose(x, np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), atol=1e-12)
    assert np.bincount(y).tolist() == [100, 100, 100]
    assert 0 < radius.min() <= radius.max() == pytest.approx(1)
