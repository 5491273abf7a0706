"""Runs with made-up numbers: those of a healthy training, changed where a test says so."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradlab.diagnosis import Run
from gradlab.facts import of_spec
from gradlab.measurement.history import Culprit, History, Layout, StoppedBy
from gradlab.spec import ExperimentSpec
from tests.builders import a_spec

HEALTHY: dict[str, dict[str, float]] = {
    "gradients": {
        "mean_abs": 0.05,
        "mean": 0,
        "std": 0.06,
        "l2": 0.3,
        "max_abs": 0.2,
        "zero_fraction": 0,
        "nonfinite": 0,
        "always_zero_fraction": 0,
    },
    "weights": {"l1": 4, "l2": 2, "mean": 0, "std": 0.4, "change_l1": 0.1, "update_ratio": 0.01, "nonfinite": 0},
    "activations": {
        "pre_mean": 0,
        "pre_std": 0.7,
        "mean": 0,
        "std": 0.5,
        "saturated_fraction": 0.1,
        "dead_fraction": 0,
        "slope": 0.7,
        "unit_correlation": 0.5,
        "effective_rank": 2,
        "nonfinite": 0,
    },
    "signals": {"rms": 0.1, "nonfinite": 0},
}
LEAST_LOSS = 0.2  # of the constant prediction's, at the end of a healthy training
EPOCHS = 40


def dense(units: int = 5, activation: str = "tanh", initializer: Any = "glorot_uniform", **more: Any) -> dict[str, Any]:
    """A dense layer as a spec has it."""
    return {"kind": "dense", "units": units, "activation": activation, "kernel_initializer": initializer, **more}


def a_network(*layers: dict[str, Any], output: dict[str, Any] | None = None, **more: Any) -> ExperimentSpec:
    """Hidden layers before one sigmoid unit, on the two circles; three tanh layers by default."""
    hidden = list(layers) or [dense(repeat=3)]
    network = {"layers": [*hidden, output or dense(1, "sigmoid")]}
    return a_spec(epochs=more.pop("epochs", EPOCHS), model=network, **more)


def a_run(
    spec: ExperimentSpec | None = None,
    *,
    epochs: int | None = None,
    fails: bool = False,
    metrics: Mapping[str, Any] | None = None,
    series: Mapping[str, Any] | None = None,
    seed: int = 0,
    stopped_by: StoppedBy | None = None,
    culprit: Culprit | None = None,
) -> Run:
    """A run that learns, or one that does not, with some numbers of one's own.

    Args:
        spec: three layers of five tanh units by default.
        epochs: how many after epoch 0; all by default.
        fails: the loss stays at the constant prediction's.
        metrics: name -> what broadcasts to (epochs + 1,).
        series: ``kind.statistic`` -> what broadcasts to (recorded epochs, tensors).
        seed, stopped_by, culprit: as `Run` has them.
    """
    spec = spec or a_network()
    last = spec.training.epochs if epochs is None else epochs
    layout, known = spec.layout, of_spec(spec)
    falling = np.full(last + 1, 1.0) if fails else np.linspace(1.0, LEAST_LOSS, last + 1)
    rate = spec.training.optimizer.initial_learning_rate or 0.01
    assert known.constant_accuracy is not None
    assert known.perfect_loss is not None
    assert known.constant_loss is not None
    constant = 0.0 if np.isnan(known.constant_accuracy) else known.constant_accuracy
    measured: dict[str, Any] = {"loss": known.perfect_loss + falling * (known.constant_loss - known.perfect_loss)}
    measured |= {"accuracy": constant + (1 - falling) * (1 - constant), "r2_score": 1 - falling, "learning_rate": rate}
    measured |= {"gradient_norm": 0.3, "clipped_gradient_norm": 0.3, "clipped_fraction": 0.0}
    measured |= {f"val_{name}": measured[name] for name in ("loss", "accuracy", "r2_score")} | dict(metrics or {})
    rows = {each.kind: each.recorded(0, last) for each in layout.series}
    values = {each.kind: np.zeros((len(rows[each.kind]), *each.shape), np.float32) for each in layout.series}
    for kind, statistics in HEALTHY.items():
        for name, number in statistics.items() if kind in values else ():
            values[kind][:, :, layout[kind].columns.index(name)] = number
    if "time_signals" in values:
        values["time_signals"][:] = 0.1
    for name, numbers in (series or {}).items():
        kind, _, statistic = name.partition(".")
        if statistic:
            values[kind][:, :, layout[kind].columns.index(statistic)] = numbers
        else:
            values[kind][:] = numbers
    columns = [np.broadcast_to(measured.get(name, 0.0), (last + 1,)) for name in layout.metrics]
    history = History(layout, 0, np.stack(columns, axis=1).astype(np.float32), values)
    return Run(spec, seed, history, stopped_by, culprit, known)


def without_series(run: Run) -> Run:
    """The same run, of which nothing but the metrics was recorded."""
    layout = Layout(run.history.layout.metrics, ())
    return Run(run.spec, run.seed, History(layout, 0, run.history.metrics, {}), run.stopped_by, run.culprit, run.facts)


def of_nothing_but(run: Run, value: float) -> Run:
    """The same run with `value`, NaN or an infinity, for every number that was measured."""
    history = run.history
    series = {kind: np.full_like(values, value) for kind, values in history.series.items()}
    metrics = np.full_like(history.metrics, value)
    return Run(run.spec, run.seed, History(history.layout, 0, metrics, series), run.stopped_by, run.culprit, run.facts)


def by_layer(*numbers: float, rows: int = EPOCHS + 1) -> np.ndarray:
    """(rows, tensors): the same numbers in every epoch."""
    return np.tile(np.array(numbers, np.float64), (rows, 1))
