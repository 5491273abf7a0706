"""Rates, tests and effects against numbers from the literature and by hand."""

import math

import pytest

from core.treatment.comparison import effect, fisher, higher_values, holm, improvement, rate


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    # z = 1.959964: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (1, 32, 0.0055, 0.1574)],
)
def test_a_rate_has_its_wilson_interval(count, of, low, high):
    found = rate(count, of)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_fishers_test_counts_the_tables_that_are_at_least_as_unlikely():
    # 0 of 5 beside 10 of 10: of the ways to choose which 10 of 15 are ill, one is as extreme.
    assert fisher(0, 5, 10, 10) == pytest.approx(1 / math.comb(15, 5))
    # The lady tasting tea, Fisher 1935: 3 of 4 right each way; two-sided 34/70.
    assert fisher(3, 4, 1, 4) == pytest.approx(34 / 70)
    assert fisher(5, 5, 10, 10) == 1.0


def test_holms_adjustment_multiplies_the_smallest_by_all_and_never_falls():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_an_effect_is_the_mean_difference_of_pairs_with_students_interval():
    found = effect([0.5, 0.5, 0.6], [0.8, 0.9, 0.8])
    # Differences 0.3, 0.4, 0.2: mean 0.3, standard deviation 0.1; t(0.975, 2) = 4.30265.
    assert found.mean == pytest.approx(0.3)
    assert found.high is not None
    assert found.high - 0.3 == pytest.approx(4.30265 * 0.1 / math.sqrt(3), abs=1e-6)
    assert found.pairs == 3


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([None, 0.5], [0.7, None], (None, None, 0)),
        ([0.5, None], [0.75, 0.9], (0.25, None, 1)),
        ([], [], (None, None, 0)),
    ],
)
def test_pairs_without_a_finite_value_are_left_out(before, after, expected):
    found = effect(before, after)
    assert (found.mean, found.high, found.pairs) == expected


def test_an_improvement_is_tested_over_pairs_against_a_margin():
    # Rises 0.3, 0.4, 0.2, margin 0.03: t = 0.27/(0.1/√3) = 4.6765 with 2 degrees of freedom, one-sided.
    assert improvement([0.5, 0.5, 0.6], [0.8, 0.9, 0.8], 0.03) == pytest.approx(0.02141, abs=2e-5)
    assert improvement([0.8, 0.9, 0.8], [0.5, 0.5, 0.6], 0.03) > 0.9


@pytest.mark.parametrize(
    ("before", "after", "p"),
    [
        ([0.5, 0.5], [0.8, 0.8], 0.0),
        ([0.5, 0.5], [0.53, 0.53], 1.0),
        ([0.5], [0.9], 1.0),
        ([0.5, None], [0.9, 0.9], 1.0),
    ],
)
def test_equal_rises_are_beyond_the_margin_or_not_and_one_pair_says_nothing(before, after, p):
    assert improvement(before, after, 0.03 + 1e-9) == p


def test_values_of_other_seeds_are_compared_as_two_samples_of_their_own_spread():
    # Means 0.5 and 0.8, standard errors 0 and 0.1/√3: t = 0.3/0.057735 = 5.196 with 2 degrees of freedom, one-sided.
    assert higher_values([0.5, 0.5, 0.5, None], [0.8, 0.9, 0.7]) == pytest.approx(0.01755, abs=2e-5)
    assert higher_values([0.8, 0.9, 0.7], [0.5, 0.5, 0.5]) > 0.9
    assert (higher_values([0.5, 0.5], [0.8, 0.8]), higher_values([0.8, 0.8], [0.8, 0.8])) == (0.0, 1.0)
    assert higher_values([0.5], [0.8, 0.9]) == 1.0
