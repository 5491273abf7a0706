"""A loss of one's own, the mean distance √(dx² + dy²): where a prediction is exact its gradient is NaN.

Nothing grew before; a small number under the root cures it. Beside it the two other ways to NaN: bad values in the
samples or the targets, and an explosion.
"""

import keras
import numpy as np
import pytest

from gradlab.diagnosis import Diagnosis
from tests.cases.lab import diagnosis_of_fit, rules

K, ops = keras.layers, keras.ops
random = np.random.default_rng(0)
X = random.random((400, 3))
Y = np.where(X[:, :1] > 0.5, X[:, 1:], 0.0)  # half of the targets are exactly (0, 0)


def distance(slack: float):
    def mean_distance(y, p):
        return ops.mean(ops.sqrt(ops.sum(ops.square(y - p), -1) + slack))

    return mean_distance


def fit(loss, x=X, y=Y, *, hidden: str = "relu", output: str = "relu", rate: float = 0.001, batch_size: int = 32):
    def make():
        layers = (K.Dense(16, hidden), K.Dense(2, output))
        model = keras.Sequential([K.Input((3,)), *layers])
        optimizer = keras.optimizers.Adam(rate) if rate < 1 else keras.optimizers.SGD(rate)
        model.compile(optimizer, loss)
        return model

    return diagnosis_of_fit(make, x, y, seeds=(0,), epochs=8, batch_size=batch_size)


def told(diagnosis: Diagnosis) -> str:
    assert (diagnosis.verdict, diagnosis.root_cause) == ("ill", "nonfinite")
    return rules(diagnosis)["nonfinite"].explanation


def holed(values: np.ndarray, *place) -> np.ndarray:
    values = values.copy()
    values[place] = np.nan
    return values


def test_the_derivative_of_a_root_at_zero_is_told():
    diagnosis = fit(distance(0.0))
    assert "square root" in told(diagnosis)
    assert "Nothing had grown before" in told(diagnosis)
    assert {"learning_rate_lower", "clip_by_global_norm"}.isdisjoint(rules(diagnosis)["nonfinite"].remedies)


def test_with_a_small_number_under_the_root_it_is_not_ill():
    diagnosis = fit(distance(1e-10))
    assert diagnosis.verdict not in ("ill", "at risk")


@pytest.mark.parametrize("hidden", ["relu", "tanh"])
@pytest.mark.parametrize("place", [(slice(None), 1), (slice(0, 400, 7), 1)], ids=["a feature", "some samples"])
def test_inputs_that_are_no_numbers_are_told_whatever_the_activation_hides(hidden, place):
    diagnosis = fit("mse", holed(X, *place), hidden=hidden, output="linear")
    assert "np.isfinite(x).all()" in told(diagnosis)
    assert "square root" not in told(diagnosis)


def test_targets_that_are_no_numbers_are_told():
    assert "the same of y" in told(fit("mse", y=holed(Y, slice(0, 400, 7)), output="linear"))
    assert "they came with the samples" in told(fit("mse", y=holed(Y, 5), output="linear", batch_size=400))


def test_an_explosion_is_told_by_what_grew():
    diagnosis = fit("mse", X * 3, Y * 10, output="linear", rate=10.0)
    assert diagnosis.verdict == "ill"
    finding = rules(diagnosis)["nonfinite"]
    assert "look at what grew before" in finding.explanation
    assert "learning_rate_lower" in finding.remedies
