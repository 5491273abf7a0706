"""Each statistic agrees with the same number worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.history import History, Layout, Tensor, first_nonfinite
from core.statistics import GRADIENT_STATISTICS

BY_HAND = {
    "mean_abs": lambda g: math.fsum(abs(x) for x in g) / len(g),
    "mean": lambda g: math.fsum(g) / len(g),
    "std": lambda g: math.sqrt(math.fsum((x - math.fsum(g) / len(g)) ** 2 for x in g) / len(g)),
    "l2": lambda g: math.sqrt(math.fsum(x * x for x in g)),
    "max_abs": lambda g: max(abs(x) for x in g),
    "zero_fraction": lambda g: sum(x == 0 for x in g) / len(g),
}

GRADIENTS = hnp.arrays(np.float64, hnp.array_shapes(max_dims=3), elements=st.floats(-1e6, 1e6) | st.just(0.0))


def test_every_statistic_has_a_twin():
    assert set(BY_HAND) == {statistic.name for statistic in GRADIENT_STATISTICS}


@pytest.mark.parametrize("statistic", GRADIENT_STATISTICS, ids=lambda statistic: statistic.name)
@given(gradient=GRADIENTS)
def test_a_statistic_is_what_its_formula_says(statistic, gradient):
    expected = BY_HAND[statistic.name](gradient.ravel().tolist())
    largest = float(np.max(np.abs(gradient)))
    assert statistic.compute(gradient, np) == pytest.approx(expected, rel=1e-9, abs=1e-12 * max(largest, 1))


@pytest.mark.parametrize("poison", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["mean_abs", "mean", "l2", "max_abs"])
def test_one_value_that_is_not_finite_shows(name, poison):
    compute = {statistic.name: statistic.compute for statistic in GRADIENT_STATISTICS}[name]
    assert not math.isfinite(compute(np.array([1.0, poison, 2.0]), np))


@pytest.mark.parametrize(
    ("values", "first"),
    [([1, 2], None), ([1, math.nan, math.inf], (1, "nan")), ([math.inf], (0, "inf")), ([0, -math.inf], (1, "-inf"))],
)
def test_the_first_value_that_is_not_finite_is_found_and_named(values, first):
    assert first_nonfinite(np.array(values, np.float32)) == first


def test_a_history_gives_its_epochs_one_by_one():
    layout = Layout(metrics=("loss",), tensors=(Tensor("dense_1", "kernel", (2, 3)),), statistics=("mean_abs",))
    history = History(layout, 7, np.array([[0.5], [math.nan]], np.float32), np.zeros((2, 1, 1), np.float32))
    first, second = history
    assert (len(history), history.last_epoch) == (2, 8)
    assert (first.epoch, first.metrics) == (7, {"loss": 0.5})
    assert second.epoch == 8
    assert math.isnan(second.metrics["loss"])
