"""What is seen inside recurrent layers, against the recurrences written out in NumPy, double precision."""

import numpy as np
import pytest

from core.spec import ExperimentSpec
from core.statistics import ACTIVATION_STATISTIC_NAMES
from core.training.network import Network
from core.training.train import train
from tests.by_hand import ACTIVATIONS, named
from tests.sequences_by_hand import Walk, predict, signals

GATES = {
    "simple_rnn": ["tanh"],
    "gru": ["sigmoid", "sigmoid", "tanh"],
    "lstm": ["sigmoid", "sigmoid", "tanh", "sigmoid"],
}
BIAS = {"kind": "random_normal", "stddev": 1.5}  # far enough out for some slopes to be lost
KINDS = [{"kind": "simple_rnn"}, {"kind": "gru"}, {"kind": "gru", "reset_after": False}, {"kind": "lstm"}]
CASES = {
    **{
        f"{'-'.join(map(str, kind.values()))}, two of them": [kind | {"return_sequences": True}, kind] for kind in KINDS
    },
    **{f"{kind['kind']}, both ways": [{"kind": "bidirectional", "layer": kind}] for kind in (KINDS[1], KINDS[3])},
    "simple_rnn, both ways, all steps": [
        {"kind": "bidirectional", "layer": KINDS[0] | {"return_sequences": True}},
        {"kind": "simple_rnn"},
    ],
}
UNITS = {"units": 2, "bias_initializer": BIAS}


def a_spec(layers) -> ExperimentSpec:
    sized = [
        layer | ({"layer": layer["layer"] | UNITS} if layer["kind"] == "bidirectional" else UNITS) for layer in layers
    ]
    return ExperimentSpec.model_validate(
        {
            "name": "recurrent",
            "dataset": {"kind": "adding", "samples": 40, "length": 5, "train_size": 32},
            "model": {"layers": [*sized, {"kind": "dense", "units": 1}]},
            "training": {"loss": "mean_squared_error", "optimizer": "sgd", "epochs": 1, "batch_size": 16},
            "seeds": [5],
            "record": {"gradients": 0, "weights": 0, "activations": 1, "signals": 1, "histograms": 0},
        }
    )


def slopes(layer, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(…, pre-activations) of φ′(z), and whether it is below a tenth of the largest."""
    inner, ways = (layer.spec.layer, 2) if layer.spec.kind == "bidirectional" else (layer.spec, 1)
    kinds = GATES[inner.kind] * ways
    found, lost = [], []
    for kind, part in zip(kinds, np.split(z, len(kinds), axis=-1), strict=True):
        function, steepest = ACTIVATIONS[kind]
        slope = function(part + 1e-100j).imag / 1e-100
        found.append(slope)
        lost.append(slope < 0.1 * steepest)
    return np.concatenate(found, axis=-1), np.concatenate(lost, axis=-1)


@pytest.mark.parametrize("case", CASES)
def test_signals_and_activations_are_those_of_the_written_out_recurrence(case):
    spec = a_spec(CASES[case])
    (run,) = next(train(spec)).runs
    weights = named(spec, [variable.numpy() for variable in Network(spec, 5).trainable])
    data, walk = spec.dataset.load(), Walk()
    x, y = data.train_x.astype(np.float64), data.train_y.astype(np.float64)
    predict(spec, weights, x, walk)
    for place, layer in enumerate(spec.layers[:-1]):
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
