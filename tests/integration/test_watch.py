"""Watch in fits of every kind: it changes no bit of the training, measures all of it, and never ends it."""

import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from core.settings import Settings
from gradlab.keras import (
    Watch,
    course,
    first_batches,
    initial,
    measure,
    probe,
    readings,
    records,
    samples,
    session,
    sums,
    tap,
    training,
    wiring,
)
from gradlab.keras.backends import tensorflow
from gradlab.measurement.kinds import STATISTICS
from gradlab.watch import IllTraining, WatchWarning
from gradlab.watch import recorder as recording
from gradlab.watch.series import weight_series
from tests.campaigns import one_in
from tests.integration.test_callback import assert_equal
from tests.keras_models import KINDS, X, Y, dense, fitted, recurrent

pytestmark = pytest.mark.filterwarnings("ignore:Gradients do not exist:UserWarning")


# The other kinds of fit take a minute: the campaign has them.
QUICK = {"jit"}


def arguments(more: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `fitted` for a kind: an optimiser is made anew for each fit."""
    compiled = dict(more.get("compiled", {}))
    if given := compiled.pop("arguments", None):
        compiled["optimizer"] = compiled["optimizer"](**given)
    return more | {"compiled": compiled}


def watch(**more: Any) -> Watch:
    return Watch(**{"data": (X, Y), "report_at_end": False} | more)


def column(kind: str, statistic: str) -> int:
    return [each.name for each in STATISTICS[kind]].index(statistic)


@pytest.mark.parametrize(
    "kind", [pytest.param(each, marks=() if each in QUICK else pytest.mark.campaign) for each in KINDS]
)
def test_no_kind_of_fit_is_changed_by_a_watch_that_records_everything(kind):
    make, more = KINDS[kind]
    watched = watch(data=(more.get("x", X), Y), record="full")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WatchWarning)
        seen = fitted(make, watched, **arguments(more))
    assert_equal(seen, fitted(make, **arguments(more)))
    (run,) = watched.recorder.runs()
    first = more.get("initial_epoch") or 0
    assert (run.history.first_epoch, run.history.last_epoch) == (first, first + 2)
    gradients = run.history.series["gradients"][1:]
    ignored = [each.layer == "ignored" for each in run.history.layout["gradients"].tensors]
    assert np.isfinite(gradients).all(axis=(0, 2)).tolist() == [not each for each in ignored]
    assert np.isfinite(run.history.series["weights"]).all()


@pytest.mark.parametrize("max_joined", [0, probe.MAX_JOINED])
def test_the_numbers_of_a_record_are_those_of_its_arrays(max_joined, monkeypatch):
    """Weights, gradients, activations and signals beside those that are computed here, by hand."""
    monkeypatch.setattr(probe, "MAX_JOINED", max_joined)
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    model = dense()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    before = [np.array(each) for each in model.get_weights()]
    watched = watch(record="full")
    model.fit(X, Y[:, None], batch_size=len(X), epochs=1, verbose=0, callbacks=[watched])
    after = model.get_weights()
    history = watched.recorder.runs()[0].history
    (expected,) = weight_series(*([each.reshape(1, -1) for each in weights] for weights in (after, before)))
    np.testing.assert_allclose(history.series["weights"][1], expected, rtol=1e-5, atol=1e-7)
    w, b, v, c = (each.astype(np.float64) for each in before)
    h = np.tanh(X @ w + b)
    p = 1 / (1 + np.exp(-(h @ v + c)))
    delta = 2 * (p - Y[:, None]) * p * (1 - p)
    inner = (delta @ v.T) * (1 - h**2)
    by_hand = [X.T @ inner, inner.sum(0), h.T @ delta, delta.sum(0)]
    for epoch in (0, 1):  # one batch of all samples: the same gradient before the update and in it
        measured = history.series["gradients"][epoch]
        norms = [np.sqrt(np.square(each / len(X)).sum()) for each in by_hand]
        np.testing.assert_allclose(measured[:, column("gradients", "l2")], norms, rtol=1e-4)
    activations, signals = history.series["activations"][0], history.series["signals"][0]
    np.testing.assert_allclose(activations[:, column("activations", "std")], [h.std(), p.std()], rtol=1e-4)
    slopes = [(1 - h**2).mean(), (p * (1 - p)).mean()]
    np.testing.assert_allclose(activations[:, column("activations", "slope")], slopes, rtol=1e-4)
    saturated = [(1 - h**2 < 0.1).mean(), (p * (1 - p) < 0.025).mean()]
    np.testing.assert_allclose(activations[:, column("activations", "saturated_fraction")], saturated, atol=1e-6)
    rms = [np.sqrt((inner**2).mean()), np.sqrt((delta**2).mean())]
    np.testing.assert_allclose(signals[:, 0], rms, rtol=1e-4)
    metrics = dict(zip(history.layout.metrics, history.metrics[0].tolist(), strict=True))
    assert metrics["loss"] == pytest.approx(((p - Y[:, None]) ** 2).mean(), rel=1e-4)
    assert metrics["learning_rate"] == pytest.approx(0.1)
    norm = np.sqrt(sum(np.square(each / len(X)).sum() for each in by_hand))
    assert metrics["gradient_norm"] == pytest.approx(norm, rel=1e-4)


@pytest.mark.parametrize("layer", [layers.SimpleRNN, layers.LSTM, layers.GRU])
@pytest.mark.parametrize("both", [False, True], ids=["one direction", "both directions"])
def test_recurrent_layers_have_signals_of_each_step_and_their_output_is_the_same(layer, both):
    inside = layer(3)
    model = recurrent(layers.Bidirectional(inside) if both else inside)
    model.compile("sgd", "mse")
    named = [(each.name, each) for each in model.layers]
    probing = probe.Probe(model, named, lambda x, y, p: keras.ops.mean((p - y) ** 2), (X, Y[:, None]), float(len(X)))
    seen = probing.read([probing.run()])
    name = model.layers[1].name
    assert seen[name].steps == 4
    output = np.asarray(model.layers[1](np.asarray(model.layers[0](X))))
    states = seen[name].h.reshape(len(X), 4, -1)
    last = np.concatenate([states[:, -1, :3], states[:, 0, 3:]], axis=1) if both else states[:, -1]
    np.testing.assert_allclose(last, output, atol=1e-6)
    assert np.isfinite(seen[name].delta).all()
    assert np.abs(seen[name].delta).max() > 0


def test_records_of_steps_hold_their_steps_and_the_first_ones_are_recorded_singly():
    watched = watch(every=4)
    fitted(dense, watched, epochs=5, batch_size=8)  # three steps in an epoch
    (run,) = watched.recorder.runs()
    assert (run.external.axis, run.external.every_steps, run.external.epochs) == ("step", 4, 4)
    assert run.history.last_epoch == 4  # 15 steps: three whole records, and one of three steps
    first = run.wiring.first_steps
    assert len(first.loss) >= 12
    losses = run.history.metrics[1:4, 0]
    np.testing.assert_allclose(losses, np.reshape(first.loss[:12], (3, 4)).mean(axis=1), rtol=1e-4)


def test_where_the_length_of_an_epoch_is_unknown_as_many_records_are_planned_as_a_service_takes():
    model = dense()
    model.compile("sgd", "binary_crossentropy")
    watched = Watch(every=2, report_at_end=False)
    with pytest.warns(WatchWarning, match="no `data` was passed"):
        watched.begin(model, epochs=2)
    model.train_on_batch(X, Y)
    watched.step(loss=0.5)
    assert watched.recorder.spec.epochs == Settings().max_epochs
    watched.end()


def test_a_schedule_and_clipping_are_in_the_metrics():
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.5)
    watched = watch()
    fitted(dense, watched, compiled={"optimizer": keras.optimizers.SGD(rate, global_clipnorm=0.05)})
    history = watched.recorder.runs()[0].history
    metrics = {name: history.metrics[:, place] for place, name in enumerate(history.layout.metrics)}
    np.testing.assert_allclose(metrics["learning_rate"], [0.1, 0.05, 0.025], rtol=1e-5)
    assert (metrics["gradient_norm"][1:] > 0.05).all()
    np.testing.assert_allclose(metrics["clipped_gradient_norm"][1:], 0.05, rtol=1e-4)
    np.testing.assert_allclose(metrics["clipped_fraction"][1:], 1)


def test_a_loop_of_ones_own_is_watched_like_a_fit():
    keras.utils.set_random_seed(0)
    model = dense()
    model.compile("sgd", "binary_crossentropy")
    watched = watch()
    watched.begin(model, epochs=2, batch_size=8)
    for _ in range(2):
        losses = [float(model.train_on_batch(X[i : i + 8], Y[i : i + 8])) for i in (0, 8, 16)]
        for loss in losses:
            watched.step(loss)
        watched.epoch(loss=float(np.mean(losses)))
    watched.end()
    (run,) = watched.recorder.runs()
    assert run.history.last_epoch == 2
    assert np.isfinite(run.history.series["gradients"]).all()
    assert [(each.batches, each.missing, each.changed) for each in run.wiring.tensors.values()] == [(6, 0, True)] * 4
    assert "apply" not in vars(model.optimizer)


BROKEN = {
    part: [name for name, value in vars(part).items() if callable(value) and (not name.startswith("__"))]
    for part in (
        training.Training,
        session.Session,
        course.Course,
        probe.Probe,
        initial.InitialState,
        readings.Readings,
        records.Records,
        sums.GradientSums,
        first_batches.FirstBatches,
        tap.GradientTap,
        samples.Samples,
        wiring.WiringReader,
        recording.Recorder,
        Watch,
    )
}
# What Keras itself calls, and what only the user calls: their bodies are broken through what they call.
CALLED_BY_KERAS = {name for name in dir(keras.callbacks.Callback) if not name.startswith("__")}
BY_THE_USER = {"diagnosis", "check", "begin", "step", "epoch", "end", "runs", "describe"}


METHODS = [
    (part, name)
    for part, names in BROKEN.items()
    for name in names
    if part is not Watch or name not in CALLED_BY_KERAS | BY_THE_USER
]


# Each is a training without compiled steps.
@pytest.mark.parametrize(("part", "name"), one_in(20, METHODS, ids=lambda part, name: f"{part.__name__}.{name}"))
def test_whatever_method_is_broken_the_training_ends_with_the_same_weights(part, name, monkeypatch, unwatched):
    def broken(*_: Any, **__: Any) -> Any:
        raise ArithmeticError("broken on purpose")

    monkeypatch.setattr(part, name, broken)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WatchWarning)
        seen = eagerly_fitted(watch(record="full"))
    monkeypatch.undo()
    assert_equal(seen, unwatched)


@pytest.fixture(scope="module")
def unwatched() -> tuple[list[np.ndarray], dict]:
    return eagerly_fitted()


def eagerly_fitted(*callbacks: keras.callbacks.Callback, **more: Any) -> tuple[list[np.ndarray], dict]:
    """A fit without any tracing, which would take longer than the training."""
    tf.config.run_functions_eagerly(True)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Even though")
            return fitted(more.pop("make", dense), *callbacks, compiled={"run_eagerly": True}, epochs=1, **more)
    finally:
        tf.config.run_functions_eagerly(False)


def one_sentence(action: Callable[[], Any]) -> str:
    """The one warning of an action."""
    with pytest.warns(WatchWarning) as heard:
        action()
    texts = [str(each.message) for each in heard if each.category is WatchWarning]
    assert len(texts) == 1, texts
    return texts[0]


def test_wrong_use_gets_one_clear_sentence():
    assert "expected samples of shape (8,), the model's input; received (5,)" in one_sentence(
        lambda: eagerly_fitted(watch(data=(X[:, :5], Y)))
    )
    assert "no `data` was passed" in one_sentence(lambda: eagerly_fitted(watch(data=None)))
    assert "can be read only once" in one_sentence(lambda: eagerly_fitted(watch(data=iter([(X, Y)]))))
    assert "equally many samples" in one_sentence(lambda: eagerly_fitted(watch(data=(X, Y[:3]))))

    def frozen() -> keras.Model:
        model = dense()
        model.trainable = False
        return model

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The model does not have any trainable")
        assert "trainable tensors" in one_sentence(lambda: eagerly_fitted(watch(), make=frozen))
    nowhere = X.copy()
    nowhere[0, 0] = np.nan
    assert "the loss is nan before the first update" in one_sentence(
        lambda: eagerly_fitted(watch(data=(nowhere, Y)), x=nowhere)
    )
    assert "the loss is nan from the first update" in one_sentence(lambda: eagerly_fitted(watch(), x=nowhere))
    assert "the activations of 1 layer are not recorded (pair: its output is not one tensor)" in one_sentence(
        lambda: eagerly_fitted(watch(), make=paired)
    )


class Pair(layers.Layer):
    """A layer with two outputs."""

    def call(self, x: Any) -> list[Any]:
        return [x, 2 * x]


def paired() -> keras.Model:
    inputs = keras.Input((8,))
    return keras.Model(inputs, layers.Dense(1, "sigmoid")(layers.Add()(Pair(name="pair")(inputs))))


def test_a_loop_that_leaves_its_losses_out_is_not_taken_for_one_of_nan():
    model = dense()
    model.compile("sgd", "binary_crossentropy")
    watched = watch()
    watched.begin(model, epochs=2, batch_size=24)
    for _ in range(2):
        model.train_on_batch(X, Y)
        watched.step()
        watched.epoch()
    watched.end()
    diagnosis = watched.diagnosis()
    assert "nonfinite" not in [each.rule for each in diagnosis.findings]
    assert diagnosis.outcomes[0].outcome == "undecided"


def test_a_loop_that_forgets_its_epochs_is_reminded_of_them():
    model = dense()
    model.compile("sgd", "binary_crossentropy")
    watched = watch()
    watched.begin(model)
    for _ in range(3):
        watched.step(float(model.train_on_batch(X, Y)))
    assert "call `epoch(...)`" in one_sentence(watched.end)


def test_a_watch_in_two_models_at_once_watches_the_first():
    watched, inner = watch(), dense()
    inner.compile("sgd", "binary_crossentropy")

    class Nested(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 0:
                inner.fit(X, Y, verbose=0, callbacks=[watched])

    assert "one model at a time" in one_sentence(lambda: fitted(dense, watched, Nested()))
    assert watched.recorder.runs()[0].history.last_epoch == 2


def test_a_fit_that_is_broken_off_has_failed_and_one_that_stops_early_has_not():
    class Breaking(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 0:
                assert watched.diagnosis().outcomes  # a look while it trains ends nothing
            assert watched.recorder.status == "running"
            if epoch == 5:  # three records are pending
                raise KeyboardInterrupt

    watched = watch()
    with pytest.raises(KeyboardInterrupt):
        fitted(dense, watched, Breaking(), epochs=9, compiled={"run_eagerly": True})
    assert watched.recorder.runs()[0].history.last_epoch == 6
    assert (watched.recorder.status, watched.recorder.error) == ("failed", "its training was broken off")
    assert watched._report().experiment.status == "failed"
    early = watch()
    stopping = keras.callbacks.EarlyStopping("loss", patience=0, min_delta=10)
    fitted(dense, early, stopping, epochs=9, compiled={"run_eagerly": True})
    experiment = early._report().experiment
    assert (experiment.status, experiment.stopped_by) == ("completed", "early_stopping")


def test_a_training_that_does_not_learn_fails_the_check():
    def stuck() -> keras.Model:
        zeros = {"kernel_initializer": "zeros"}
        return keras.Sequential([layers.Input((8,)), layers.Dense(5, "relu", **zeros), layers.Dense(1, **zeros)])

    watched = watch()
    fitted(stuck, watched, epochs=30, compiled={"loss": "mse"})
    with pytest.raises(IllTraining):
        watched.check()


def test_large_tensors_are_measured_in_few_passes_to_the_same_numbers(monkeypatch):
    """Those of a layer are measured one by one; with the limit far away, they are stacked and go by the formulas."""
    series = []
    for limit in (8, 10**9):
        monkeypatch.setattr(measure, "MIN_LARGE", limit)
        monkeypatch.setattr(sums, "MIN_LARGE", limit)
        monkeypatch.setattr(tensorflow, "COLUMNS", 4)
        watched = watch()
        fitted(dense, watched)
        series.append(watched.recorder.runs()[0].history.series["gradients"])
    np.testing.assert_allclose(*series, rtol=1e-4, atol=1e-7)
