"""Networks with several inputs and outputs train as `model.fit` trains the same functional model."""

from datetime import UTC, datetime

import keras
import numpy as np
import pytest
import tensorflow as tf

from api.export.network import keras_file
from api.http.outflow import zipped
from core.plan.architecture import architecture
from core.plan.widths import width_for
from core.training.network import initial_values
from core.training.sample_order import sample_order
from core.training.task import Task
from core.training.train import train
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets import Dataset
from tests.fitting import LastWeights, trained
from tests.graphs import dense, node, shared

TRAIN, VAL, BATCH, EPOCHS = 64, 32, 32, 3
L2 = {"kind": "l2", "l2": 0.1}
# The encoder is shared by both inputs, and their names are not in the order of the alphabet.
NODES = [
    node("encoder", dense(4, "tanh", kernel_regularizer=L2), "right"),
    shared("encoder_of_left", "encoder", "left"),
    node("both", "concatenate", "encoder", "encoder_of_left", "left"),
    node("sort", dense(3, "softmax"), "both"),
    node("price", dense(2, "linear"), "both"),
]
MODEL = {"nodes": NODES, "inputs": ["right", "left"], "outputs": ["price", "sort"]}
SAMPLES = {
    "train_count": TRAIN,
    "val_count": VAL,
    "inputs": [{"name": "right", "shape": [3]}, {"name": "left", "shape": [3]}],
    "outputs": [
        {"name": "price", "target": {"kind": "values", "count": 2}},
        {"name": "sort", "target": {"kind": "classes", "count": 3}, "classes": ["a", "b", "c"]},
    ],
}
DATASET = {
    "kind": "uploaded",
    "id": f"sha256:{'0' * 64}",
    "features": {"left": ["a", "b", "c"], "right": ["d", "e", "f"]},
    "target": {"price": ["p", "q"], "sort": "k"},
    "task": {"price": "values", "sort": "classes"},
}
TRAINING = {
    "loss": {"price": "mean_squared_error", "sort": "categorical_crossentropy"},
    "loss_weights": {"price": 0.3, "sort": 2.0},
    "optimizer": {"kind": "adam", "learning_rate": 0.01},
    "epochs": EPOCHS,
    "batch_size": BATCH,
}
KERAS_LOSSES = {"price": "mean_squared_error", "sort": "categorical_crossentropy"}


def a_spec(*, weighted=False, seeds=(0,), model=MODEL, record="nothing", **fields) -> ExperimentSpec:
    """A spec; further fields are those of the training, and of what is known of the samples."""
    samples = SAMPLES | {name: value for name, value in fields.items() if name in SAMPLES}
    training = TRAINING | {name: value for name, value in fields.items() if name not in SAMPLES}
    dataset = DATASET | {"samples": samples} | ({"sample_weight": "w"} if weighted else {})
    whole = {"dataset": dataset, "model": model, "training": training, "seeds": list(seeds), "record": record}
    return ExperimentSpec.model_validate(whole)


def a_draw(*, weighted: bool = False) -> Dataset:
    random, count = np.random.default_rng(0), TRAIN + VAL
    right, left = (random.normal(size=(count, 3)).astype(np.float32) for _ in range(2))
    price = np.stack([right[:, 0] + left[:, 1], right[:, 2]], axis=1)
    sort = (left[:, 0] > 0).astype(np.int64) + (right[:, 1] > 0)
    weights = random.exponential(size=count).astype(np.float32) if weighted else None
    parts = [(right[rows], left[rows], price[rows], sort[rows]) for rows in (slice(TRAIN), slice(TRAIN, None))]
    (train_x, train_y), (val_x, val_y) = ((part[:2], part[2:]) for part in parts)
    return Dataset(train_x, train_y, val_x, val_y, *(() if weights is None else (weights[:TRAIN], weights[TRAIN:])))


def functional(spec: ExperimentSpec) -> keras.Model:
    """The functional model, written by hand, with the service's first weights."""
    right, left = keras.Input((3,), name="right"), keras.Input((3,), name="left")
    encoder = keras.layers.Dense(4, "tanh", kernel_regularizer=keras.regularizers.L2(0.1), name="encoder")
    both = keras.layers.Concatenate(name="both")([encoder(right), encoder(left), left])
    price = keras.layers.Dense(2, name="price")(both)
    model = keras.Model([right, left], [price, keras.layers.Dense(3, "softmax", name="sort")(both)])
    for each, values in zip(spec.layers, initial_values(spec, spec.seeds[0]), strict=True):
        if values.trainable:
            model.get_layer(each.name).set_weights(values.trainable)
    return model


