"""Gradients at epoch 0 against a derivation that shares nothing with Keras: NumPy, complex steps, double precision."""

from typing import Any

import numpy as np
import pytest

from core.plan import cost
from core.training.data import Data
from core.training.network import Network
from core.training.probe import full_gradients
from core.training.stack import Stack
from core.training.task import Task
from core.training.train import train
from gradlab.measurement.statistics import GRADIENT_STATISTICS
from gradlab.spec import ExperimentSpec
from tests.by_hand import ACTIVATIONS, LOSSES, STEP, Weights, named
from tests.campaigns import one_in
from tests.sequences_by_hand import gradients

BIAS = {"kind": "random_normal", "stddev": 0.3}
CIRCLES = {"kind": "circles", "samples": 24, "train_size": 16}
SINE = {"kind": "sine", "samples": 24, "length": 6, "train_size": 16}
DIGITS = {"kind": "digits", "form": "image", "scale": [0, 1], "train_size": 12}
ADDING = {"kind": "adding", "samples": 24, "length": 5, "train_size": 16}
DENSE, FLAT = {"kind": "dense", "units": 4}, {"kind": "flatten"}
CONV1D, CONV2D = ({"kind": kind, "filters": 3, "kernel_size": 3} for kind in ("conv1d", "conv2d"))
CASES = {
    "dense": (CIRCLES, [DENSE]),
    "conv1d": (SINE, [CONV1D, FLAT]),
    "conv2d": (DIGITS, [CONV2D | {"filters": 2}, FLAT]),
    "simple_rnn": (ADDING, [{"kind": "simple_rnn", "units": 3}]),
    "gru": (ADDING, [{"kind": "gru", "units": 3}]),
    "gru, reset before": (ADDING, [{"kind": "gru", "units": 3, "reset_after": False}]),
    "lstm": (ADDING, [{"kind": "lstm", "units": 3}]),
}
OUTPUTS = {"circles": ("sigmoid", 1, "binary_crossentropy"), "digits": ("softmax", 10, "categorical_crossentropy")}


def a_spec(dataset: dict[str, Any], layers: list[dict[str, Any]], seeds: tuple[int, ...] = (3,)) -> ExperimentSpec:
    activation, units, loss = OUTPUTS.get(dataset["kind"], ("linear", 1, "mean_squared_error"))
    layer, *rest = layers
    output = {"kind": "dense", "units": units, "activation": activation}
    return ExperimentSpec.model_validate(
        {
            "dataset": dataset,
            "model": {"layers": [layer | {"activation": "tanh", "bias_initializer": BIAS}, *rest, output]},
            "training": {"loss": loss, "optimizer": "sgd", "epochs": 0, "batch_size": 8},
            "seeds": list(seeds),
            "record": "lean",
        }
    )


def samples(spec: ExperimentSpec) -> tuple[np.ndarray, np.ndarray]:
    """All training samples, (samples, …) and (samples, units), in double precision."""
    data = spec.dataset.load()
    classes = spec.dataset.target.kind == "classes" and spec.dataset.target.count > 2
    y = np.eye(spec.dataset.target.count)[data.train_y] if classes else data.train_y.reshape(len(data.train_y), -1)
    return data.train_x.astype(np.float64), y.astype(np.float64)


def initial_weights(spec: ExperimentSpec, seed: int) -> Weights:
    return named(spec, [variable.numpy() for variable in Network(spec, seed).trainable])


@pytest.mark.parametrize(("case", "seeds"), one_in(3, [("dense", (3, 1, 4)), *((case, (3,)) for case in CASES)]))
def test_their_statistics_are_those_of_a_derivation_by_hand(case, seeds):
    """The records of a training at epoch 0 agree, of every tensor, to 1e-4; nothing is compiled for none after it."""
    spec = a_spec(*CASES[case], seeds)
    runs = next(train(spec)).runs
    assert tuple(run.seed for run in runs) == seeds
    for run in runs:
        by_hand = gradients(spec, initial_weights(spec, run.seed), *samples(spec))
        expected = np.array([[each.compute(g.ravel(), np) for each in GRADIENT_STATISTICS] for g in by_hand])
        assert (expected[:, 0] > 0).all()
        found = run.history.series["gradients"][0]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6 * np.max(expected))


