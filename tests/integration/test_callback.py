"""GradientStatistics in fits of every kind: it changes no bit of the training, and never raises out of it."""

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gradlab.errors import EndsTraining
from gradlab.keras import gradient_statistics as callback
from gradlab.keras import measure, tap
from gradlab.keras.gradient_statistics import GradientStatistics, RecordingWarning
from gradlab.spec import ExternalSpec
from tests.keras_models import KINDS, ByHand, Precise, Rivals, X, Y, dense, fitted, words

pytestmark = pytest.mark.filterwarnings("ignore:Gradients do not exist:UserWarning")


def assert_equal(one: tuple[list[np.ndarray], dict], other: tuple[list[np.ndarray], dict]) -> None:
    for left, right in zip(one[0], other[0], strict=True):
        np.testing.assert_array_equal(left, right)
    assert repr(one[1]) == repr(other[1])


class Book:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.layers: tuple = ()
        self.epochs: list[tuple[int, Any, Any]] = []
        self.ended = 0

    def begin(self, layers: Any, **_: Any) -> None:
        self.layers = tuple(layers)

    def epoch(self, epoch: int, metrics: Any, gradients: Any) -> None:
        self.epochs.append((epoch, dict(metrics), gradients))

    def end(self) -> None:
        self.ended += 1


# The rest takes a minute: the campaign has it.
QUICK = {
    *("jit", "clipping and accumulation", "subclassed", "two optimisers"),
}


@pytest.fixture(params=[pytest.param(each, marks=() if each in QUICK else pytest.mark.campaign) for each in KINDS])
def kind(request):
    make, more = KINDS[request.param]
    compiled = dict(more.get("compiled", {}))
    if arguments := compiled.pop("arguments", None):
        make_optimizer = compiled.pop("optimizer")
        return make, more | {"compiled": lambda: compiled | {"optimizer": make_optimizer(**arguments)}}
    return make, more | {"compiled": lambda: compiled}


def fitted_kind(kind: Any, *callbacks: keras.callbacks.Callback) -> tuple[list[np.ndarray], dict[str, list[float]]]:
    make, more = kind
    return fitted(make, *callbacks, **more | {"compiled": more["compiled"]()})


def test_no_kind_of_fit_is_changed_and_each_tensor_is_measured(kind):
    book = Book()
    with warnings.catch_warnings():
        warnings.simplefilter("error", RecordingWarning)
        watched = GradientStatistics(listener=book)
        seen = fitted_kind(kind, watched)
    assert_equal(seen, fitted_kind(kind))
    assert watched.gradients.shape == (2, len(watched.tensors), 7)
    measured = np.isfinite(watched.gradients).all((0, 2))
    assert [each.layer for each, is_measured in zip(watched.tensors, measured, strict=True) if not is_measured] == (
        ["ignored"] * 2 if any(each.layer == "ignored" for each in watched.tensors) else []
    )
    first = 1 + (kind[1].get("initial_epoch") or 0)
    assert [epoch for epoch, _, _ in book.epochs] == watched.epochs == [first, first + 1]
    assert book.ended == 1
    fields = {"source": "external", "layers": book.layers, "epochs": 2, "record": {"gradients": 1}}
    spec = ExternalSpec.model_validate(fields)
    assert spec.layout["gradients"].tensors == watched.tensors


@cache
def in_single_precision() -> GradientStatistics:
    plain = GradientStatistics()
    fitted(dense, plain, compiled={"run_eagerly": True})
    return plain


@pytest.mark.parametrize("policy", ["mixed_float16", "float64", pytest.param("bfloat16", marks=pytest.mark.campaign)])
def test_whatever_the_precision_the_gradients_are_those_of_the_loss(policy):
    plain = in_single_precision()
    keras.config.set_dtype_policy(policy)
    try:
        watched = GradientStatistics()
        assert_equal(fitted(dense, watched), fitted(dense))
    finally:
        keras.config.set_dtype_policy("float32")
    # Half precision keeps 8 to 11 bits; a loss scale that is still in the gradients would be 2^15.
    l2 = watched.statistics.index("l2")
    np.testing.assert_allclose(watched.gradients[:, :, l2], plain.gradients[:, :, l2], rtol=0.05, atol=1e-3)


