"""Values that are not finite: they came with the samples or the targets, or the steps were far too long.

A loss of one's own whose slope is infinite is another cause of the same: `fits.root_in_the_loss`.
"""

import keras
import numpy as np
import pytest

from gradlab.diagnosis import Diagnosis
from tests.campaigns import one_in
from tests.cases.lab import diagnosis_of_fit, rules

K = keras.layers
random = np.random.default_rng(0)
X = random.random((400, 3))
Y = np.where(X[:, :1] > 0.5, X[:, 1:], 0.0)


def fit(x=X, y=Y, *, hidden: str = "relu", rate: float = 0.001, batch_size: int = 32):
    def make():
        model = keras.Sequential([K.Input((3,)), K.Dense(16, hidden), K.Dense(2)])
        model.compile(keras.optimizers.Adam(rate) if rate < 1 else keras.optimizers.SGD(rate), "mse")
        return model

    return diagnosis_of_fit(make, x, y, seeds=(0,), epochs=8, batch_size=batch_size)


def told(diagnosis: Diagnosis) -> str:
    assert (diagnosis.verdict, diagnosis.root_cause) == ("ill", "nonfinite")
    return rules(diagnosis)["nonfinite"].explanation


def holed(values: np.ndarray, *place) -> np.ndarray:
    values = values.copy()
    values[place] = np.nan
    return values


FEATURE, SOME_SAMPLES = (slice(None), 1), (slice(0, 400, 7), 1)


@pytest.mark.parametrize(
    ("hidden", "place"),
    one_in(2, [("relu", FEATURE), ("relu", SOME_SAMPLES), ("tanh", SOME_SAMPLES), ("tanh", FEATURE)]),
)
def test_inputs_that_are_no_numbers_are_told_whatever_the_activation_hides(hidden, place):
    diagnosis = fit(holed(X, *place), hidden=hidden)
    assert "np.isfinite(x).all()" in told(diagnosis)
    assert "square root" not in told(diagnosis)


def test_targets_that_are_no_numbers_are_told():
    assert "the same of y" in told(fit(y=holed(Y, slice(0, 400, 7))))
    assert "they came with the samples" in told(fit(y=holed(Y, 5), batch_size=400))


def test_an_explosion_is_told_by_what_grew():
    diagnosis = fit(X * 3, Y * 10, rate=10.0)
    assert diagnosis.verdict == "ill"
    finding = rules(diagnosis)["nonfinite"]
    assert "look at what grew before" in finding.explanation
    assert "learning_rate_lower" in finding.remedies
