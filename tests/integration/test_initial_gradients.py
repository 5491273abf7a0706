"""Gradients at epoch 0 against a derivation that shares nothing with Keras: NumPy, complex steps, double precision."""

import numpy as np
import pytest

from core.spec import ExperimentSpec
from core.statistics import GRADIENT_STATISTICS
from core.training.network import Network
from core.training.train import train
from tests.by_hand import named
from tests.sequences_by_hand import gradients

BIAS = {"kind": "random_normal", "stddev": 0.3}
SINE = {"kind": "sine", "samples": 24, "length": 6, "train_size": 16}
DIGITS = {"kind": "digits", "form": "image", "scale": [0, 1], "train_size": 12}
ADDING = {"kind": "adding", "samples": 24, "length": 5, "train_size": 16}
CASES = {
    "dense": ({"kind": "circles", "samples": 24, "train_size": 16}, [{"kind": "dense", "units": 4}]),
    "conv1d": (SINE, [{"kind": "conv1d", "filters": 3, "kernel_size": 3}, {"kind": "flatten"}]),
    "conv2d": (DIGITS, [{"kind": "conv2d", "filters": 2, "kernel_size": 3}, {"kind": "flatten"}]),
    "simple_rnn": (ADDING, [{"kind": "simple_rnn", "units": 3}]),
    "gru": (ADDING, [{"kind": "gru", "units": 3}]),
    "gru, reset before": (ADDING, [{"kind": "gru", "units": 3, "reset_after": False}]),
    "lstm": (ADDING, [{"kind": "lstm", "units": 3}]),
}


def a_spec(case: str) -> ExperimentSpec:
    dataset, (layer, *rest) = CASES[case]
    sizes = {"circles": ("sigmoid", 1, "binary_crossentropy"), "digits": ("softmax", 10, "categorical_crossentropy")}
    activation, units, loss = sizes.get(dataset["kind"], ("linear", 1, "mean_squared_error"))
    layers = [layer | {"activation": "tanh", "bias_initializer": BIAS}, *rest]
    return ExperimentSpec.model_validate(
        {
            "name": case,
            "dataset": dataset,
            "model": {"layers": [*layers, {"kind": "dense", "units": units, "activation": activation}]},
            "training": {"loss": loss, "optimizer": "sgd", "epochs": 1, "batch_size": 8},
            "seeds": [3],
            "record": "lean",
        }
    )


@pytest.mark.parametrize("case", CASES)
def test_they_are_those_of_a_derivation_by_hand(case):
    spec = a_spec(case)
    (run,) = next(train(spec)).runs
    weights = named(spec, [variable.numpy() for variable in Network(spec, 3).trainable])
    data = spec.dataset.load()
    y = np.eye(10)[data.train_y] if case == "conv2d" else data.train_y.reshape(len(data.train_y), -1)
    by_hand = gradients(spec, weights, data.train_x.astype(np.float64), y.astype(np.float64))
    expected = np.array([[each.compute(g.ravel(), np) for each in GRADIENT_STATISTICS] for g in by_hand])
    assert (expected[:, 0] > 0).all()
    np.testing.assert_allclose(run.history.series["gradients"][0], expected, rtol=2e-4, atol=1e-6 * np.max(expected))