def fit_by_name(spec: ExperimentSpec, data: Dataset) -> tuple[list[dict[str, float]], keras.Model]:
    """Train by Keras, with inputs, losses, weights and metrics by name; return the history of each epoch.

    Targets are a tuple: where they are by name, Keras 3.15 looks for weights of samples in the wrong place.
    """
    model, task = functional(spec), Task(spec)
    train_y, val_y = task.encoded(data.train_y), task.encoded(data.val_y)
    model.compile(
        spec.training.optimizer.build(keras),
        loss=KERAS_LOSSES,
        loss_weights=dict(spec.training.loss_weights),
        metrics={"price": ["mean_absolute_error", "r2_score"], "sort": ["accuracy"]},
        jit_compile=False,
    )

    def by_name(x, y, weights, rows=slice(None)):
        inputs = dict(zip(("right", "left"), (each[rows] for each in x), strict=True))
        targets = tuple(each[rows] for each in y)
        return (inputs, targets) if weights is None else (inputs, targets, weights[rows])

    epochs = []
    for epoch in range(1, spec.training.epochs + 1):
        order = sample_order(spec.seeds[0], epoch, spec.dataset.train_count)
        x, y, *weights = by_name(data.train_x, train_y, data.train_weight, order)
        validation = by_name(data.val_x, val_y, data.val_weight)
        options = {"sample_weight": weights[0]} if weights else {}
        fitted = model.fit(x, y, BATCH, verbose=0, shuffle=False, validation_data=validation, **options)
        epochs.append({name: values[0] for name, values in fitted.history.items()})
    return epochs, model


def trained_with_weights(spec: ExperimentSpec, data: Dataset, model: keras.Model) -> tuple[np.ndarray, list]:
    """Loss and metrics of each epoch of our training, and pairs of a weight after it and Keras's."""
    last = LastWeights()
    ours = trained(list(train(spec, samples=data, callbacks=[last])))["metrics"]
    places = {variable.path: place for place, variable in enumerate(last.model.variables)}
    return ours, [(last.weights[places[each.path]], each.numpy()) for each in model.variables]


def test_it_trains_as_the_functional_model_does_in_fit_and_has_the_same_metrics_by_name():
    spec, data = a_spec(weighted=True), a_draw(weighted=True)
    epochs, model = fit_by_name(spec, data)
    ours, weights = trained_with_weights(spec, data, model)
    names = [name for name in spec.layout.metrics if name != "learning_rate"]
    assert set(names) == set(epochs[0])
    assert {"loss", "price_loss", "sort_loss", "val_price_r2_score", "sort_accuracy"} < set(names)
    theirs = [[epoch[name] for name in names] for epoch in epochs]
    np.testing.assert_allclose(ours[:, : len(names)], theirs, rtol=5e-5, atol=2e-6)
    for mine, of_keras in weights:
        np.testing.assert_allclose(mine, of_keras, rtol=1e-3, atol=1e-5)


def test_padding_counts_for_no_output_and_the_loss_is_the_weighted_sum_of_theirs_and_the_penalty():
    """Keras's own mean of an output's loss counts a smaller last batch as a whole one, its `loss` by its samples."""
    metrics = {"price": ["mean_squared_error"], "sort": ["categorical_crossentropy"]}
    task, data, random = Task(a_spec(metrics=metrics)), a_draw(), np.random.default_rng(1)
    y = tuple(tf.constant(each[None, :BATCH]) for each in task.encoded(data.train_y))
    prediction = tuple(tf.constant(random.uniform(0.1, 1, each.shape), tf.float32) for each in y)
    counts, penalty = tf.constant([1.0] * 20 + [0.0] * (BATCH - 20)), tf.constant([0.25])
    padded = task.finish(task.sums(y, prediction, task.losses(y, prediction), penalty, counts))
    real = task.evaluate(*((each[0][:, :20], each[1][:, :20]) for each in (y, prediction)), penalty)
    np.testing.assert_allclose(padded, real, rtol=1e-5)
    loss, price_loss, sort_loss, squared_error, crossentropy = real[0].numpy()
    np.testing.assert_allclose([price_loss, sort_loss], [squared_error, crossentropy], rtol=1e-5)
    assert loss == pytest.approx(0.3 * price_loss + 2 * sort_loss + 0.25, rel=1e-5)


