"""The lab itself: what a case hands to the diagnosis is what a sender's service would have stored."""

import keras
import numpy as np
import pytest

from gradlab.diagnosis import diagnose
from gradlab.keras.described import normalized_values_of
from tests.cases.lab import missing_methods, sent_by_fit

K = keras.layers


def two_moons(samples: int = 70) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    x = random.normal(size=(samples, 2)).astype("float32")
    return x, (x.sum(axis=1) > 0).astype("float32")


def compiled(*layers: keras.Layer, loss: object = "binary_crossentropy") -> keras.Model:
    model = keras.Sequential([K.Input((2,)), *layers])
    model.compile("sgd", loss, metrics=["accuracy"])
    return model


def test_the_lab_can_do_what_the_outbox_can():
    assert missing_methods() == set()


def test_what_a_model_knows_of_itself_is_sent():
    x, y = two_moons()
    layers = lambda: (K.Dense(3), K.ReLU(), K.Dense(4, "tanh"), K.Flatten(), K.Dense(1, "sigmoid"))  # noqa: E731
    spec, runs = sent_by_fit(lambda: compiled(*layers()), x, y, seeds=(4, 2), epochs=3, batch_size=32)
    assert [layer.activation for layer in spec.layers] == ["linear", "relu", "tanh", None, "sigmoid"]
    assert (spec.loss.kind, spec.loss.from_logits) == ("binary_crossentropy", False)
    assert (spec.batch_size, spec.steps_per_epoch, spec.metrics) == (32, 3, ("loss", "accuracy"))
    assert [(run.seed, run.history.first_epoch, len(run.history)) for run in runs] == [(4, 1, 3), (2, 1, 3)]
    assert diagnose(spec, runs).outcomes[0].seed == 4


@pytest.mark.parametrize(
    ("loss", "kind", "logits"),
    [
        ("mse", "mean_squared_error", False),
        (keras.losses.BinaryCrossentropy(from_logits=True), "binary_crossentropy", True),
        (keras.losses.binary_crossentropy, "binary_crossentropy", False),
        ([keras.losses.Huber()], "huber", False),
        (lambda y, p: keras.ops.mean((y - p) ** 2), "lambda", False),
    ],
    ids=["name", "object", "function", "list", "lambda"],  # not their addresses: two processes must collect the same
)
def test_a_loss_is_sent_by_the_name_that_keras_gives_its_function(loss, kind, logits):
    x, y = two_moons()
    make = lambda: compiled(K.Dense(1), loss=loss)  # noqa: E731
    spec, _ = sent_by_fit(make, x, y, seeds=(0,), epochs=1, batch_size=70)
    assert (spec.loss.kind, spec.loss.from_logits) == (kind, logits)
    assert (spec.batch_size, spec.steps_per_epoch) == (70, 1)


@pytest.mark.parametrize(
    ("layer", "values"),
    [
        (K.BatchNormalization(), 48),
        (K.BatchNormalization(axis=1), 24),
        (K.LayerNormalization(), 4),
        (K.LayerNormalization(axis=[1, 2]), 48),
        (K.GroupNormalization(groups=4), 48),
        (K.GroupNormalization(groups=2), 96),
        (K.GroupNormalization(groups=-1), 48),
        (K.Dense(3), None),
    ],
    ids=lambda each: getattr(each, "name", str(each)),
)
def test_how_many_values_of_a_sample_a_norm_takes_together(layer: keras.layers.Layer, values: int | None):
    keras.Sequential([K.Input((8, 6, 4)), layer])
    assert normalized_values_of(layer) == values


def test_of_an_unknown_length_nothing_is_claimed():
    norm = K.BatchNormalization()
    keras.Sequential([K.Input((None, 4)), norm])
    assert normalized_values_of(norm) is None