def test_of_layers_that_hold_many_numbers_the_first_samples_are_measured_alone(monkeypatch):
    """The bound is lowered to five of sixteen samples, which a real network meets with gigabytes."""
    spec = a_spec(CIRCLES, [DENSE])
    monkeypatch.setattr(cost, "MIN_INITIAL_SAMPLES", 5)
    monkeypatch.setattr(cost, "MAX_INITIAL_NUMBERS", 1)
    x, y = (each[:5] for each in samples(spec))
    by_hand = gradients(spec, initial_weights(spec, 3), x, y)
    expected = np.array([[each.compute(g.ravel(), np) for each in GRADIENT_STATISTICS] for g in by_hand])
    (run,) = next(train(spec)).runs
    found = run.history.series["gradients"][0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6 * np.max(expected))


SLIDING = {
    "conv1d, strides": (SINE, [CONV1D | {"strides": 2}, FLAT]),
    "conv1d, same": (SINE, [CONV1D | {"padding": "same", "strides": 2, "kernel_size": 4}, FLAT]),
    "conv1d, causal, dilated": (SINE, [CONV1D | {"padding": "causal", "dilation_rate": 2}, FLAT]),
    "conv2d, strides": (DIGITS, [CONV2D | {"strides": [2, 3], "kernel_size": [3, 2]}, FLAT]),
    "conv2d, same": (DIGITS, [CONV2D | {"padding": "same", "strides": 3, "filters": 2}, FLAT]),
    "penalised": (SINE, [CONV1D | {"kernel_regularizer": {"kind": "l2", "l2": 0.1}}, FLAT]),
    "not dropped": (CIRCLES, [DENSE, {"kind": "dropout", "rate": 0.5}]),
}


@pytest.mark.parametrize("case", [*CASES, *SLIDING])
def test_every_entry_is_that_of_a_derivation_by_hand(case):
    """Entry by entry, as statistics could hide an exchange; to 1e-4 of the tensor's largest."""
    spec = a_spec(*(CASES | SLIDING)[case])
    weights, (x, y) = initial_weights(spec, 3), samples(spec)
    expected = gradients(spec, weights, x, y) if case in CASES else sliding_gradients(spec, weights, x, y)
    found, _ = full_gradients(Stack(Network(spec, 3), 1), Task(spec), *Data(spec).arrays[:2])
    for name, ours, theirs in zip(weights, found, expected, strict=True):
        np.testing.assert_allclose(ours[0], theirs, rtol=1e-4, atol=1e-5 * np.abs(theirs).max(), err_msg=str(name))


def sliding_gradients(spec: ExperimentSpec, weights: Weights, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """Of a first layer that slides or is dense, an output on all that it says, and the penalty; entry by entry."""
    first = spec.layers[0].spec
    rule = first.kernel_regularizer

    def loss(weights: Weights) -> Any:
        kernel, bias, output, output_bias = weights.values()
        z = (x @ kernel if first.kind == "dense" else slid(first, x, kernel)) + bias
        said = np.tanh(z).reshape(len(x), -1) @ output + output_bias
        prediction = ACTIVATIONS[spec.layers[-1].spec.activation.kind][0](said)
        return LOSSES[spec.training.loss.kind](y, prediction).mean() + (rule.l2 * (kernel**2).sum() if rule else 0)

    found = []
    for name, tensor in weights.items():
        found.append(gradient := np.empty(tensor.shape))
        for place in np.ndindex(tensor.shape):
            stepped = tensor.astype(complex)
            stepped[place] += 1j * STEP
            gradient[place] = loss({**weights, name: stepped}).imag / STEP
    return found


def slid(spec: Any, x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The kernel at each of its positions, (samples, *positions, filters), with zeros where it reaches beyond."""
    axes = kernel.ndim - 2
    strides = np.broadcast_to(spec.strides, axes)
    dilation = getattr(spec, "dilation_rate", 1)
    reach = [dilation * (wide - 1) + 1 for wide in kernel.shape[:axes]]
    padding = [(0, 0)] * x.ndim
    for axis, (size, stride, window) in enumerate(zip(x.shape[1:-1], strides, reach, strict=True)):
        missing = max((-(-size // stride) - 1) * stride + window - size, 0)
        before = {"valid": (0, 0), "same": (missing // 2, missing - missing // 2), "causal": (window - 1, 0)}
        padding[axis + 1] = before[spec.padding]
    x = np.pad(x, padding)
    places = [(size - window) // stride + 1 for size, stride, window in zip(x.shape[1:-1], strides, reach, strict=True)]
    out = np.zeros((len(x), *places, kernel.shape[-1]), kernel.dtype)
    for at in np.ndindex(*places):
        for tap in np.ndindex(*kernel.shape[:axes]):
            where = tuple(a * s + t * dilation for a, s, t in zip(at, strides, tap, strict=True))
            out[(slice(None), *at)] += x[(slice(None), *where)] @ kernel[tap]
    return out
