"""Networks at epoch 0, before the first update: what random weights alone do to a signal.

That is an experiment of no epochs: nothing is compiled for it.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from core.training.train import train
from gradlab.spec import ExperimentSpec
from gradlab.spec.recording import PROBE_SAMPLES

RECORD = {"gradients": 1, "weights": 0, "activations": 1, "signals": 1, "histograms": 0}


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
                "samples": 2 * PROBE_SAMPLES,
                "train_size": PROBE_SAMPLES,
            },
            "model": {"layers": [hidden] * depth + [{"kind": "dense", "units": 1, "activation": "sigmoid"}]},
            "training": {"loss": "binary_crossentropy", "optimizer": "sgd", "epochs": 1, "batch_size": PROBE_SAMPLES},
            "seeds": list(seeds),
            "record": RECORD,
        }
    )


def normal(variance: float) -> dict[str, Any]:
    """Normal weights of variance `variance`/fan_in, not truncated: what theory speaks of."""
    return {"kind": "variance_scaling", "scale": variance, "distribution": "untruncated_normal"}


def at_epoch_0(spec: ExperimentSpec, kind: str, column: str) -> np.ndarray:
    """(seeds, tensors) of one statistic before the first update."""
    return np.asarray(before(spec)[kind][..., spec.layout[kind].columns.index(column)], np.float64)


@lru_cache(maxsize=4)
def before(spec: ExperimentSpec) -> dict[str, np.ndarray]:
    """Kind -> (seeds, tensors, columns) before the first update."""
    training = spec.training.model_copy(update={"epochs": 0})
    runs = [run for chunk in train(spec.model_copy(update={"training": training})) for run in chunk.runs]
    assert [run.seed for run in runs] == list(spec.seeds)
    return {kind: np.stack([run.history.series[kind][0] for run in runs]) for kind in runs[0].history.series}