def test_seeds_train_side_by_side_and_the_network_is_a_file_that_keras_reads(tmp_path):
    spec, data = a_spec(seeds=(0, 1, 2), weighted=True), a_draw(weighted=True)
    assert width_for(spec) == 4
    chunks = list(train(spec, samples=data))
    for seed in (0, 2):
        alone = trained(list(train(a_spec(seeds=(seed,), weighted=True), samples=data)))["metrics"]
        np.testing.assert_allclose(trained(chunks, seed)["metrics"], alone, rtol=1e-4, atol=1e-6)
    snapshot = next(run.snapshot for run in chunks[-1].runs if run.seed == 2)
    file, at = tmp_path / "network.keras", datetime(2030, 1, 1, tzinfo=UTC)
    file.write_bytes(b"".join(zipped(keras_file(chunks[-1].architecture(), snapshot, at), at=at, compressed=False)))
    right, left = data.val_x
    price, _ = keras.models.load_model(file).predict({"left": left, "right": right}, verbose=0)
    loss = float(np.mean(data.val_weight[:, None] * np.square(price - data.val_y[0])))
    assert loss == pytest.approx(alone[-1, spec.layout.metrics.index("val_price_loss")], rel=1e-4)


def test_gradients_and_signals_are_those_of_the_weighted_sum():
    spec, data = a_spec(record="standard", epochs=0), a_draw()
    (chunk,) = train(spec, samples=data)
    history, model = chunk.runs[0].history, functional(spec)
    y = [tf.constant(each) for each in Task(spec).encoded(data.train_y)]
    right, left = map(tf.constant, data.train_x)
    encoder, both, price, sort = (model.get_layer(name) for name in ("encoder", "both", "price", "sort"))
    with tf.GradientTape(persistent=True) as tape:
        nudges = [tf.zeros((TRAIN, 4)), tf.zeros((TRAIN, 3))]
        tape.watch(nudges)
        flow = both([encoder(right), tf.tanh(left @ encoder.kernel + encoder.bias + nudges[0]), left])
        logits = flow @ sort.kernel + sort.bias + nudges[1]
        losses = 0.3 * keras.losses.mean_squared_error(y[0], price(flow))
        losses += 2.0 * keras.losses.categorical_crossentropy(y[1], logits, from_logits=True)
        total = tf.reduce_sum(losses)
        loss = total / TRAIN + 0.1 * tf.reduce_sum(tf.square(encoder.kernel))
    gradients, signals = (history.layout[kind] for kind in ("gradients", "signals"))
    l2 = dict(
        zip(((each.layer, each.parameter) for each in gradients.tensors), history.series["gradients"][0], strict=True)
    )
    for layer in (encoder, price, sort):
        recorded = l2[layer.name, "kernel"][gradients.columns.index("l2")]
        np.testing.assert_allclose(recorded, np.linalg.norm(tape.gradient(loss, layer.kernel)), rtol=1e-4)
    rms = history.series["signals"][0, :, signals.columns.index("rms")]
    by_layer = dict(zip((tensor.layer for tensor in signals.tensors), rms, strict=True))
    for name, delta in zip(("encoder_of_left", "sort"), tape.gradient(total, nudges), strict=True):
        np.testing.assert_allclose(by_layer[name], np.sqrt(np.mean(np.square(delta))), rtol=1e-4)


def test_the_first_value_that_is_not_finite_is_named():
    spec, data = a_spec(weighted=True, optimizer={"kind": "adam", "learning_rate": 1e6}), a_draw(weighted=True)
    data.train_x[1][...] *= 1e15  # Adam's steps become too large for float32, those of `price` alone
    (run,) = [run for chunk in train(spec, samples=data) for run in chunk.runs if run.run_ended]
    culprit = run.culprit
    assert run.stopped_by == "nonfinite"
    assert (culprit.epoch, culprit.batch, culprit.where, culprit.layer) == (1, 2, "weight", "price")


def test_programs_are_shared_by_specs_with_the_same_ends_alone():
    key = architecture(a_spec(), 1)
    assert architecture(a_spec(seeds=(5,)), 1) == key
    others = [
        a_spec(loss_weights={"price": 0.4, "sort": 2.0}),
        a_spec(metrics={"price": ["mean_absolute_error"]}),
        a_spec(weighted=True),
        a_spec(model={**MODEL, "outputs": ["sort", "price"]}, outputs=SAMPLES["outputs"][::-1]),
    ]
    assert len({key, *(architecture(other, 1) for other in others)}) == 1 + len(others)
