"""Networks that are graphs train as `model.fit` trains the same functional model, and are recorded rightly."""

from datetime import UTC, datetime

import keras
import numpy as np
import pytest
import tensorflow as tf

from api.export.network import keras_file
from api.http.outflow import zipped
from core.plan.widths import width_for
from core.training.network import initial_values
from core.training.sample_order import sample_order
from core.training.task import Task
from core.training.train import train
from gradlab.spec import ExperimentSpec
from tests.campaigns import one_in
from tests.fitting import trained
from tests.graphs import dense, graph_fields, node, shared

OUTPUT = dense(1, "sigmoid")


def skip():
    x = keras.Input((2,))
    left = keras.layers.Dense(4, "tanh", name="left")(x)
    behind = keras.layers.Dense(4, "tanh", name="behind")(left)
    added = keras.layers.Add(name="sum")([left, behind])
    return keras.Model(x, keras.layers.Dense(1, "sigmoid", name="out")(added))


def branches():
    x = keras.Input((2,))
    wide = keras.layers.Dense(5, "tanh", name="wide")(x)
    normal = keras.layers.BatchNormalization(name="normal")(keras.layers.Dense(3, name="narrow")(x))
    both = keras.layers.Concatenate(name="both")([wide, normal, x])
    return keras.Model(x, keras.layers.Dense(1, "sigmoid", name="out")(both))


def siamese():
    x = keras.Input((2,))
    twin = keras.layers.Dense(2, "tanh", name="twin")
    norm = keras.layers.BatchNormalization(name="norm")
    once = norm(twin(x))
    twice = norm(twin(once))
    added = keras.layers.Add(name="sum")([once, twice])
    return keras.Model(x, keras.layers.Dense(1, "sigmoid", name="out")(added))


def nested():
    inside = keras.Input((2,))
    first = keras.layers.Dense(2, "tanh", name="first")(inside)
    encoder = keras.Model(inside, keras.layers.Add(name="sum")([inside, first]), name="encoder")
    x = keras.Input((2,))
    both = keras.layers.Concatenate(name="both")([encoder(x), encoder(keras.layers.Dense(2, name="turn")(x))])
    return keras.Model(x, keras.layers.Dense(1, "sigmoid", name="out")(both))


INSIDE = [node("first", dense(2, "tanh"), "input"), node("sum", "add", "input", "first")]
ENCODER = {"nodes": INSIDE, "outputs": ["sum"]}
# Name -> the functional model, written by hand; the nodes of the graph.
GRAPHS = {
    "shared layers": (siamese, [
        node("out", OUTPUT, "sum"), node("sum", "add", "once", "twice"), shared("twice", "once", "again"),
        shared("again", "twin", "once"), node("once", "batch_normalization", "twin"),
        node("twin", dense(2, "tanh"), "input")]),
    "skip connection": (skip, [
        node("left", dense(4, "tanh"), "input"), node("behind", dense(4, "tanh"), "left"),
        node("sum", "add", "left", "behind"), node("out", OUTPUT, "sum")]),
    "two branches": (branches, [
        node("wide", dense(5, "tanh"), "input"), node("narrow", dense(3, "linear"), "input"),
        node("normal", "batch_normalization", "narrow"), node("both", "concatenate", "wide", "normal", "input"),
        node("out", OUTPUT, "both")]),
    "nested graph": (nested, [
        {"name": "encoder", "graph": ENCODER, "inputs": ["input"]}, node("turn", dense(2, "linear"), "input"),
        shared("encoder2", "encoder", "turn"), node("both", "concatenate", "encoder", "encoder2"),
        node("out", OUTPUT, "both")]),
}  # fmt: skip
# The layers that the functional models call otherwise.
KERAS_NAMES = {"once": "norm", "encoder.first": "first", "encoder.sum": "sum"}


class WeightsByLayer(keras.callbacks.Callback):
    """Keeps the weights at the end of training, by the layer's name."""

    def on_train_end(self, logs=None) -> None:
        self.weights = {layer.name: layer.get_weights() for layer in self.model.layers if layer.weights}


def a_spec(name: str, **more) -> ExperimentSpec:
    training = {"loss": "binary_crossentropy", "optimizer": {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9}}
    fields = graph_fields(GRAPHS[name][1], training={**training, "epochs": 3, "batch_size": 10})
    return ExperimentSpec.model_validate({**fields, "record": "standard", **more})


def of_keras(name: str, spec: ExperimentSpec) -> tuple[keras.Model, dict]:
    """The functional model with the service's first weights, and its layers with weights by the names of the graph."""
    model = GRAPHS[name][0]()
    layers = {layer.name: layer for each in model.layers for layer in getattr(each, "layers", [each])}
    named = {}
    for each, values in zip(spec.layers, initial_values(spec, 0), strict=True):
        if values.trainable:
            named[each.name] = layers[KERAS_NAMES.get(each.name, each.name)]
            named[each.name].set_weights([*values.trainable, *values.state])
    return model, named