def broken(*_: Any, **__: Any) -> Any:
    raise ArithmeticError("broken on purpose")


class Broken(Book):
    """Raises where it is told to."""

    def __init__(self, where: str, error: BaseException) -> None:
        super().__init__()
        self._where, self._error = where, error

    def _stumble(self, where: str) -> None:
        if where == self._where:
            raise self._error

    def begin(self, layers: Any, **more: Any) -> None:
        self._stumble("begin")
        super().begin(layers, **more)

    def epoch(self, epoch: int, metrics: Any, gradients: Any) -> None:
        self._stumble("epoch")
        super().epoch(epoch, metrics, gradients)

    def end(self) -> None:
        self._stumble("end")
        super().end()


# Where something of ours can fail: what is replaced, and what must be lost by it.
FAILURES = {
    "names of the tensors": (callback, "tensors_of", callback.GRADIENTS),
    "names of the layers": (callback, "layers_of", callback.LISTENER),
    "names of the variables": (tap, "named_variables", callback.GRADIENTS),
    "room for the sums": (keras, "Variable", callback.GRADIENTS),
    "the statistics": (measure, "gradients", callback.GRADIENTS),
    "a sparse gradient": (measure, "dense", callback.GRADIENTS),
    "opening": (tap.GradientTap, "open", callback.GRADIENTS),
    "clearing": (tap.GradientTap, "clear", callback.GRADIENTS),
    "measuring": (tap.GradientTap, "_measure", callback.GRADIENTS),
    "the means": (tap.GradientTap, "means", callback.GRADIENTS),
    "closing": (tap.GradientTap, "close", callback.GRADIENTS),
    "recording": (GradientStatistics, "record", callback.GRADIENTS),
    "looking for optimisers": (tap, "_optimizers_of", callback.GRADIENTS),
    "tracing again": (keras.Model, "make_train_function", callback.GRADIENTS),
}


@cache
def as_unwatched(make: Callable[[], keras.Model], *, eager: bool) -> tuple[list[np.ndarray], dict[str, list[float]]]:
    return fitted(make, compiled={"run_eagerly": eager})


@pytest.mark.parametrize(
    ("failure", "make", "eager"),
    [
        *((failure, dense, True) for failure in FAILURES),
        ("names of the variables", Rivals, False),
        ("the statistics", dense, False),
        ("tracing again", dense, False),
    ],
)
def test_whatever_fails_the_training_ends_with_the_same_weights_and_one_warning(failure, make, eager, monkeypatch):
    expected = as_unwatched(make, eager=eager)
    place, name, lost = FAILURES[failure]
    book = Book()
    watched = GradientStatistics(listener=book)
    if failure == "tracing again":
        original = keras.Model.make_train_function

        def replaced(self: Any, force: bool = False) -> Any:
            return broken() if force else original(self)

    else:
        replaced = broken
    begin = watched.on_train_begin

    def break_now(logs: Any = None) -> None:
        monkeypatch.setattr(place, name, replaced)
        begin(logs)

    watched.on_train_begin = break_now  # type: ignore[method-assign]
    with pytest.warns(RecordingWarning, match="broken on purpose") as heard:
        seen = fitted(make, watched, compiled={"run_eagerly": eager})
    monkeypatch.undo()
    assert_equal(seen, expected)
    warned = [str(each.message) for each in heard if each.category is RecordingWarning]
    assert [each for each in warned if each.startswith(lost)] == warned
    assert len(warned) == 1
    if lost == callback.GRADIENTS:
        assert [epoch for epoch, _, _ in book.epochs] == [1, 2]
        assert book.ended == 1
    else:
        assert watched.epochs == [1, 2]


@pytest.mark.parametrize("where", ["begin", "epoch", "end"])
def test_a_listener_that_raises_is_not_told_any_more_and_the_rest_is_recorded(where):
    expected = as_unwatched(dense, eager=True)
    listener = Broken(where, ValueError("no such thing"))
    watched = GradientStatistics(listener=listener)
    with pytest.warns(
        RecordingWarning, match="the listener is not called any more: ValueError: no such thing"
    ) as heard:
        seen = fitted(dense, watched, compiled={"run_eagerly": True})
    assert_equal(seen, expected)
    assert watched.epochs == [1, 2]
    assert len([each for each in heard if each.category is RecordingWarning]) == 1
    assert listener.ended == 0


