"""Sequences of zeros, then ones; the share of ones is asked for. A mask on 0 removes just what is to be counted.

The output is a relu, whose one unit is off from the beginning in some seeds.
"""

import keras
import numpy as np

from tests.cases.lab import diagnosis_of_fit, rules

LENGTH, SAMPLES = 60, 45
ONES = np.random.default_rng(0).integers(3, 45, SAMPLES)
X = (np.arange(LENGTH) >= LENGTH - ONES[:, None])[..., None].astype("float32")
Y = ONES / LENGTH


def network(*before: keras.layers.Layer, output: str) -> keras.Model:
    model = keras.Sequential(
        [keras.layers.Input((LENGTH, 1)), *before, keras.layers.LSTM(10), keras.layers.Dense(1, output)]
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


def test_it_is_not_passed_over():
    masked = lambda: network(keras.layers.Masking(0.0), output="relu")  # noqa: E731
    diagnosis = diagnosis_of_fit(masked, X, Y, epochs=20, batch_size=32)
    assert diagnosis.verdict in ("at risk", "ill")
    dead = rules(diagnosis)["zero_gradient"]
    assert len(dead.layers) == 2


def test_without_the_mask_and_with_a_linear_output_it_is_not_ill():
    diagnosis = diagnosis_of_fit(lambda: network(output="linear"), X, Y, epochs=20, batch_size=4)
    assert diagnosis.verdict != "ill"
