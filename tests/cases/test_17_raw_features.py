"""Few positives among many raw features: after two epochs every hidden unit is off, and all are called negative.

It is blamed on the imbalance, 88 of 100 being negative. It is the inputs' scale: up to 10,000, so that the first
updates throw the hidden layers far off. The first epoch's loss is as large as the inputs, and what comes after it is
small beside that, though it is what always saying no loses.
"""

import keras
import numpy as np

from tests.cases.lab import diagnosis_of_fit, rules

FEATURES = 122


def samples(count: int = 3_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of mean 0 and standard deviation 1, the same as they were measured, and who is positive."""
    random = np.random.default_rng(0)
    scaled = random.normal(size=(count, FEATURES))
    score = scaled[:, :10].sum(axis=1) / np.sqrt(10) + random.normal(0, 0.5, count)
    return scaled, scaled * 10 ** random.uniform(0, 4, FEATURES), (score > 1.33).astype("float32")


def network() -> keras.Model:
    hidden = [keras.layers.Dense(8, "relu") for _ in range(3)]
    model = keras.Sequential([keras.layers.Input((FEATURES,)), *hidden, keras.layers.Dense(1, "sigmoid")])
    model.compile(keras.optimizers.SGD(0.01), "binary_crossentropy", metrics=["accuracy"])
    return model


def test_a_network_that_died_in_its_second_epoch_is_ill_however_far_its_loss_has_fallen():
    _, raw, y = samples()
    diagnosis = diagnosis_of_fit(network, raw, y, seeds=(0, 1), epochs=20, batch_size=128)
    assert (diagnosis.verdict, diagnosis.root_cause) == ("ill", "initial_loss")
    found = rules(diagnosis)
    assert {"input_scaling"} <= {*found["initial_loss"].remedies}
    assert len(found["zero_gradient"].layers) >= 3
    assert found["zero_gradient"].since_epoch <= 4
    assert found["not_learning"].seeds == (0, 1)
    assert "loses no more than" in found["not_learning"].explanation


def test_scaled_it_is_not_ill():
    scaled, _, y = samples()
    diagnosis = diagnosis_of_fit(network, scaled, y, seeds=(0, 1), epochs=20, batch_size=64)
    assert diagnosis.verdict != "ill"
    assert not {"initial_loss", "dead_network", "zero_gradient", "not_learning"} & {*rules(diagnosis)}
