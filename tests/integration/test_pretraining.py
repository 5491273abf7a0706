"""Pre-training: hidden layers learn one by one, and the training proper begins where they stopped."""

import numpy as np
import pytest

from core.training.data import Data
from core.training.network import flattened, initial_values
from core.training.pretraining import starting_values
from core.training.train import train
from gradlab.spec import ExperimentSpec
from tests.campaigns import one_in
from tests.fitting import trained

TANH = {"kind": "dense", "units": 8, "activation": "tanh"}


def a_spec(kind: str | None, hidden: int = 3, layer=TANH, epochs: int = 30, **more) -> ExperimentSpec:
    training = {
        "loss": "binary_crossentropy",
        "optimizer": {"kind": "adam", "learning_rate": 0.01},
        "epochs": 3,
        "pretraining": kind and {"kind": kind, "epochs": epochs},
    }
    fields = {
        "dataset": {"kind": "moons", "samples": 200, "seed": 1, "scale": "standard"},
        "model": {"layers": [{**layer, "repeat": hidden}, {"kind": "dense", "units": 1, "activation": "sigmoid"}]},
        "training": training,
        "record": "lean",
    }
    return ExperimentSpec.model_validate(fields | more)


def test_an_autoencoder_learns_to_hold_its_input_and_leaves_the_output_layer_alone():
    narrow = {**TANH, "units": 1, "activation": "linear"}
    spec = a_spec("autoencoder", hidden=1, layer=narrow, epochs=300)
    data = Data(spec)
    x = data.samples.train_x
    # One linear unit that rebuilds its input holds the first principal component (Baldi & Hornik 1989).
    component = np.linalg.eigh(np.cov(x.T))[1][:, -1]
    for seed in range(3):
        drawn, learnt = initial_values(spec, seed), starting_values(spec, seed, data)
        kernel = learnt[0].trainable[0][:, 0]
        assert abs(kernel @ component) / np.linalg.norm(kernel) > 0.97
        np.testing.assert_array_equal(drawn[-1].trainable[0], learnt[-1].trainable[0])


def test_the_greedy_way_starts_the_training_proper_from_a_network_that_has_learnt():
    for seed in range(3):
        plain, greedy = (trained_at_zero(a_spec(kind, seeds=[seed], epochs=60)) for kind in (None, "greedy_layerwise"))
        assert greedy["val_loss"] < 0.6 * plain["val_loss"]
        assert greedy["val_accuracy"] > 0.8


def trained_at_zero(spec: ExperimentSpec) -> dict[str, float]:
    """The metrics where the training proper would start; nothing is compiled for it."""
    (start,) = train(at_zero(spec))
    return next(iter(start.runs[0].history)).metrics


def at_zero(spec: ExperimentSpec) -> ExperimentSpec:
    """The spec without the training proper."""
    return spec.model_copy(update={"training": spec.training.model_copy(update={"epochs": 0})})


def test_a_greedy_stage_trains_its_own_layer_and_leaves_those_before_it():
    one, two = (a_spec("greedy_layerwise", hidden=hidden) for hidden in (2, 3))
    short, long = (starting_values(spec, 5, Data(spec)) for spec in (one, two))
    for before, after in zip(flattened(short[:2]), flattened(long[:2]), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("kind", one_in(2, ["autoencoder", "greedy_layerwise"]))
def test_pre_training_repeats_bit_for_bit_and_differs_by_seed(kind):
    layer = {**TANH, "activation": "relu"}
    spec = a_spec(kind, hidden=2, layer=layer, epochs=5, seeds=[0, 1])
    first, again = (list(train(spec)) for _ in range(2))
    for seed in (0, 1):
        np.testing.assert_array_equal(trained(first, seed)["metrics"], trained(again, seed)["metrics"])
    assert not np.array_equal(trained(first, 0)["metrics"], trained(first, 1)["metrics"])


def test_running_means_and_dropout_go_along():
    layers = [
        {"kind": "dense", "units": 6},
        {"kind": "batch_normalization"},
        {"kind": "activation", "activation": "relu"},
        {"kind": "dropout", "rate": 0.2},
        {"kind": "dense", "units": 6, "activation": "relu"},
        {"kind": "dense", "units": 1, "activation": "sigmoid"},
    ]
    (start,) = train(at_zero(a_spec("greedy_layerwise", epochs=5, model={"layers": layers})))
    (run,) = start.runs
    *_, mean, variance = run.snapshot.values
    assert not np.allclose(mean, 0.0)  # of what went through
    assert not np.allclose(variance, 1.0)
    assert np.isfinite(run.history.metrics).all()
