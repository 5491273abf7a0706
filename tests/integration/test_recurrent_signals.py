"""Signals inside recurrent layers, against the recurrences written out in NumPy, double precision."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.training.network import Network
from core.training.recurrent import OpenedRecurrence
from core.training.train import train
from gradlab.measurement.statistics import ACTIVATION_STATISTIC_NAMES
from gradlab.spec import ExperimentSpec
from tests.by_hand import ACTIVATIONS, STEP, named
from tests.campaigns import one_in
from tests.sequences_by_hand import CELLS, Walk, predict, signals

GATES = {
    "simple_rnn": ["activation"],
    "gru": ["recurrent_activation", "recurrent_activation", "activation"],
    "lstm": ["recurrent_activation", "recurrent_activation", "activation", "recurrent_activation"],
}
BIAS = {"kind": "random_normal", "stddev": 1.5}  # far enough out for some slopes to be lost
SIMPLE, GRU, LSTM = ({"kind": kind, "units": 2, "bias_initializer": BIAS} for kind in GATES)
RESET_BEFORE, ALL = {"reset_after": False}, {"return_sequences": True}


def both_ways(layer: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "bidirectional", "layer": layer, **more}


def a_spec(*layers: dict[str, Any]) -> ExperimentSpec:
    output = {"kind": "dense", "units": 1}
    if layers[-1].get("layer", layers[-1]).get("return_sequences"):
        layers = (*layers, {"kind": "flatten"})
    return ExperimentSpec.model_validate(
        {
            "name": "recurrent",
            "dataset": {"kind": "adding", "samples": 40, "length": 5, "train_size": 32},
            "model": {"layers": [*layers, output]},
            "training": {"loss": "mean_squared_error", "optimizer": "sgd", "epochs": 0, "batch_size": 16},
            "seeds": [5],
            "record": {"gradients": 0, "weights": 0, "activations": 1, "signals": 1, "histograms": 0},
        }
    )


def one_way(spec: Any) -> Any:
    """The recurrence itself, of which a bidirectional layer has two."""
    return spec.layer if spec.kind == "bidirectional" else spec


def slopes(layer, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(…, pre-activations) of φ′(z), and whether it is below a tenth of the largest."""
    inner = one_way(layer.spec)
    kinds = GATES[inner.kind] * (1 if inner is layer.spec else 2)
    found, lost = [], []
    for kind, part in zip(kinds, np.split(z, len(kinds), axis=-1), strict=True):
        function, steepest = ACTIVATIONS[getattr(inner, kind).kind]
        slope = function(part + 1j * STEP).imag / STEP
        found.append(slope)
        lost.append(slope < 0.1 * steepest)
    return np.concatenate(found, axis=-1), np.concatenate(lost, axis=-1)


NETWORKS = {
    "gru, simple_rnn both ways": [GRU | RESET_BEFORE | ALL, both_ways(SIMPLE)],
    "lstm both ways, gru": [both_ways(LSTM | ALL), GRU],
    "simple_rnn, lstm": [SIMPLE | ALL, LSTM | {"activation": "linear"}],
}


@pytest.mark.parametrize("network", one_in(3, NETWORKS))
def test_signals_and_activations_are_those_of_the_written_out_recurrence(network):
    """The records of a training at epoch 0 agree: float32 beside double, to 2e-4."""
    spec = a_spec(*NETWORKS[network])
    (run,) = next(train(spec)).runs
    weights = named(spec, [variable.numpy() for variable in Network(spec, 5).trainable])
    data, walk = spec.dataset.load(), Walk()
    x, y = data.train_x.astype(np.float64), data.train_y.astype(np.float64)
    predict(spec, weights, x, walk)
    for place, layer in enumerate(spec.layers[: len(NETWORKS[network])]):
        delta = signals(spec, weights, x, y, layer.name)
        by_step = np.sqrt((delta**2).mean(axis=(0, 2)))
        assert (by_step > 0).all()
        np.testing.assert_allclose(run.history.series["time_signals"][0, place], by_step, rtol=2e-4)
        assert run.history.series["signals"][0, place, 0] == pytest.approx(np.sqrt((delta**2).mean()), rel=2e-4)
        seen = walk.seen[layer.name]
        slope, lost = slopes(layer, seen.z)
        found = dict(zip(ACTIVATION_STATISTIC_NAMES, run.history.series["activations"][0, place], strict=True))
        expected = {
            "pre_mean": seen.z.mean(), "pre_std": seen.z.std(), "mean": seen.h.mean(), "std": seen.h.std(),
            "slope": slope.mean(), "saturated_fraction": lost.mean(), "dead_fraction": 0.0,
        }  # fmt: skip
        for name, value in expected.items():
            assert found[name] == pytest.approx(value, rel=2e-4, abs=1e-5), name


