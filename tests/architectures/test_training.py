"""A translated model is trained by the service as `model.fit` trains it: loss and metrics of every epoch."""

import keras
import numpy as np
import pytest
from keras import layers

from core.training.network import Network
from core.training.sample_order import sample_order
from core.training.task import Task
from core.training.train import train
from gradlab.spec import ExperimentSpec
from gradlab.translate.from_keras import translate
from tests.architectures import graphs
from tests.architectures.test_round_trip import at
from tests.fitting import trained

DIGITS = {"kind": "digits", "form": "image", "scale": [0, 1], "train_size": 100}
SINE = {"kind": "sine", "samples": 60, "length": 12, "train_size": 40}


def residual_convnet():
    x = keras.Input((8, 8, 1))
    y = graphs.residual_block(layers.Conv2D(4, 3, padding="same")(x), 4)
    model = keras.Model(x, layers.Dense(10, "softmax")(layers.GlobalAveragePooling2D()(y)))
    model.compile(keras.optimizers.Adam(0.01, clipnorm=1.0), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, DIGITS


def shared_and_nested():
    inside = keras.Input((8, 8, 1))
    encoder = keras.Model(inside, layers.Dense(6, "tanh")(layers.Flatten()(inside)), name="encoder")
    x, dense = keras.Input((8, 8, 1)), layers.Dense(6, "relu")
    model = keras.Model(x, layers.Dense(10)(layers.Add()([dense(encoder(x)), 0.5 * dense(dense(encoder(x)))])))
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True), loss, metrics=["accuracy"])
    return model, DIGITS


def recurrent():
    model = keras.Sequential([keras.Input((12, 1)), layers.Bidirectional(layers.GRU(4)), layers.Dense(1)])
    rate = keras.optimizers.schedules.ExponentialDecay(0.02, 5, 0.8)
    model.compile(keras.optimizers.RMSprop(rate), "mse", metrics=["mae"])
    return model, SINE


@pytest.mark.campaign
@pytest.mark.parametrize("build", [residual_convnet, shared_and_nested, recurrent])
def test_a_translated_model_trains_as_it_does_by_fit(build):
    keras.utils.clear_session()
    model, dataset = build()
    translation = translate(model.to_json())
    training = translation.training.model_dump(mode="json") | {"epochs": 3, "batch_size": 32}
    network = translation.model.model_dump(mode="json")
    fields = {"dataset": dataset, "model": network, "training": training, "record": "lean"}
    spec = ExperimentSpec.model_validate(fields)
    ours = trained(list(train(spec)))["metrics"]

    initial = Network(spec, seed=0)
    for layer in initial.layers:
        if layer.keras.weights and not layer.named.shares:
            at(model, translation.names[layer.named.name]).set_weights(layer.keras.get_weights())
    data, task = spec.dataset.load(), Task(spec)
    y = task.encoded(data.train_y)
    y = y.argmax(-1) if "sparse" in str(model.loss) else y
    for epoch in range(1, 4):
        order = sample_order(0, epoch, spec.dataset.train_count)
        fitted = model.fit(data.train_x[order], y[order], batch_size=32, shuffle=False, verbose=0).history
        expected = [fitted["loss"][0], fitted[next(name for name in fitted if name != "loss")][0]]
        np.testing.assert_allclose(ours[epoch - 1, :2], expected, rtol=5e-5, atol=2e-6)
