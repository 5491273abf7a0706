"""Every remedy cures: real trainings in which the untreated network fails on most seeds and the treated one on few.

A run that leaves the finite numbers has failed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import pytest

from core.training.train import train
from gradlab.remedies import REMEDIES, remedy
from gradlab.spec import ExperimentSpec
from tests.campaigns import one_in

U01 = {"kind": "random_uniform", "minval": 0, "maxval": 1}
# Batches without a smaller last one compile in half the time.
CIRCLES = {"kind": "circles", "samples": 1012, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 512}
FRIEDMAN = {"kind": "friedman", "samples": 640, "scale": "standard"}
TUMOURS = {"kind": "breast_cancer", "train_size": 320}
MOONS = {"kind": "moons", "samples": 400, "noise": 0.3, "seed": 1, "scale": "standard", "train_size": 64}
SUMS = {"kind": "adding", "samples": 600, "length": 30, "train_size": 416}
PIXELS = {"kind": "digits", "form": "pixels", "scale": [0, 1], "train_size": 416}
SIGMOID = {"kind": "dense", "units": 1, "activation": "sigmoid"}
VALUE = {"kind": "dense", "units": 1}
# Of the seeds at least so many must fail untreated, and at most so many treated.
MOST, FEW = 2 / 3, 1 / 3

Metrics = dict[str, np.ndarray]


def hidden(units: int, activation: str, initializer: Any, repeat: int, **more: Any) -> dict[str, Any]:
    fields = {"units": units, "activation": activation, "kernel_initializer": initializer, "repeat": repeat}
    return {"kind": "dense", **fields, **more}


def sgd(learning_rate: float) -> dict[str, Any]:
    return {"kind": "sgd", "learning_rate": learning_rate, "momentum": 0.9}


def adam(learning_rate: float) -> dict[str, Any]:
    return {"kind": "adam", "learning_rate": learning_rate}


def an_experiment(
    *layers: dict[str, Any],
    dataset: dict[str, Any] = CIRCLES,
    loss: str = "binary_crossentropy",
    optimizer: dict[str, Any] | None = None,
    epochs: int,
    seeds: int = 16,
    batch_size: int = 32,
) -> ExperimentSpec:
    training = {"loss": loss, "optimizer": optimizer or sgd(0.01), "epochs": epochs, "batch_size": batch_size}
    fields = {"dataset": dataset, "model": {"layers": list(layers)}, "training": training, "record": "nothing"}
    return ExperimentSpec.model_validate({**fields, "seeds": list(range(seeds))})


@cache
def measured(canonical: str) -> list[Metrics | None]:
    """Each run's metrics from epoch 1 on; None for a run that left the finite numbers."""
    spec = ExperimentSpec.model_validate_json(canonical)
    blocks: dict[int, list[np.ndarray]] = {seed: [] for seed in spec.seeds}
    lost = set()
    for chunk in train(spec):
        for run in chunk.runs:
            blocks[run.seed].append(run.history.metrics)
            if run.stopped_by == "nonfinite":
                lost.add(run.seed)
    whole = {seed: np.concatenate(parts)[1:].T for seed, parts in blocks.items()}
    return [None if seed in lost else dict(zip(spec.layout.metrics, whole[seed], strict=True)) for seed in spec.seeds]


def ends_above(metric: str, floor: float, metrics: Metrics) -> bool:
    return bool(metrics[metric][-1] >= floor)


def ends_below(metric: str, ceiling: float, metrics: Metrics) -> bool:
    return bool(metrics[metric][-1] <= ceiling)


def not_overfitted(metrics: Metrics) -> bool:
    """The validation loss ends near its lowest, and the accuracy is good."""
    loss = metrics["val_loss"]
    return bool(loss[-1] <= 1.25 * loss.min() and metrics["val_accuracy"][-1] >= 0.8)


accurate = partial(ends_above, "val_accuracy", 0.75)  # networks that learn the circles end at 0.78 to 0.85


@dataclass(frozen=True)
class Case:
    """An ill experiment, the remedies that cure it, and how one sees that a run has learnt."""

    spec: ExperimentSpec
    remedies: tuple[str, ...]
    learnt: Callable[[Metrics], bool] = accurate

    def failed(self, spec: ExperimentSpec) -> float:
        """The share of seeds on which `spec` fails."""
        runs = measured(spec.canonical())
        return sum(metrics is None or not self.learnt(metrics) for metrics in runs) / len(runs)


