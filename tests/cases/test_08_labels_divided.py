"""Images scaled, and the integer labels divided with them: cast back to integers, every label is 0.

The loss goes to 0 at once, the accuracy stays at one in ten.
"""

import keras
import numpy as np
from sklearn.datasets import load_digits

from tests.cases.lab import diagnosis_of_fit, rules

K = keras.layers
DIGITS, LABELS = load_digits(return_X_y=True)
X = DIGITS[:600] / 16


def fit(y: np.ndarray):
    def make():
        hidden = (K.Dense(64, "relu"), K.Dense(64, "relu"))
        model = keras.Sequential([K.Input((64,)), *hidden, K.Dense(10, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    return diagnosis_of_fit(make, X, y[:600], seeds=(0, 1), epochs=12)


def test_by_fit_loss_and_accuracy_contradict_each_other():
    diagnosis = fit(LABELS / 255)
    assert (diagnosis.verdict, diagnosis.root_cause) == ("ill", "contradicting_accuracy")
    finding = rules(diagnosis)["contradicting_accuracy"]
    assert finding.seeds == (0, 1)
    assert "labels" in finding.explanation


def test_with_its_labels_as_they_were_it_is_not_ill():
    assert fit(LABELS).verdict not in ("ill", "at risk")
