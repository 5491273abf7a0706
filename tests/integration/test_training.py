"""The compiled loop's numbers are Keras's, and they are always the same."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.history import Chunk, History
from core.spec import ExperimentSpec
from core.statistics import GRADIENT_STATISTICS
from core.training import train as engine
from core.training.callback import GradientStatistics
from core.training.model import build_network, sample_order, targets
from core.training.train import train

HE = {"kind": "dense", "units": 6, "activation": "relu", "kernel_initializer": "he_uniform"}
OUTPUT = {"kind": "dense", "units": 1, "activation": "sigmoid"}
SGD = {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.9}
NORMALISED = [
    {"kind": "dense", "units": 6, "use_bias": False},
    {"kind": "batch_normalization"},
    {"kind": "activation", "activation": "tanh"},
]
DROPPED = [HE, {"kind": "dropout", "rate": 0.3}, OUTPUT]


def a_spec(*, layers=(HE, HE, OUTPUT), optimizer=SGD, train_size=70, batch_size=32, epochs=5, seeds=(0,), **more):
    fields = {
        "dataset": {"kind": "circles", "samples": 120, "seed": 1, "scale": [-1, 1], "train_size": train_size},
        "model": {"layers": list(layers)},
        "training": {
            "loss": "binary_crossentropy",
            "optimizer": optimizer,
            "epochs": epochs,
            "batch_size": batch_size,
        },
        "seeds": list(seeds),
    }
    return ExperimentSpec.model_validate(fields | more)


def whole(chunks: list[Chunk]) -> tuple[np.ndarray, np.ndarray]:
    """All epochs of one run: (epochs, metrics) and (epochs, tensors, statistics)."""
    return (
        np.concatenate([chunk.history.metrics for chunk in chunks]),
        np.concatenate([chunk.history.gradients for chunk in chunks]),
    )


def fit_with_keras(spec: ExperimentSpec, seed: int, callbacks=()):
    """The same training by `model.fit`: equal initial weights, equal order of the samples."""
    data = spec.dataset.load()
    network = build_network(spec, seed)
    network.compile(optimizer=spec.training.optimizer.build(keras), loss=spec.training.loss, metrics=["accuracy"])
    train_y, val_y = targets(spec, data.train_y), targets(spec, data.val_y)
    rows = []
    for epoch in range(1, spec.training.epochs + 1):
        order = sample_order(seed, epoch, spec.dataset.train_count)
        fitted = network.fit(
            data.train_x[order],
            train_y[order],
            batch_size=spec.training.batch_size,
            shuffle=False,
            verbose=0,
            validation_data=(data.val_x, val_y),
            callbacks=list(callbacks),
        )
        rows.append([fitted.history[name][0] for name in spec.layout.metrics])
    return np.array(rows), network


class LastWeights(keras.callbacks.Callback):
    """Keeps the weights at the end of training."""

    def on_train_end(self, logs=None):
        self.weights = self.model.get_weights()


@pytest.mark.parametrize("train_size", [70, 64], ids=["partial last batch", "full batches"])
@pytest.mark.parametrize("hidden", [[HE], NORMALISED], ids=["dense", "batch normalised"])
@pytest.mark.parametrize("optimizer", [SGD, {"kind": "adam", "learning_rate": 0.01}], ids=["sgd", "adam"])
def test_five_epochs_agree_with_model_fit(optimizer, hidden, train_size):
    spec = a_spec(layers=[*hidden, OUTPUT], optimizer=optimizer, train_size=train_size)
    last = LastWeights()
    metrics, _ = whole(list(train(spec, callbacks=[last])))
    expected, network = fit_with_keras(spec, seed=0)
    np.testing.assert_allclose(metrics, expected, rtol=2e-5, atol=1e-6)
    for ours, theirs in zip(last.weights, network.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize(
    "optimizer",
    [
        {"kind": "rmsprop", "learning_rate": 0.01, "momentum": 0.5, "centered": True},
        {"kind": "adamw", "learning_rate": 0.01, "weight_decay": 0.1},
        {**SGD, "nesterov": True, "clipnorm": 0.05},
        {**SGD, "clipvalue": 0.01},
        {**SGD, "global_clipnorm": 0.05},
    ],
    ids=lambda optimizer: "-".join(str(part) for part in optimizer if part != "learning_rate"),
)
def test_every_optimizer_and_way_of_clipping_agrees_with_model_fit(optimizer):
    spec = a_spec(layers=[HE, OUTPUT], optimizer=optimizer)
    metrics, _ = whole(list(train(spec)))
    expected, _ = fit_with_keras(spec, seed=0)
    np.testing.assert_allclose(metrics, expected, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "mean_squared_error"])
def test_three_classes_agree_with_model_fit(loss):
    spec = a_spec(
        layers=[HE, {"kind": "dense", "units": 3, "activation": "softmax"}],
        dataset={"kind": "wine", "scale": "standard"},
        training={"loss": loss, "optimizer": SGD, "epochs": 5},
    )
    metrics, _ = whole(list(train(spec)))
    expected, _ = fit_with_keras(spec, seed=0)
    np.testing.assert_allclose(metrics, expected, rtol=2e-5, atol=1e-6)


def test_every_statistic_agrees_with_numpy_on_the_same_gradient():
    spec = a_spec(layers=[*NORMALISED, HE, OUTPUT], batch_size=70, epochs=1)  # one batch: its gradient is the epoch's
    _, gradients = whole(list(train(spec)))
    data, network = spec.dataset.load(), build_network(spec, 0)
    order = sample_order(0, 1, 70)
    with tf.GradientTape() as tape:
        prediction = network(data.train_x[order], training=True)
        loss = tf.reduce_mean(keras.losses.binary_crossentropy(targets(spec, data.train_y)[order], prediction))
    tensors = [each.numpy() for each in tape.gradient(loss, network.trainable_variables)]
    expected = [[statistic.compute(tensor, np) for statistic in GRADIENT_STATISTICS] for tensor in tensors]
    # A mean near zero is a difference of large numbers: its rounding is that of the entries, not of itself.
    np.testing.assert_allclose(gradients[0], expected, rtol=1e-5, atol=1e-8)


def test_gradient_statistics_in_a_plain_model_fit_agrees_with_the_compiled_loop():
    spec = a_spec(optimizer={**SGD, "global_clipnorm": 0.05})
    ours = GradientStatistics()
    _, gradients = whole(list(train(spec, callbacks=[ours])))
    observer = GradientStatistics()
    fit_with_keras(spec, seed=0, callbacks=[observer])
    assert ours.epochs == [1, 2, 3, 4, 5]
    assert ours.tensors == observer.tensors == spec.layout.tensors
    np.testing.assert_array_equal(ours.gradients, gradients)
    np.testing.assert_allclose(observer.gradients, gradients, rtol=2e-4, atol=1e-7)
    np.testing.assert_array_equal(
        ours.of("l2", layer="dense_3", parameter="bias"), gradients[:, 5, spec.layout.statistics.index("l2")]
    )


def test_watching_a_model_fit_changes_nothing_and_leaves_nothing_behind():
    spec = a_spec(epochs=2)
    unwatched, plain = fit_with_keras(spec, seed=0)
    watched, observed = fit_with_keras(spec, seed=0, callbacks=[GradientStatistics()])
    np.testing.assert_array_equal(watched, unwatched)
    for left, right in zip(plain.get_weights(), observed.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)
    assert "apply" not in vars(observed.optimizer)


def test_a_standard_keras_callback_hears_of_every_epoch_and_can_stop_the_run():
    heard = []
    spec = a_spec(epochs=40, seeds=[0, 1])
    teller = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: heard.append((epoch, logs["val_loss"])))
    stopper = keras.callbacks.EarlyStopping(monitor="loss", min_delta=10.0, patience=3)
    chunks = list(train(spec, callbacks=[teller, stopper]))
    ended = [chunk for chunk in chunks if chunk.run_ended]
    assert [chunk.seed for chunk in ended] == [0, 1]
    assert all(4 <= chunk.history.last_epoch < 40 for chunk in ended)
    assert len(heard) == sum(len(chunk.history) for chunk in chunks)
    np.testing.assert_array_equal(
        [loss for _, loss in heard], np.concatenate([c.history.metrics[:, 2] for c in chunks])
    )


def in_chunks_of(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "next_length", lambda *_: length)


@pytest.mark.parametrize("length", [1, 3, 1000])
def test_the_chunk_length_changes_no_bit(length, monkeypatch):
    spec = a_spec(layers=DROPPED, epochs=20)
    expected = whole(list(train(spec)))
    in_chunks_of(length, monkeypatch)
    for ours, theirs in zip(whole(list(train(spec))), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("layers", [[HE, OUTPUT], DROPPED, [*NORMALISED, OUTPUT]], ids=["dense", "dropout", "normed"])
def test_a_training_resumed_from_any_checkpoint_ends_with_the_same_bits(layers, monkeypatch):
    in_chunks_of(3, monkeypatch)
    spec = a_spec(layers=layers, epochs=7, seeds=[4, 2], optimizer={"kind": "adam"})
    undisturbed, checkpoints = [], []
    for chunk in train(spec):
        undisturbed.append(chunk)
        checkpoints.append(chunk.checkpoint())
    for number, checkpoint in enumerate(checkpoints):
        resumed = list(train(spec, resume=checkpoint))
        missing = sum(len(chunk.history) for chunk in undisturbed[number + 1 :])
        assert sum(len(chunk.history) for chunk in resumed) == missing
        for seed in spec.seeds:
            ours = [c.history for c in resumed if c.seed == seed]
            if ours:
                theirs = history_of(undisturbed, seed)
                skipped = ours[0].first_epoch - 1
                np.testing.assert_array_equal(np.concatenate([h.gradients for h in ours]), theirs.gradients[skipped:])
                np.testing.assert_array_equal(np.concatenate([h.metrics for h in ours]), theirs.metrics[skipped:])


def history_of(chunks: list[Chunk], seed: int) -> History:
    metrics, gradients = whole([chunk for chunk in chunks if chunk.seed == seed])
    return History(layout=chunks[0].history.layout, first_epoch=1, metrics=metrics, gradients=gradients)


def test_a_seed_gives_the_same_bits_alone_and_among_others():
    among = history_of(list(train(a_spec(seeds=[3, 1, 2]))), seed=1)
    alone = history_of(list(train(a_spec(seeds=[1]))), seed=1)
    np.testing.assert_array_equal(among.gradients, alone.gradients)


def test_seeds_and_learning_rates_share_one_program(monkeypatch):
    monkeypatch.setattr(engine, "_programs", type(engine._programs)())
    for rate in (0.01, 0.1):
        list(train(a_spec(optimizer={**SGD, "learning_rate": rate}, seeds=[0, 1, 2])))
    (program,) = engine._programs.values()
    assert program._run.experimental_get_tracing_count() == 1


def test_the_learning_rate_is_not_lost_in_the_shared_program():
    slow, fast = (
        whole(list(train(a_spec(optimizer={"kind": "sgd", "learning_rate": rate}, epochs=3))))[0]
        for rate in (1e-6, 0.5)
    )
    still, moved = (abs(metrics[0, 2] - metrics[-1, 2]) for metrics in (slow, fast))
    assert still < 1e-5 < 1e-4 < moved


def test_two_trainings_side_by_side_do_not_disturb_each_other():
    spec = a_spec(epochs=30)
    expected = whole(list(train(spec)))
    pairs = list(zip(train(spec), train(spec), strict=False))
    assert len(pairs) > 1
    for which in (0, 1):
        seen = whole([pair[which] for pair in pairs])[1]
        np.testing.assert_array_equal(seen, expected[1][: len(seen)])


def test_an_exploding_run_ends_with_the_epoch_in_which_it_left_the_finite_numbers():
    wild = {"kind": "variance_scaling", "scale": 20000, "mode": "fan_in", "distribution": "uniform"}
    spec = a_spec(
        layers=[{**HE, "units": 64, "kernel_initializer": wild, "repeat": 5}, OUTPUT],
        optimizer={"kind": "sgd", "learning_rate": 10.0},
        epochs=50,
        seeds=[0, 1],
    )
    chunks = list(train(spec))
    ended = [chunk for chunk in chunks if chunk.run_ended]
    assert [(chunk.seed, chunk.stopped_by) for chunk in ended] == [(0, "nonfinite"), (1, "nonfinite")]
    metrics, gradients = whole([chunk for chunk in chunks if chunk.seed == 0])
    assert len(metrics) < 50
    assert np.isfinite(metrics[:-1]).all()
    assert not np.isfinite(np.concatenate([metrics[-1], gradients[-1].ravel()])).all()
    assert list(train(spec, resume=ended[-1].checkpoint())) == []


def test_what_xla_cannot_compile_trains_as_a_plain_graph_and_says_so(monkeypatch):
    outside = tf.autograph.experimental.do_not_convert(
        lambda x: tf.ensure_shape(tf.numpy_function(np.tanh, [x], tf.float32), x.shape)
    )

    @tf.custom_gradient
    def tanh_in_numpy(x):
        y = outside(x)
        return y, lambda upstream: upstream * (1 - y * y)

    spec = a_spec(layers=[{**HE, "activation": "tanh"}, OUTPUT])
    expected, _ = whole(list(train(spec)))
    monkeypatch.setattr(keras.activations, "tanh", tanh_in_numpy)
    monkeypatch.setattr(engine, "_programs", type(engine._programs)())
    chunks = list(train(spec))
    assert not any(chunk.compiled for chunk in chunks)
    np.testing.assert_allclose(whole(chunks)[0], expected, rtol=1e-4)
