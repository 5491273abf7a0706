"""Keras on JAX and on PyTorch: a Watch changes no bit of a training, and its numbers are those of NumPy."""

import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from gradlab.keras import GradientStatistics, Watch
from gradlab.keras.arrays import array
from gradlab.keras.backends import backend
from gradlab.measurement.kinds import STATISTICS
from gradlab.watch import WatchWarning

X = np.random.default_rng(0).random((24, 8)).astype("float32")
Y = (X.sum(1) > 4).astype("float32")[:, None]
Make = Callable[[], keras.Model]


def dense(*more: Any) -> keras.Model:
    return keras.Sequential([layers.Input((8,)), layers.Dense(5, "tanh"), *more, layers.Dense(1, "sigmoid")])


def words() -> keras.Model:
    inputs = keras.Input((8,))
    embedded = layers.Embedding(5, 3)(layers.Lambda(lambda x: ops.cast(x * 5, "int32"))(inputs))
    return keras.Model(inputs, layers.Dense(1, "sigmoid")(layers.Flatten()(embedded)))


def recurrent(inside: Any) -> keras.Model:
    return keras.Sequential([layers.Input((8,)), layers.Reshape((4, 2)), inside, layers.Dense(1, "sigmoid")])


class Subclassed(keras.Model):
    """Layers as attributes, one of them inside a model."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = keras.Sequential([layers.Dense(6, "relu"), layers.Dropout(0.5)])
        self.out = layers.Dense(1, "sigmoid")

    def call(self, x: Any, training: bool | None = None) -> Any:
        return self.out(self.inside(x, training=training))


def mixed() -> keras.Model:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        return dense()
    finally:
        keras.config.set_dtype_policy("float32")


KINDS: dict[str, tuple[Make, Callable[[], Any]]] = {
    "dropout and normalisation": (
        lambda: dense(layers.BatchNormalization(), layers.Dropout(0.5)),
        keras.optimizers.Adam,
    ),
    "embedding": (words, keras.optimizers.SGD),
    "lstm": (lambda: recurrent(layers.LSTM(3)), keras.optimizers.Adam),
    "subclassed": (Subclassed, keras.optimizers.Adam),
    "clipping": (dense, lambda: keras.optimizers.SGD(global_clipnorm=0.1)),
    "accumulation": (dense, lambda: keras.optimizers.SGD(clipnorm=0.1, gradient_accumulation_steps=3)),
    "mixed precision": (mixed, lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())),
    "not built": (lambda: keras.Sequential([layers.Dense(5), layers.Dense(1, "sigmoid")]), keras.optimizers.Adam),
}


def fitted(make: Make, optimizer: Callable[[], Any], *callbacks: Any, **more: Any) -> tuple[list[np.ndarray], dict]:
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    model = make()
    model.compile(optimizer(), "binary_crossentropy", metrics=["accuracy"])
    fit = {"epochs": 2, "batch_size": 8, "verbose": 0, "validation_data": (X[:8], Y[:8])} | more
    history = model.fit(X, Y, callbacks=list(callbacks), **fit)
    return model.get_weights(), history.history


def watch(**more: Any) -> Watch:
    return Watch(**{"data": (X, Y), "report_at_end": False} | more)


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_of_fit_is_changed_and_all_of_it_is_recorded(kind):
    make, optimizer = KINDS[kind]
    watched, statistics = watch(record="full", validation_data=(X[:8], Y[:8])), GradientStatistics()
    with warnings.catch_warnings():
        warnings.simplefilter("error", WatchWarning)
        weights, history = fitted(make, optimizer, watched, statistics)
    expected, plain = fitted(make, optimizer)
    assert history == plain
    for one, other in zip(weights, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    (run,) = watched.recorder.runs()
    assert (run.history.first_epoch, run.history.last_epoch) == (0, 2)
    for values in ("gradients", "weights", "gradient_histograms", "weight_histograms"):
        assert np.isfinite(run.history.series[values]).all(), values
    means = run.history.series["gradients"][1:, :, : len(statistics.statistics)]
    # A Watch may measure by NumPy what the callback measures inside the step.
    np.testing.assert_allclose(means, statistics.gradients, rtol=2e-6, atol=1e-7)
    np.testing.assert_allclose(history["loss"], run.history.metrics[1:, 0], rtol=1e-6)


def test_the_numbers_of_a_record_are_those_of_numpy():
    keras.utils.set_random_seed(0)
    model = dense()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    before = [np.array(each, np.float64) for each in model.get_weights()]
    watched = watch(record="full")
    model.fit(X, Y, batch_size=len(X), epochs=1, verbose=0, callbacks=[watched])
    history = watched.recorder.runs()[0].history
    w, b, v, c = before
    h = np.tanh(X @ w + b)
    p = 1 / (1 + np.exp(-(h @ v + c)))
    delta = 2 * (p - Y) * p * (1 - p)
    inner = (delta @ v.T) * (1 - h**2)
    gradients = [each / len(X) for each in (X.T @ inner, inner.sum(0), h.T @ delta, delta.sum(0))]
    expected = [
        [each.compute(gradient.reshape(-1).astype(np.float32), np) for each in STATISTICS["gradients"]]
        for gradient in gradients
    ]
    for epoch in (0, 1):  # one batch of all samples: the same gradient before the update and in it
        np.testing.assert_allclose(history.series["gradients"][epoch], expected, rtol=1e-3, atol=1e-7)
    rms = [np.sqrt((inner**2).mean()), np.sqrt((delta**2).mean())]
    np.testing.assert_allclose(history.series["signals"][0][:, 0], rms, rtol=1e-4)
    names = [each.name for each in STATISTICS["activations"]]
    stds = history.series["activations"][0][:, names.index("std")]
    np.testing.assert_allclose(stds, [h.std(), p.std()], rtol=1e-4)


@pytest.mark.parametrize("content", ["ordinary", "zeros"])
def test_sums_of_large_tensors_are_those_of_numpy(content, monkeypatch):
    monkeypatch.setattr(backend, "MAX_PIECE", 64, raising=False)  # of PyTorch
    g = np.zeros((1, 2, 300), np.float32)
    if content == "ordinary":
        g[:, :, ::3] = np.random.default_rng(1).normal(size=(1, 2, 100))
    sums = [array(each) for each in backend.sums_of_large(ops.convert_to_tensor(g))]
    expected = [g.sum(-1), np.abs(g).sum(-1), np.square(g).sum(-1), (g == 0).sum(-1), np.abs(g).max(-1)]
    np.testing.assert_allclose(sums, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("inside", [layers.SimpleRNN, layers.GRU, layers.LSTM])
def test_recurrent_layers_have_signals_of_each_step(inside):
    watched = watch(record="full")
    fitted(lambda: recurrent(layers.Bidirectional(inside(3))), keras.optimizers.Adam, watched)
    history = watched.recorder.runs()[0].history
    assert history.layout["time_signals"].columns == ("1", "2", "3", "4")
    assert (history.series["time_signals"] > 0).all()


def test_records_of_steps_hold_their_steps():
    watched = watch(every=4)
    fitted(dense, keras.optimizers.SGD, watched, epochs=5)  # three steps in an epoch
    (run,) = watched.recorder.runs()
    assert run.history.last_epoch == 4
    first = run.wiring.first_steps
    np.testing.assert_allclose(run.history.metrics[1:4, 0], np.reshape(first.loss[:12], (3, 4)).mean(axis=1), rtol=1e-4)


def test_files_of_the_optimiser_hold_its_own_variables_alone(tmp_path):
    class Saving(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.save(tmp_path / f"{epoch}.keras")

    fitted(dense, keras.optimizers.Adam, watch(), Saving())
    loaded = keras.models.load_model(tmp_path / "1.keras")
    plain = dense()
    plain.compile("adam", "mse")
    plain.fit(X, Y, verbose=0)
    assert len(loaded.optimizer.variables) == len(plain.optimizer.variables)
