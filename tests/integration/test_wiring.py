"""Wiring faults in real Keras trainings: each is the root cause, and the same training without it has no finding."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from gradlab.diagnosis import Diagnosis
from gradlab.diagnosis.groups import WIRING
from gradlab.keras import Watch
from tests.campaigns import one_in

EPOCHS, BATCH = 4, 16
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(96, 6)).astype("float32")
CLASSES = (X[:, 0] > 0).astype("float32")
THREE = np.digitize(X[:, 0], [-0.5, 0.5]).astype("float32")
VALUES = (X[:, :1] + 0.1).astype("float32")
TOKENS = RANDOM.integers(1, 9, size=(96, 6))


class Cut(layers.Layer):
    """Passes its input on, and no gradient back."""

    def call(self, x: Any) -> Any:
        return ops.stop_gradient(x)


class Forgetful(layers.Layer):
    """A dropout that is always called in inference mode, or as it should be."""

    def __init__(self, right: bool) -> None:
        super().__init__()
        self.dropout, self.right = layers.Dropout(0.5), right

    def call(self, x: Any, training: bool = False) -> Any:
        return self.dropout(x, training=training and self.right)


def small(*between: Any, units: int = 1, activation: str | None = "sigmoid", **more: Any) -> keras.Model:
    """Six inputs, four tanh units, what is given between, and an output."""
    stack = [layers.Input((6,)), layers.Dense(4, "tanh"), *between, layers.Dense(units, activation)]
    return compiled(stack, **more)


def compiled(stack: list[Any], **more: Any) -> keras.Model:
    """A model of these layers, trained by gradient descent."""
    model = keras.Sequential(stack)
    model.compile(**{"optimizer": keras.optimizers.SGD(0.1), "loss": "binary_crossentropy", **more})
    return model


def reading() -> keras.Model:
    """A model of sequences of tokens, of which 0 is padding."""
    embedding = layers.Embedding(9, 4, mask_zero=True)
    return compiled([layers.Input((6,)), embedding, layers.GlobalAveragePooling1D(), layers.Dense(1, "sigmoid")])


def scaled(loss: Any) -> keras.Model:
    """A model of values with a loss scaler."""
    return small(activation=None, loss=loss, optimizer=keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1)))


def frozen_normalization() -> keras.Model:
    """A batch normalisation that is not trained, behind a layer that is."""
    normalization = layers.BatchNormalization()
    normalization.trainable = False
    return small(normalization)


def with_a_root(y: Any, prediction: Any) -> Any:
    """A finite loss whose gradient is 0 times infinity."""
    return ops.mean((y - prediction) ** 2) + ops.mean(ops.sqrt(0 * prediction))


def diagnosed(model: keras.Model, x: Any, y: Any, validation: Any = None, batch: int = BATCH) -> Diagnosis:
    """Train and watch."""
    watch = Watch(data=(x, y), validation_data=validation, report_at_end=False)
    model.fit(x, y, epochs=EPOCHS, batch_size=batch, validation_data=validation, callbacks=[watch], verbose=0)
    return watch.diagnosis()


SICK = {
    "no_gradient": lambda: diagnosed(small(Cut()), X, CLASSES),
    "unchanged_weights": lambda: diagnosed(small(optimizer=keras.optimizers.SGD(0.0)), X, CLASSES),
    "inference_mode": lambda: diagnosed(small(Forgetful(right=False)), X, CLASSES),
    "broadcast_target": lambda: diagnosed(small(units=5, activation=None, loss="mean_squared_error"), X, VALUES),
    "target_encoding": lambda: diagnosed(small(), X, THREE),
    "output_mismatch": lambda: diagnosed(small(activation=None), X, CLASSES),
    "frozen_normalization": lambda: diagnosed(frozen_normalization(), X, CLASSES),
    "single_value_normalization": lambda: diagnosed(small(layers.BatchNormalization()), X, CLASSES, batch=1),
    "validation_scale": lambda: diagnosed(small(), X, CLASSES, (X[:48] * 255, CLASSES[:48])),
    "masked_inputs": lambda: diagnosed(reading(), 0 * TOKENS, CLASSES),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rule", one_in(2, SICK))
def test_a_wiring_fault_is_the_root_cause(rule: str):
    diagnosis = SICK[rule]()
    assert diagnosis.root_cause == rule
    assert diagnosis.verdict in ("at risk", "ill")


@pytest.mark.filterwarnings("ignore")
def test_a_loss_scaler_that_skips_every_update_is_named():
    names = {each.rule for each in diagnosed(scaled(with_a_root), X, VALUES).findings}
    assert "skipped_updates" in names
    assert "no_gradient" not in names


FINE = {
    "dropout and batch normalisation": lambda: diagnosed(
        small(layers.BatchNormalization(), Forgetful(right=True)), X, CLASSES, (X[:48], CLASSES[:48])
    ),
    "values of shape (N,)": lambda: diagnosed(
        small(activation=None, loss="mean_squared_error"), X, VALUES[:, 0], (X[:48], VALUES[:48, 0])
    ),
    "tokens": lambda: diagnosed(reading(), TOKENS, CLASSES, (TOKENS[:48], CLASSES[:48])),
    "a loss scaler": lambda: diagnosed(scaled("mean_squared_error"), X, VALUES, (X[:48], VALUES[:48])),
    "class indices": lambda: diagnosed(
        small(units=3, activation="softmax", loss="sparse_categorical_crossentropy"), X, THREE, (X[:48], THREE[:48])
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", one_in(2, FINE))
def test_without_a_fault_no_rule_on_wiring_has_a_finding(name: str):
    diagnosis = FINE[name]()
    assert not {*WIRING, *SICK} & {each.rule for each in diagnosis.findings}
    # Which classes a batch holds is seen by no callback of Keras.
    assert {*WIRING} & {each.rule for each in diagnosis.unjudged} <= {"ordered_batches"}
