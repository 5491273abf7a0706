"""Networks at epoch 0, before the first update: what random weights alone do to a signal."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.spec import ExperimentSpec
from core.training.train import train

SAMPLES = 128


def deep(
    depth: int,
    width: int,
    activation: str,
    initializer: Any,
    *,
    bias: float = 0.0,
    features: int | None = None,
    scale: tuple[float, float] | None = None,
    seeds: Sequence[int] = (0,),
    record: Any = None,
) -> ExperimentSpec:
    """Equal dense layers on standard normal inputs, perhaps scaled; as many as units unless told otherwise."""
    hidden = {
        "kind": "dense",
        "units": width,
        "activation": activation,
        "kernel_initializer": initializer,
        "bias_initializer": {"kind": "random_normal", "stddev": bias},
    }
    return ExperimentSpec.model_validate(
        {
            "name": f"{depth} {activation} layers of {width}",
            "dataset": {
                "kind": "gaussian_quantiles",
                "features": width if features is None else features,
                "classes": 2,
                "scale": scale,
                "samples": 2 * SAMPLES,
                "train_size": SAMPLES,
            },
            "model": {"layers": [hidden] * depth + [{"kind": "dense", "units": 1, "activation": "sigmoid"}]},
            "training": {"loss": "binary_crossentropy", "optimizer": "sgd", "epochs": 1, "batch_size": SAMPLES},
            "seeds": list(seeds),
            "record": record or {"gradients": 0, "weights": 0, "activations": 1, "signals": 1, "histograms": 0},
        }
    )


def at_epoch_0(spec: ExperimentSpec, kind: str, column: str) -> np.ndarray:
    """(seeds, tensors) of one statistic before the first update."""
    found = []
    for run in _runs(spec):
        layout = run.history.layout[kind]
        found.append(run.history.series[kind][0, :, layout.columns.index(column)].astype(float))
    return np.array(found)


def time_signals(spec: ExperimentSpec) -> np.ndarray:
    """(seeds, steps): the rms of the first recurrent layer's signal at each time step, before the first update."""
    return np.array([run.history.series["time_signals"][0, 0].astype(float) for run in _runs(spec)])


def _runs(spec: ExperimentSpec) -> list[Any]:
    """Epoch 0 of each seed; nothing is trained."""
    runs: list[Any] = []
    while len(runs) < len(spec.seeds):
        training = train(spec.model_copy(update={"seeds": spec.seeds[len(runs) :]}))
        runs += next(training).runs
        training.close()
    return runs