@pytest.mark.parametrize(
    ("where", "error"),
    [("begin", KeyboardInterrupt()), ("epoch", SystemExit()), ("end", EndsTraining("as it was asked to"))],
)
def test_interrupts_and_what_ends_a_training_on_purpose_pass(where, error):
    with pytest.raises(type(error)):
        fitted(dense, GradientStatistics(listener=Broken(where, error)), compiled={"run_eagerly": True})


def test_an_error_of_the_training_itself_is_not_hidden():
    class Faulty(Precise):
        def train_step(self, data: Any) -> dict[str, Any]:
            raise LookupError("the person's own mistake")

    with pytest.raises(LookupError, match="the person's own mistake"):
        fitted(Faulty, GradientStatistics())

    class Stubborn(keras.optimizers.SGD):
        def apply(self, grads: Any, trainable_variables: Any = None) -> None:
            raise LookupError("the optimiser's own mistake")

    with pytest.raises(LookupError, match="the optimiser's own mistake"):
        fitted(dense, GradientStatistics(), compiled={"optimizer": Stubborn()})


def test_variables_that_no_optimiser_updates_are_a_warning_and_the_metrics_are_told():
    book = Book()
    watched = GradientStatistics(listener=book)
    with pytest.warns(RecordingWarning, match="no gradient of the model's variables came to an optimiser"):
        seen = fitted(ByHand, watched)
    assert_equal(seen, fitted(ByHand))
    assert watched.epochs == []
    assert [(epoch, gradients) for epoch, _, gradients in book.epochs] == [(1, None), (2, None)]


def test_two_of_them_and_one_twice_leave_the_optimiser_as_it_was():
    keras.utils.set_random_seed(0)
    model = dense()
    model.compile("sgd", "binary_crossentropy")
    book = Book()
    one, other = GradientStatistics(), GradientStatistics(listener=book)
    for _ in range(2):
        model.fit(X, Y, epochs=2, verbose=0, callbacks=[one, other, other])
    assert "apply" not in vars(model.optimizer)
    np.testing.assert_array_equal(one.gradients, other.gradients)
    assert one.epochs == other.epochs == [1, 2, 1, 2]
    assert [epoch for epoch, _, _ in book.epochs] == [1, 2, 1, 2]
    assert book.ended == 2


def test_nothing_is_told_of_no_epochs_and_evaluating_and_predicting_are_let_alone():
    model, book = dense(), Book()
    model.compile("sgd", "binary_crossentropy")
    watched = GradientStatistics(listener=book)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RecordingWarning)
        model.fit(X, Y, epochs=0, verbose=0, callbacks=[watched])
        model.evaluate(X, Y, verbose=0, callbacks=[watched])
        model.predict(X, verbose=0, callbacks=[watched])
    assert (book.layers, book.epochs, book.ended, watched.epochs) == ((), [], 0, [])
    assert "apply" not in vars(model.optimizer)


def test_a_sparse_gradient_that_would_take_too_much_memory_is_passed_over(monkeypatch):
    monkeypatch.setattr(tap, "MAX_DENSE_ENTRIES", 14)
    watched = GradientStatistics()
    assert_equal(fitted(words, watched), fitted(words))
    unmeasured = [
        each.shape for each, row in zip(watched.tensors, watched.gradients[0], strict=True) if np.isnan(row).any()
    ]
    assert (5, 3) in unmeasured
    assert len(unmeasured) == 3  # the embedding, and the two that the loss does not depend on


def test_a_strategy_of_distribution_is_let_alone():
    def trained(*callbacks: keras.callbacks.Callback) -> list[np.ndarray]:
        keras.utils.set_random_seed(0)
        with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
            model = dense()
            model.compile("adam", "binary_crossentropy")
        model.fit(X, Y, batch_size=8, verbose=0, callbacks=list(callbacks))
        weights: list[np.ndarray] = model.get_weights()
        return weights

    watched = GradientStatistics()
    for left, right in zip(trained(watched), trained(), strict=True):
        np.testing.assert_array_equal(left, right)
    assert np.isfinite(watched.gradients).all()
