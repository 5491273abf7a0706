"""Recurrent layers in the engine's own loop over time: Keras's numbers, forward and in all gradients."""

import re
from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.training import wrapped
from core.training.convolutions import convolve
from core.training.forms import rewrite_layers
from core.training.time_loops import can_loop, scan
from tests.layers import a_layer, forth_and_back

SHAPE = (3, 7, 5)
# Few features, and more samples than small layers have units.
SERIES = (5, 7, 3)
SEQUENCES = {"units": 4, "return_sequences": True}
CASES: dict[str, dict[str, Any]] = {
    "simple": {"kind": "simple_rnn", "units": 4},
    "simple of relu": {"kind": "simple_rnn", **SEQUENCES, "activation": "relu", "use_bias": False},
    "simple of softmax": {"kind": "simple_rnn", "units": 4, "activation": "softmax"},
    "gru": {"kind": "gru", "units": 4},
    "gru of sequences": {"kind": "gru", **SEQUENCES, "go_backwards": True, "activation": "softsign"},
    "gru without a bias": {"kind": "gru", "units": 4, "use_bias": False, "recurrent_activation": "hard_sigmoid"},
    "gru that drops": {"kind": "gru", "units": 4, "dropout": 0.5},
    "lstm": {"kind": "lstm", "units": 4, "go_backwards": True},
    "lstm of sequences": {"kind": "lstm", **SEQUENCES, "use_bias": False},
    "both ways": {"kind": "bidirectional", "layer": {"kind": "lstm", **SEQUENCES}, "merge_mode": "sum"},
    # What the loop leaves to Keras.
    "reset before": {"kind": "gru", "units": 4, "reset_after": False},
    "states that drop": {"kind": "lstm", "units": 4, "recurrent_dropout": 0.5},
}
CONVOLVED = {"filters": 2, "kernel_size": 3, "return_sequences": True}
CONVOLUTIONS: dict[str, dict[str, Any]] = {
    "rows": {"kind": "conv_lstm1d", **CONVOLVED, "dilation_rate": 2, "use_bias": False, "activation": "softsign"},
    "rows that drop": {"kind": "conv_lstm1d", **CONVOLVED, "dropout": 0.5, "go_backwards": True},
    "images": {"kind": "conv_lstm2d", "filters": 3, "kernel_size": [2, 3], "padding": "same", "strides": [1, 2]},
    "images from the end": {"kind": "conv_lstm2d", **CONVOLVED, "go_backwards": True},
    "images of many channels": {"kind": "conv_lstm2d", "filters": 17, "kernel_size": 2},
    "images whose states drop": {"kind": "conv_lstm2d", **CONVOLVED, "dropout": 0.5, "recurrent_dropout": 0.5},
}
SHAPES = {"conv_lstm1d": (2, 4, 7, 3), "conv_lstm2d": (2, 4, 5, 6, 3)}


def called(
    fields: dict[str, Any], *, rewritten: bool, masked: bool = False, compiled: bool | None = None
) -> list[np.ndarray]:
    """The output of a layer while training, the gradients of a weighted sum of it, and the state of its draws.

    With `compiled`, by XLA or not, the inputs are those of a first layer.
    """
    shape = SERIES if compiled is not None else SHAPES.get(fields["kind"], SHAPE)
    built, x = a_layer(fields, shape)
    mask = tf.constant(np.random.default_rng(2).random(shape[:2]) < 0.6) if masked else None
    if rewritten:
        rewrite_layers([built], plainly=False)
    call = partial(forth_and_back, built.keras, x, mask=mask)
    out, by = (tf.function(call, jit_compile=True, autograph=False) if compiled else call)()
    return [each.numpy() for each in (out, *by, *built.keras.non_trainable_variables)]


@pytest.mark.parametrize("case", [*CASES, *CONVOLUTIONS])
def test_outputs_and_gradients_are_kerass(case):
    fields = (CASES | CONVOLUTIONS)[case]
    mine, expected = (called(fields, rewritten=rewritten) for rewritten in (True, False))
    for one, other in zip(mine, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-5)


COMPILED = (
    "simple",
    "simple of relu",
    "simple of softmax",
    "gru",
    "gru of sequences",
    "gru without a bias",
    "lstm",
    "both ways",
)


@pytest.mark.parametrize("units", [4, 33])
@pytest.mark.parametrize("case", COMPILED)
def test_compiled_outputs_and_gradients_are_kerass(case, units):
    """Up to 32 units, with few features and as many samples as units, samples are the last axis; else the first."""
    fields = CASES[case]
    fields = fields | ({"layer": fields["layer"] | {"units": units}} if "layer" in fields else {"units": units})
    mine, expected = (called(fields, rewritten=rewritten, compiled=rewritten) for rewritten in (True, False))
    for one, other in zip(mine, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-4 * np.abs(other).max())


@pytest.mark.parametrize("fields", [{"kind": "gru", **SEQUENCES}, CONVOLUTIONS["rows that drop"]], ids=["gru", "rows"])
def test_masked_steps_are_skipped_as_keras_skips_them(fields):
    masked, expected = (called(fields, rewritten=rewritten, masked=True) for rewritten in (True, False))
    assert not np.allclose(masked[0], called(fields, rewritten=True)[0])
    np.testing.assert_allclose(masked[0], expected[0], rtol=2e-5, atol=1e-5)


def test_inputs_of_all_steps_are_convolved_before_the_loop(monkeypatch):
    batches = []

    def noted(x: Any, *rest: Any) -> Any:
        batches.append(x.shape[0])
        return convolve(x, *rest)

    monkeypatch.setattr(wrapped, "convolve", noted)
    called(CONVOLUTIONS["images"], rewritten=True)
    samples, steps = SHAPES["conv_lstm2d"][:2]
    # The inputs; in turn the state of each step, twice as its gradient is derived too; all states, by their kernel.
    assert batches == [samples * steps, *[samples] * 2 * steps, samples * steps]


def looped(given: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The states of a recurrence of tanh, (time, batch, units), and the gradient of their squares by what is given."""
    with tf.GradientTape() as tape:
        tape.watch(given)
        states, _ = scan(lambda pre, _: [tf.tanh(pre[0])], given, kernel, [], [tf.zeros(given.shape[1:])])
    return states, tape.gradient(states, given, states)


def test_a_value_that_is_not_a_number_stays_in_its_sample():
    random = np.random.default_rng(0)
    kernel = tf.constant(random.normal(size=(4, 4)).astype(np.float32))
    given = random.normal(size=(5, 3, 4)).astype(np.float32)
    lost = given.copy()
    lost[1, 0] = np.nan
    for mine, expected in zip(looped(tf.constant(lost), kernel), looped(tf.constant(given), kernel), strict=True):
        assert np.isnan(mine[1, 0]).all()
        np.testing.assert_array_equal(mine[:, 1:], expected[:, 1:])


def test_only_products_that_no_gate_enters_are_looped():
    assert can_loop(keras.layers.GRU(2))
    assert not can_loop(keras.layers.GRU(2, reset_after=False))
    assert not can_loop(keras.layers.Dense(2))


def test_a_step_copies_nothing_that_it_has_read():
    """Where XLA cannot order the reading behind its uses, it copies what the loop carries."""
    given, kernel = tf.zeros((9, 3, 4)), tf.zeros((4, 4))
    traced = tf.function(looped, jit_compile=True, autograph=False)
    optimized = traced.experimental_get_compiler_ir(given, kernel)(stage="optimized_hlo")
    copied = re.findall(r"= (f32\[[\d,]+\])\S* copy\(", optimized)
    assert copied.count("f32[3,4]") <= 3, copied
