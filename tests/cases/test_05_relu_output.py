"""Seven points of a line from -3 to 9, relu everywhere, also at the output: what is below 0 cannot be reached.

Layers of four and two units are dead from the beginning in some seeds, and behind a relu nothing revives them.
"""

import keras
import numpy as np

from tests.cases.lab import diagnosis_of_fit, rules

X = np.arange(-1.0, 6.0).reshape(-1, 1)
Y = 2 * X - 1


def network(output: str | None) -> keras.Model:
    units = [keras.layers.Dense(4, "relu"), keras.layers.Dense(2, "relu"), keras.layers.Dense(1, output)]
    model = keras.Sequential([keras.layers.Input((1,)), *units])
    model.compile(keras.optimizers.Adam(0.001), "mse")
    return model


def test_one_dead_seed_of_three_is_told_with_its_share_and_a_root_cause():
    diagnosis = diagnosis_of_fit(lambda: network("relu"), X, Y, epochs=25)
    assert diagnosis.verdict in ("at risk", "ill")
    assert diagnosis.root_cause is not None
    dead = rules(diagnosis)["zero_gradient"]
    assert dead.severity == "critical"
    assert f"This is seen in {len(dead.seeds)} of 3 seeds." in dead.explanation


def test_with_a_linear_output_it_is_not_ill():
    diagnosis = diagnosis_of_fit(lambda: network(None), X, Y, epochs=25)
    assert diagnosis.verdict != "ill"
