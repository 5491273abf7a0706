"""y = x⁴ on [−100, 100], nothing scaled, the whole set as one batch: targets of 1e8.

The gradients are as large as the targets, and stay so: nothing doubles. Scaling both cures it.
"""

import keras
import numpy as np

from tests.cases.lab import diagnosis_of_fit, rules

K = keras.layers
X = np.arange(-100, 100, 0.5).reshape(-1, 1)
Y = X[:, 0] ** 4


def fit(x: np.ndarray, y: np.ndarray):
    def make():
        model = keras.Sequential([K.Input((1,)), K.Dense(50, "sigmoid"), K.Dense(50, "elu"), K.Dense(1)])
        model.compile("adam", "mse")
        return model

    return diagnosis_of_fit(make, x, y, seeds=(0,), epochs=100, batch_size=len(x))


def standardised(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


def test_by_fit_the_targets_are_the_root_and_nothing_is_said_to_have_doubled():
    diagnosis = fit(X, Y)
    assert diagnosis.root_cause == "target_range"
    assert rules(diagnosis)["target_range"].remedies[0] == "target_scaling"
    huge = rules(diagnosis)["exploding_growth"]
    assert "target_range" in huge.caused_by
    assert "target_scaling" in huge.remedies
    assert "doubled" not in huge.explanation


def test_scaled_it_is_not_ill():
    diagnosis = fit(standardised(X), standardised(Y))
    assert diagnosis.verdict not in ("ill", "at risk")
