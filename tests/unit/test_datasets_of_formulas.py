"""The checkerboard, Franke's function, bars and stripes, temporal order, and Mackey-Glass follow their formulas."""

import numpy as np
import pytest

from gradlab.vocabulary.datasets.bars import Bars
from gradlab.vocabulary.datasets.checkerboard import Checkerboard
from gradlab.vocabulary.datasets.franke import Franke
from gradlab.vocabulary.datasets.mackey_glass import STEPS_A_UNIT, MackeyGlass, mackey_glass
from gradlab.vocabulary.datasets.temporal_order import TemporalOrder


def test_neighbouring_squares_of_a_checkerboard_are_of_different_classes():
    x, y = Checkerboard(squares=3, samples=5000).draw()
    edges = np.array([-1 / 3, 1 / 3])
    column, row = (np.searchsorted(edges, each) for each in x.T)
    expected = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    np.testing.assert_array_equal(y, expected[column, row])
    assert np.abs(x).max() <= 1
    assert y.mean() == pytest.approx(4 / 9, abs=0.03)


def test_noise_moves_the_points_of_a_checkerboard_and_not_their_classes():
    (x, y), (moved, same) = (Checkerboard(noise=noise, samples=5000).draw() for noise in (0.0, 0.2))
    np.testing.assert_array_equal(y, same)
    assert np.std(moved - x) == pytest.approx(0.2, rel=0.05)


def test_frankes_function_is_the_sum_of_its_four_bumps():
    # Height, centre and curvature along each feature; the second bump falls linearly along the second feature.
    x, y = Franke(samples=500).draw()
    a, b = 9 * x[:, 0], 9 * x[:, 1]
    peaks = ((0.75, 2, 2, 4), (0.5, 7, 3, 4), (-0.2, 4, 7, 1))
    expected = sum(height * np.exp(-(np.hypot(a - u, b - v) ** 2) / width) for height, u, v, width in peaks)
    expected += 0.75 * np.exp(-((a + 1) ** 2) / 49) * np.exp(-(b + 1) / 10)
    np.testing.assert_allclose(y, expected, atol=1e-6)
    assert 0 <= x.min() < x.max() <= 1


def test_a_bar_is_the_same_along_columns_and_a_stripe_along_rows():
    x, y = Bars(size=6, noise=0, form="image", samples=4000).draw()
    images = x.reshape(-1, 6, 6)  # (samples, row, column)
    assert set(np.unique(images)) == {0, 1}
    assert (images[y == 0] == images[y == 0][:, :, :1]).all()
    assert (images[y == 1] == images[y == 1][:, :1, :]).all()
    assert np.ptp(images.reshape(len(images), -1), axis=1).min() == 1, "an image of one colour is of both classes"
    assert len(np.unique(x, axis=0)) == 2 * (2**6 - 2)
    np.testing.assert_allclose(images[y == 0].mean(axis=0), 0.5, atol=0.05)
    np.testing.assert_allclose(images[y == 1].mean(axis=0), 0.5, atol=0.05)


def test_bars_are_whole_numbers_only_without_noise_and_scaling():
    assert Bars(noise=0).whole_below == 2
    assert Bars().whole_below is None
    assert Bars(noise=0, scale="standard").whole_below is None
    clean, noisy = (Bars(noise=noise).draw()[0] for noise in (0.0, 0.3))
    assert np.std(noisy - clean) == pytest.approx(0.3, rel=0.02)


def test_the_class_of_a_sequence_says_which_of_x_and_y_came_in_which_order():
    x, y = TemporalOrder(length=21, samples=3000).draw()
    np.testing.assert_array_equal(x.sum(axis=-1), 1)
    steps = x.argmax(axis=-1)  # (samples, time)
    assert (steps[:, 0] == 6).all()
    assert (steps[:, -1] == 7).all()
    places = [np.flatnonzero(np.isin(each, (4, 5))) for each in steps]
    assert {len(each) for each in places} == {2}
    first, second = np.array(places).T
    assert set(first) == set(range(1, 10))
    assert set(second) == set(range(10, 20))
    rows = np.arange(len(steps))
    np.testing.assert_array_equal(y, 2 * (steps[rows, first] - 4) + (steps[rows, second] - 4))
    others = np.delete(steps[0], [0, 20, first[0], second[0]])
    assert set(others) <= {0, 1, 2, 3}
    np.testing.assert_allclose(np.bincount(y) / len(y), 0.25, atol=0.03)


def test_mackey_glass_follows_its_equation():
    """Compared with the equation written down for one series, one step after another."""
    begun, delay, units = 0.9, 6, 30
    x = [begun] * (delay * STEPS_A_UNIT + 1)
    for _ in range(units * STEPS_A_UNIT):
        late = x[-1 - delay * STEPS_A_UNIT]
        x.append(x[-1] + (0.2 * late / (1 + late**10) - 0.1 * x[-1]) / STEPS_A_UNIT)
    expected = x[delay * STEPS_A_UNIT + STEPS_A_UNIT :: STEPS_A_UNIT]
    np.testing.assert_allclose(mackey_glass(np.array([begun, 1.2]), units, delay)[:, 0], expected, rtol=1e-12)


@pytest.mark.slow
def test_mackey_glass_comes_to_rest_with_a_short_delay_and_is_chaotic_with_a_long_one():
    begun = np.array([0.9, 0.9 + 1e-6])
    np.testing.assert_allclose(mackey_glass(begun, 500, 3)[-1], 1, atol=1e-6)
    one, other = mackey_glass(begun, 4000, 17).T
    apart = np.abs(one - other)
    assert apart[:100].max() < 1e-4
    assert apart[-1000:].max() > 0.1
    assert 0.2 < one[500:].min() < one[500:].max() < 1.4


@pytest.mark.slow
def test_the_value_to_be_predicted_is_ahead_of_what_is_seen():
    near, far = (MackeyGlass(ahead=ahead, samples=300, length=30).draw() for ahead in (1, 20))
    for (x, y), steps in ((near, 1), (far, 20)):
        assert x.shape == (300, 30)
        # 0.2·x/(1 + x¹⁰) is at most 0.145, where x¹⁰ = 1/9: so much a value rises in a unit of time, and falls less.
        assert (np.abs(np.diff(x)) < 0.2).all()
        assert (np.abs(y - x[:, -1]) < 0.2 * steps).all()
    assert np.abs(near[1] - near[0][:, -1]).mean() < np.abs(far[1] - far[0][:, -1]).mean()


@pytest.mark.slow
def test_no_two_samples_of_mackey_glass_overlap():
    x, y = MackeyGlass(samples=1000, length=10, ahead=2).draw()
    values = np.concatenate([x, y[:, None]], axis=1)
    assert len(np.unique(values)) == values.size
    noisy, _ = MackeyGlass(samples=1000, length=10, ahead=2, noise=0.1).draw()
    assert np.std(noisy - x) == pytest.approx(0.1, rel=0.03)