NO_BIAS = {"use_bias": False}
LAYERS = {
    "simple_rnn": SIMPLE,
    "simple_rnn of sigmoids, all steps": SIMPLE | ALL | {"activation": "sigmoid"},
    "gru": GRU,
    "gru, all steps, without bias": GRU | ALL | NO_BIAS,
    "gru, reset before": GRU | RESET_BEFORE,
    "gru, reset before, all steps, without bias": GRU | RESET_BEFORE | ALL | NO_BIAS,
    "gru, functions exchanged": GRU | {"activation": "sigmoid", "recurrent_activation": "tanh"},
    "lstm, all steps": LSTM | ALL,
    "lstm, linear, without bias": LSTM | {"activation": "linear"} | NO_BIAS,
    "simple_rnn, both ways": both_ways(SIMPLE | NO_BIAS, merge_mode="sum"),
    "gru, both ways": both_ways(GRU | RESET_BEFORE, merge_mode="mul"),
    "gru, both ways, all steps": both_ways(GRU | ALL, merge_mode="ave"),
    "lstm, both ways, all steps": both_ways(LSTM | ALL, merge_mode="mul"),
    "lstm, both ways": both_ways(LSTM, merge_mode="concat"),
}
MERGED = {
    "concat": lambda there, back: np.concatenate([there, back], axis=-1),
    "sum": lambda there, back: there + back,
    "ave": lambda there, back: (there + back) / 2,
    "mul": lambda there, back: there * back,
}


def by_hand(spec: Any, own: list[np.ndarray], x: np.ndarray, nudge: np.ndarray) -> tuple[np.ndarray, ...]:
    """Output, pre-activations and states of a recurrent layer with weights `own`; the last two in the input's order."""
    inner = one_way(spec)
    ways = [own] if inner is spec else [own[: len(own) // 2], own[len(own) // 2 :]]
    passages = []
    for place, (weights, part) in enumerate(zip(ways, np.split(nudge, len(ways), axis=-1), strict=True)):
        turn = slice(None, None, -1 if place else None)
        bias = [np.zeros(inner.bias_shape)] if len(weights) == 2 else []
        passages.append(CELLS[inner.kind](inner, [*weights, *bias], x[:, turn], part[:, turn]))
    zs, hs = ([getattr(each, name)[:, :: -1 if place else 1] for place, each in enumerate(passages)] for name in "zh")
    outputs = hs if inner.return_sequences else [each.h[:, -1] for each in passages]
    output = outputs[0] if inner is spec else MERGED[spec.merge_mode](*outputs)
    return output, np.concatenate(zs, axis=-1), np.concatenate(hs, axis=-1)


@pytest.mark.parametrize("fields", LAYERS.values(), ids=LAYERS)
def test_every_signal_is_the_derivative_by_its_own_pre_activation(fields):
    """Each sample, step and gate by itself, as statistics over all of them could hide an exchange; to 1e-4 of the
    largest."""
    layer = Network(a_spec(fields), 5).layers[0]
    x = np.random.default_rng(0).standard_normal((3, 8, 2))  # two rounds of the loop, of four steps each
    own = [variable.numpy().astype(np.float64) for variable in layer.keras.trainable_variables]
    opened, spec = OpenedRecurrence(layer), layer.named.spec
    with tf.GradientTape() as tape:
        seen = opened(tf.constant(x, tf.float32), tape.watch)
        goal = np.random.default_rng(1).standard_normal(seen.output.shape)
        loss = tf.reduce_sum((seen.output - tf.constant(goal, tf.float32)) ** 2)
    deltas = tf.concat(tape.gradient(loss, seen.sources), -1)
    found, z, h = (np.swapaxes(part, 0, 1) for part in (deltas, seen.z, seen.h))

    def losses(output):
        return ((output - goal) ** 2).reshape(3, -1).sum(axis=1)

    expected = np.empty(z.shape)
    for step, unit in np.ndindex(z.shape[1:]):
        nudge = np.zeros(z.shape, complex)
        nudge[:, step, unit] = 1j * STEP
        expected[:, step, unit] = losses(by_hand(spec, own, x, nudge)[0]).imag / STEP

    assert_near(found, expected)
    for each, wanted in zip((seen.output, z, h), by_hand(spec, own, x, np.zeros(z.shape)), strict=True):
        assert_near(each, wanted)
    assert_near(opened.slope(seen.z), slopes(layer.named, np.asarray(seen.z, np.float64))[0])
    assert_near(layer.keras(keras.ops.convert_to_tensor(x, "float32")), seen.output)


def assert_near(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
