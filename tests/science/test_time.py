"""What recurrence does to a signal on its way back through time."""

from collections.abc import Sequence

import numpy as np
import pytest

from core.spec import ExperimentSpec
from core.training.train import train
from tests.science.initially import time_signals

ADAM = {"kind": "adam", "learning_rate": 0.02}
SIGNALS = {"gradients": 0, "weights": 0, "activations": 0, "signals": 1, "histograms": 0}


def recurrent(layer: dict, steps: int, seeds: Sequence[int], samples: int = 64, epochs: int = 1) -> ExperimentSpec:
    """One recurrent layer on the adding problem, a linear unit on its last state."""
    return ExperimentSpec.model_validate(
        {
            "name": f"{layer['kind']} over {steps} steps",
            "dataset": {"kind": "adding", "samples": samples + 100, "length": steps, "train_size": samples},
            "model": {"layers": [layer, {"kind": "dense", "units": 1}]},
            "training": {"loss": "mean_squared_error", "optimizer": ADAM, "epochs": epochs, "batch_size": 20},
            "seeds": list(seeds),
            "record": SIGNALS,
        }
    )


@pytest.mark.parametrize("radius", [0.9, 1.0, 1.05])
def test_in_a_linear_network_the_signal_goes_back_by_the_power_of_the_radius(radius):
    """Pascanu et al. 2013, section 2: δ_t = (Wᵀ)^(T−t) δ_T; with W = ρ·orthogonal its length is ρ^(T−t)·‖δ_T‖."""
    steps = 60
    orthogonal = {"kind": "orthogonal", "gain": radius}
    layer = {"kind": "simple_rnn", "units": 12, "activation": "linear", "recurrent_initializer": orthogonal}
    signals = time_signals(recurrent(layer, steps, range(3)))
    expected = radius ** np.arange(steps - 1, -1, -1.0)
    np.testing.assert_allclose(signals / signals[:, -1:], np.broadcast_to(expected, signals.shape), rtol=2e-3)


def learnt(kind: str, seeds: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """After training, (seeds,) each: validation loss, and which share of the signal reaches the first step."""
    spec = recurrent({"kind": kind, "units": 16}, 200, seeds, samples=600, epochs=80)
    runs = [run for chunk in train(spec) for run in chunk.runs if run.run_ended]
    signals = np.array([run.history.series["time_signals"][-1, 0] for run in runs])
    losses = [run.history.metrics[-1, run.history.layout.metrics.index("val_loss")] for run in runs]
    return np.array(losses), signals[:, 0] / signals[:, -1]


def test_an_lstm_keeps_a_usable_signal_over_200_steps_where_a_simple_network_loses_it():
    """Hochreiter & Schmidhuber 1997, on their adding problem; who always answers 1 has a loss of 1/6."""
    seeds = (0, 1, 2)
    losses, shares = learnt("lstm", seeds)
    assert np.median(losses) < 0.02
    assert np.median(shares) > 0.1
    simple_losses, simple_shares = learnt("simple_rnn", seeds)
    assert simple_losses.min() > 0.1
    assert simple_shares.max() < 1e-3
