"""Networks at epoch 0, before the first update: what random weights alone do to a signal.

The engine's own network, draws and probe, without the training loop around them: that takes a plain graph, not half a
minute of compilation. `test_initially.py` holds the numbers against those of `core.training.train.train`.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from core.history import Layout
from core.spec import ExperimentSpec
from core.spec.side_by_side import PROBE_SAMPLES, width_for
from core.training import measure
from core.training.data import Data
from core.training.network import Network, flattened, initial_values
from core.training.probe import Probe
from core.training.shelf import architecture
from core.training.stack import Stack
from core.training.task import Task

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
    """Kind -> (seeds, tensors, columns) before the first update: activations, signals, time signals, gradients."""
    looks, width = [], _width(spec)
    look, data = _look(architecture(spec, width), spec), Data(spec).arrays[:2]
    for begin in range(0, len(spec.seeds), width):
        seeds = spec.seeds[begin : begin + width]
        drawn = [flattened(initial_values(spec, seed)) for seed in seeds + seeds[-1:] * (width - len(seeds))]
        looks.append({kind: values[: len(seeds)] for kind, values in look(drawn, *data).items()})
    return {kind: np.concatenate([look[kind] for look in looks]) for kind in looks[0]}


def _width(spec: ExperimentSpec) -> int:
    """How many networks are looked at side by side."""
    stackable = all(layer.spec.side_by_side for layer in spec.layers)
    return max(width_for(spec), min(len(spec.seeds), 16)) if stackable else 1


_looks: dict[str, "_Look"] = {}


def _look(key: str, spec: ExperimentSpec) -> "_Look":
    if key not in _looks:
        _looks[key] = _Look(spec, _width(spec))
    return _looks[key]


class _Look:
    """A look at the networks of one architecture, whatever their weights."""

    def __init__(self, spec: ExperimentSpec, width: int) -> None:
        self._stack, self._layout = Stack(Network(spec, seed=0), width), spec.layout
        self._probe = Probe(self._stack, Task(spec), _steps(spec.layout))
        self._traced = tf.function(self._measured, autograph=False)

    def __call__(self, drawn: list[list[np.ndarray]], x: Any, y: Any) -> dict[str, np.ndarray]:
        """Kind -> (networks, tensors, columns), for as many networks' weights as stand side by side."""
        for variable, *values in zip([*self._stack.trainable, *self._stack.state], *drawn, strict=True):
            variable.assign(np.stack(values) if self._stack.width > 1 else values[0])
        return {kind: values.numpy() for kind, values in self._traced(x, y).items()}

    def _measured(self, x: Any, y: Any) -> dict[str, Any]:
        flows = self._probe.flows(x[:PROBE_SAMPLES], y[:PROBE_SAMPLES])
        found = dict(zip(("activations", "signals", "time_signals"), flows, strict=True))
        if "gradients" in self._layout:
            found["gradients"] = measure.gradients(self._probe.gradients(x, y))
        return {kind: values for kind, values in found.items() if kind in self._layout}


def _steps(layout: Layout) -> int:
    return len(layout["time_signals"].columns) if "time_signals" in layout else 0