CASES = {
    # Units that are copies of each other: the tutorial's second network.
    "deep tanh, U(0, 1)": Case(
        an_experiment(hidden(5, "tanh", U01, 5), {**SIGMOID, "kernel_initializer": U01}, epochs=200),
        ("initializer_for_activation", "orthogonal_initializer", "activation_relu", "activation_selu"),
    ),
    # Born dead: the tutorial's fourth network, and one of two units a layer.
    "fifteen relu layers": Case(
        an_experiment(hidden(5, "relu", "he_uniform", 15), SIGMOID, epochs=250),
        ("activation_leaky_relu", "fewer_layers"),
    ),
    "six narrow relu layers": Case(
        an_experiment(hidden(2, "relu", "he_uniform", 6), SIGMOID, epochs=100), ("wider_layers",)
    ),
    # n·Var(W) is 0.3 where relu needs 2: what comes out of six layers is the same for all samples.
    "signals that shrink": Case(
        an_experiment(hidden(8, "relu", {"kind": "random_normal", "stddev": 0.2}, 6), SIGMOID, epochs=150),
        ("residual_connections",),
    ),
    "dead by their biases": Case(
        an_experiment(
            hidden(8, "relu", "he_uniform", 2, bias_initializer={"kind": "constant", "value": -3}), SIGMOID,
            epochs=100,
        ),
        ("batch_normalization", "layer_normalization", "activation_elu"),
    ),
    "too slow": Case(
        an_experiment(hidden(16, "relu", "he_uniform", 2), SIGMOID, optimizer=sgd(0.0005), epochs=100),
        ("learning_rate_higher", "optimizer_adam"),
    ),
    "rather slow": Case(
        an_experiment(hidden(16, "relu", "he_uniform", 2), SIGMOID, optimizer=sgd(0.0015), epochs=100),
        ("learning_rate_tripled", "more_epochs", "batch_size_smaller"),
    ),
    "too fast": Case(
        an_experiment(hidden(16, "relu", "he_uniform", 2), SIGMOID, optimizer=sgd(1.0), epochs=100),
        ("learning_rate_lower",),
    ),
    "far too fast": Case(
        an_experiment(hidden(16, "relu", "he_uniform", 2), SIGMOID, optimizer=sgd(30.0), epochs=100),
        ("learning_rate_usual",),
    ),
    # Values of mean 14 and standard deviation 5: the first gradients are as large, and their updates kill all units.
    "values of any size": Case(
        an_experiment(
            hidden(16, "relu", "he_uniform", 2), VALUE, dataset=FRIEDMAN, loss="mean_squared_error",
            optimizer=sgd(0.03), epochs=60,
        ),
        ("target_scaling", "clip_by_global_norm", "activation_tanh"),
        partial(ends_above, "val_r2_score", 0.5),
    ),
    "inputs of any size": Case(
        an_experiment(hidden(16, "relu", "he_uniform", 2), SIGMOID, dataset=TUMOURS, epochs=40),
        ("input_scaling",),
        partial(ends_above, "val_accuracy", 0.9),
    ),
    "values through a sigmoid": Case(
        an_experiment(
            hidden(16, "relu", "he_uniform", 2), {**VALUE, "activation": "sigmoid"},
            dataset={**FRIEDMAN, "target_scale": "standard"}, loss="mean_squared_error", epochs=60,
        ),
        ("output_matched_to_task",),
        partial(ends_above, "val_r2_score", 0.6),
    ),
    # A state of 16 numbers that is multiplied by a matrix of radius 4 at each of 64 steps.
    "chaos through time": Case(
        an_experiment(
            {"kind": "simple_rnn", "units": 16, "recurrent_initializer": {"kind": "random_normal", "stddev": 1.0}},
            {"kind": "dense", "units": 10, "activation": "softmax"}, dataset=PIXELS,
            loss="categorical_crossentropy", optimizer=adam(0.003), epochs=15, seeds=6,
        ),
        ("orthogonal_recurrent",),
        partial(ends_above, "val_accuracy", 0.45),
    ),
    # Who remembers nothing has a mean squared error of 1/6.
    "thirty steps to remember": Case(
        an_experiment(
            {"kind": "simple_rnn", "units": 16}, VALUE, dataset=SUMS, loss="mean_squared_error", optimizer=adam(0.02),
            epochs=40, seeds=4,
        ),
        ("lstm_for_simple_rnn", "gru_for_simple_rnn"),
        partial(ends_below, "val_loss", 0.08),
    ),
    "normalised by itself": Case(
        an_experiment(
            hidden(16, "linear", "he_uniform", 1), {"kind": "batch_normalization"},
            {"kind": "activation", "activation": "relu"}, SIGMOID, optimizer=adam(0.01), epochs=50, seeds=4,
            batch_size=1,
        ),
        ("batch_size_larger", "layer_for_batch_normalization"),
    ),
    "learnt by heart": Case(
        an_experiment(
            hidden(64, "relu", "he_uniform", 2), SIGMOID, dataset=MOONS, optimizer=adam(0.005), epochs=150, seeds=8
        ),
        ("early_stopping", "l2_regularization", "dropout"),
        not_overfitted,
    ),
}  # fmt: skip
TREATMENTS = [(name, title) for title, case in CASES.items() for name in case.remedies]
# `make test` proves every tenth, beside `python -m bench.cures`, which proves all of them.
PROVED = one_in(10, TREATMENTS, ids="{} of {}".format)


def test_every_remedy_has_a_case():
    assert sorted(name for name, _ in TREATMENTS) == sorted(each.name for each in REMEDIES)


@pytest.mark.parametrize("title", one_in(8, CASES))
def test_untreated_it_fails_on_most_seeds(title):
    case = CASES[title]
    assert case.failed(case.spec) >= MOST


@pytest.mark.parametrize(("name", "title"), PROVED)
def test_treated_it_fails_on_few_seeds(name, title):
    case = CASES[title]
    assert case.failed(remedy(name).apply(case.spec)) <= FEW
