"""The signal of a recurrent network on its way back through time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from core.training.train import train
from gradlab.spec import ExperimentSpec
from tests.campaigns import one_in
from tests.science.initially import before

ADAM = {"kind": "adam", "learning_rate": 0.02}


def recurrent(
    layer: dict[str, Any], steps: int, seeds: Sequence[int], *, samples: int = 64, epochs: int = 1
) -> ExperimentSpec:
    """One recurrent layer on the adding problem, a linear unit on its last state; signals at the begin and the end."""
    return ExperimentSpec.model_validate(
        {
            "name": f"{layer['kind']} over {steps} steps",
            "dataset": {"kind": "adding", "samples": samples + 100, "length": steps, "train_size": samples},
            "model": {"layers": [layer, {"kind": "dense", "units": 1}]},
            "training": {"loss": "mean_squared_error", "optimizer": ADAM, "epochs": epochs, "batch_size": 12},
            "seeds": list(seeds),
            "record": {"gradients": 0, "weights": 0, "activations": 0, "signals": epochs, "histograms": 0},
        }
    )


def shares(spec: ExperimentSpec) -> np.ndarray:
    """(seeds, steps): each step's signal by the last one's, before the first update."""
    signals = before(spec)["time_signals"][:, 0].astype(np.float64)
    return signals / signals[:, -1:]


def powers(factor: float, steps: int) -> np.ndarray:
    """(steps,): factor^(T − t) for t from 1 to T."""
    return factor ** np.arange(steps - 1, -1, -1.0)


@pytest.mark.parametrize("radius", [0.9, 1.0, 1.05])
def test_in_a_linear_network_the_signal_goes_back_by_the_power_of_the_radius(radius):
    """Pascanu et al. 2013, section 2: δ_t = (Wᵀ)^(T−t) δ_T; with W = ρ·orthogonal its length is ρ^(T−t)·‖δ_T‖, for
    every sample. Tolerance: float32's rounding over 120 steps, 0.1 %."""
    steps = 120
    orthogonal = {"kind": "orthogonal", "gain": radius}
    layer = {"kind": "simple_rnn", "units": 12, "activation": "linear", "recurrent_initializer": orthogonal}
    for found in shares(recurrent(layer, steps, range(3))):
        np.testing.assert_allclose(found, powers(radius, steps), rtol=1e-3)


GATES = [  # layer, the bias of the gate that keeps
    ({"kind": "lstm", "unit_forget_bias": True}, 1.0),
    ({"kind": "lstm", "unit_forget_bias": False}, 0.0),  # for the campaign: a gru has this bias, too
    ({"kind": "gru"}, 0.0),
]


@pytest.mark.parametrize(("layer", "bias"), one_in(2, GATES, ids=lambda layer, bias: f"{layer['kind']}-{bias:.0f}"))
def test_before_training_a_memory_keeps_what_its_gates_bias_lets_it_keep(layer, bias):
    """Jozefowicz et al. 2015, section 2.2: with a forget bias b the signal goes back through the cell by σ(b) per step:
    0.73 with Keras's bias of 1, 0.5 without. Weights next to nothing leave the cell alone; tolerance 1 %."""
    steps, tiny = 80, {"kind": "random_normal", "stddev": 1e-5}
    still = {"units": 8, "kernel_initializer": tiny, "recurrent_initializer": tiny}
    keeps = 1 / (1 + np.exp(-bias))
    for found in shares(recurrent(layer | still, steps, range(2))):
        np.testing.assert_allclose(found, powers(keeps, steps), rtol=0.01)


def test_before_training_nothing_of_a_signal_crosses_200_steps_not_even_in_an_lstm():
    """0.73^199 is 1e-27: a forget bias of 1 is for tens of steps. Keras's usual weights add some, and leave a factor
    between 0.75 and 0.9 per step; it is training that opens the gates (test below)."""
    first = shares(recurrent({"kind": "lstm", "units": 16}, 200, range(4)))[:, 0]
    assert ((first ** (1 / 199) > 0.75) & (first ** (1 / 199) < 0.9)).all()
    assert first.max() < 1e-9


def learnt(kind: str, seeds: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """(seeds,) each: the smallest validation loss on the way, and which share of the signal reaches the first step at
    the end."""
    spec = recurrent({"kind": kind, "units": 12}, 200, seeds, samples=600, epochs=45)
    losses: dict[int, list[float]] = {seed: [] for seed in seeds}
    signals: dict[int, np.ndarray] = {}
    for run in (run for chunk in train(spec) for run in chunk.runs):
        losses[run.seed] += run.history.metrics[:, run.history.layout.metrics.index("val_loss")].tolist()
        if run.run_ended:
            signals[run.seed] = run.history.series["time_signals"][-1, 0]
    assert all(len(of_seed) == 46 for of_seed in losses.values())
    return np.array([min(losses[seed]) for seed in seeds]), np.array(
        [signals[seed][0] / signals[seed][-1] for seed in seeds]
    )


@pytest.mark.campaign
def test_an_lstm_learns_to_keep_a_signal_over_200_steps_where_a_simple_network_never_does():
    """Hochreiter & Schmidhuber 1997, on their adding problem; who always answers 1 has a loss of 1/6.

    Three seeds each: the middle LSTM is to solve it (measured: all do, below 0.003) with a signal at the first step of
    above a tenth of the last one's (measured: 0.4 to 1.2); no simple network may (measured: never below 0.14).
    """
    losses, kept = learnt("lstm", (0, 1, 2))
    assert np.median(losses) < 0.02
    assert np.median(kept) > 0.1
    losses, kept = learnt("simple_rnn", (0, 1, 2))
    assert losses.min() > 0.1
    assert np.median(kept) < 1e-3
