"""A Watch of a functional model with two inputs and two outputs: each output is judged by its own loss and targets."""

import keras
import numpy as np
from keras import layers

from gradlab.keras import Watch

SAMPLES = 96


def two_headed() -> keras.Model:
    """Two inputs, and two heads on one hidden layer: a value, and one of three classes."""
    left, right = keras.Input((2,), name="left"), keras.Input((1,), name="right")
    hidden = layers.Dense(8, "tanh", name="hidden")(layers.Concatenate()([left, right]))
    price = layers.Dense(1, name="price")(hidden)
    sort = layers.Dense(3, "softmax", name="sort")(hidden)
    return keras.Model([left, right], [price, sort])


def test_each_output_is_judged_by_its_own_loss_targets_and_metrics():
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(SAMPLES, 3)).astype(np.float32)
    value = x.sum(axis=1, keepdims=True)
    inputs, targets = [x[:, :2], x[:, 2:]], {"price": 100 * value, "sort": np.digitize(value[:, 0], [-0.8, 0.8])}
    model, watch = two_headed(), Watch(data=(inputs, targets), report_at_end=False)
    losses = {"price": "mse", "sort": keras.losses.SparseCategoricalCrossentropy()}
    model.compile("sgd", losses, loss_weights={"price": 0.5, "sort": 1.0}, metrics={"sort": ["accuracy"]})
    model.fit(inputs, targets, epochs=2, batch_size=32, verbose=0, callbacks=[watch])
    spec, (run,) = watch.recorder.spec, watch.recorder.runs()
    price, sort = spec.outputs
    assert (price.name, price.loss.kind, price.weight) == ("price", "mean_squared_error", 0.5)
    assert price.target.kind == "values"
    assert (sort.loss.kind, sort.target.kind, sort.target.count) == ("sparse_categorical_crossentropy", "classes", 3)
    own = run.by_output[1]
    assert np.array_equal(own.metric("loss"), run.metric("sort_loss"), equal_nan=True)
    assert own.view.output.activation == "softmax"
    assert own.view.constant_loss < 1.2 < run.by_output[0].view.constant_loss
    assert {name: each.features for name, each in run.facts.by_input.items()} == {"left": 2, "right": 1}
    assert [layer.name for layer in run.view.hidden_layers if layer.tensors] == ["hidden"]
    assert [each.output for each in watch.diagnosis().findings if each.rule == "target_range"] == ["price"]