@pytest.mark.parametrize("name", one_in(4, GRAPHS))
def test_a_graph_trains_as_the_functional_model_does_in_fit(name):
    spec, last = a_spec(name, record="nothing"), WeightsByLayer()
    ours = trained(list(train(spec, callbacks=[last])))["metrics"]
    model, layers = of_keras(name, spec)
    model.compile(spec.training.optimizer.build(keras), "binary_crossentropy", metrics=["accuracy"], jit_compile=False)
    data, task, rows = spec.dataset.load(), Task(spec), []
    train_y, val_y = task.encoded(data.train_y), task.encoded(data.val_y)
    for epoch in range(1, spec.training.epochs + 1):
        order = sample_order(0, epoch, spec.dataset.train_count)
        x, y, validation = data.train_x[order], train_y[order], (data.val_x, val_y)
        fitted = model.fit(x, y, 10, verbose=0, shuffle=False, validation_data=validation)
        rows.append([fitted.history[key][0] for key in ("loss", "accuracy", "val_loss", "val_accuracy")])
    np.testing.assert_allclose(ours[:, :4], rows, rtol=5e-5, atol=2e-6)
    assert last.weights.keys() == layers.keys()
    for layer, weights in last.weights.items():
        for mine, theirs in zip(weights, layers[layer].get_weights(), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-5)


def test_gradients_of_shared_weights_are_the_sum_over_their_uses_and_signals_are_those_of_each_use():
    spec = a_spec("shared layers", training={**a_spec("shared layers").training.model_dump(), "epochs": 0})
    (chunk,) = train(spec)
    history = chunk.runs[0].history
    _, layers = of_keras("shared layers", spec)
    data, task = spec.dataset.load(), Task(spec)
    x, y = tf.constant(data.train_x), tf.constant(task.encoded(data.train_y))
    twin, norm, out = (layers[name] for name in ("twin", "once", "out"))
    with tf.GradientTape(persistent=True) as tape:
        nudges = [tf.zeros((len(x), 2)), tf.zeros((len(x), 2))]
        tape.watch(nudges)
        once = norm(tf.tanh(x @ twin.kernel + twin.bias + nudges[0]), training=True)
        twice = norm(tf.tanh(once @ twin.kernel + twin.bias + nudges[1]), training=True)
        losses = keras.losses.binary_crossentropy(y, out(once + twice))
        mean, total = tf.reduce_mean(losses), tf.reduce_sum(losses)
    kernel, deltas = tape.gradient(mean, twin.kernel), tape.gradient(total, nudges)
    gradients, signals = (history.layout[kind] for kind in ("gradients", "signals"))
    assert [tensor.layer for tensor in gradients.tensors] == ["twin"] * 2 + ["once"] * 2 + ["out"] * 2
    place = next(i for i, tensor in enumerate(gradients.tensors) if tensor.parameter == "kernel")
    l2 = history.series["gradients"][0, place, gradients.columns.index("l2")]
    np.testing.assert_allclose(l2, np.linalg.norm(kernel), rtol=1e-4)
    watched = [tensor.layer for tensor in signals.tensors]
    assert watched == ["twin", "once", "again", "twice", "sum", "out"]
    rms = history.series["signals"][0, :, signals.columns.index("rms")]
    expected = [np.sqrt(np.mean(np.square(delta))) for delta in deltas]
    np.testing.assert_allclose([rms[watched.index("twin")], rms[watched.index("again")]], expected, rtol=1e-4)


def test_seeds_of_a_graph_train_side_by_side_and_its_network_is_a_file_that_keras_reads(tmp_path):
    spec = a_spec("nested graph", seeds=[0, 1, 2], record="nothing")
    assert width_for(spec) == 4
    chunks = list(train(spec))
    alone = trained(list(train(a_spec("nested graph", seeds=[1], record="nothing"))))["metrics"]
    np.testing.assert_allclose(trained(chunks, 1)["metrics"], alone, rtol=1e-4, atol=1e-6)
    snapshot = next(run.snapshot for run in chunks[-1].runs if run.seed == 1)
    file = tmp_path / "network.keras"
    at = datetime(2030, 1, 1, tzinfo=UTC)
    parts = keras_file(chunks[-1].architecture(), snapshot, at)
    file.write_bytes(b"".join(zipped(parts, at=at, compressed=False)))
    data, task = spec.dataset.load(), Task(spec)
    predicted = keras.models.load_model(file)(data.val_x, training=False)
    loss = float(keras.losses.BinaryCrossentropy()(task.encoded(data.val_y), predicted))
    assert loss == pytest.approx(alone[-1, spec.layout.metrics.index("val_loss")], rel=1e-4)
