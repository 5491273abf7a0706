"""Record 0 of a case in float64, measured by the parts of Keras's Watch, with the statistics' formulas in NumPy.

The process's float type is float64: no other case is trained in it.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from bench.twins.folder import KERAS, SAMPLES, Arrays, CaseFolder
from core.training.network import Network
from core.training.task import Task
from gradlab.keras.initial import InitialState
from gradlab.keras.naming import watched_layers
from gradlab.keras.probe import Probe, ProbedLayer
from gradlab.keras.samples import Samples
from gradlab.measurement.statistics import (
    ACTIVATION_STATISTICS,
    GRADIENT_STATISTICS,
    SIGNAL_STATISTICS,
    WEIGHT_STATISTICS,
    Flow,
)
from gradlab.spec.network import in_order
from gradlab.spec.recording import PROBE_SAMPLES

LARGEST = "largest"


def begin() -> None:
    """Let this process compute in float64."""
    keras.config.set_floatx("float64")


def measure(path: Path) -> None:
    """Measure record 0 of the case in a folder, unless it is measured."""
    folder = CaseFolder(path)
    if folder.has(KERAS):
        return
    spec, given = folder.spec, folder.arrays(SAMPLES)
    network, task = Network(spec, spec.seeds[0]), Task(spec)
    tensors = [tensor for layer in in_order(spec.network) for tensor in layer.tensors]
    for tensor, variable in zip(tensors, network.trainable, strict=True):
        variable.assign(given[f"{tensor.layer}/{tensor.parameter}"].astype(np.float64))
    x, y = given["x"].astype(np.float64), task.encoded(given["y"]).astype(np.float64)

    def loss(_: Any, y: Any, prediction: Any) -> Any:
        return keras.ops.mean(task.sample_losses(y, prediction))

    few = min(PROBE_SAMPLES, len(x))
    probe = Probe(network.model, watched_layers(network.model), loss, (x[:few], y[:few]), float(few))
    _, gradients = InitialState(network.model, loss, has_metrics=False).measure(Samples(x, y, len(x)))
    place = {id(each): row for row, each in enumerate(network.model.trainable_variables)}
    rows = [gradients[place[id(each)]] for each in network.trainable]
    weights = [np.asarray(each.numpy()) for each in network.trainable]
    observed = {name: _only_run(layer) for name, layer in probe.read([probe.run()]).items()}
    folder.write_arrays(KERAS, _series([f"{t.layer}/{t.parameter}" for t in tensors], rows, weights, observed))


def _only_run(layer: ProbedLayer) -> ProbedLayer:
    """Return a layer's arrays of one run without their axis of runs."""
    return replace(layer, z=layer.z[0], h=layer.h[0], slope=layer.slope[0], delta=layer.delta[0])


def _series(
    names: list[str], gradients: list[np.ndarray | None], weights: list[np.ndarray], probed: dict[str, ProbedLayer]
) -> Arrays:
    """Return kind:tensor -> its statistics, and its largest entry after ``largest:``."""
    arrays: Arrays = {}
    with np.errstate(all="ignore"):
        for name, row, weight in zip(names, gradients, weights, strict=True):
            flat = weight.reshape(-1)
            arrays[f"weights:{name}"] = _columns(WEIGHT_STATISTICS, flat, flat)
            arrays[f"{LARGEST}:weights:{name}"] = np.abs(flat).max()
            if row is not None:
                arrays[f"gradients:{name}"] = _columns(GRADIENT_STATISTICS, row.reshape(-1))
                arrays[f"{LARGEST}:gradients:{name}"] = np.abs(row).max()
        for name, layer in probed.items():
            arrays[f"activations:{name}"] = _columns(
                ACTIVATION_STATISTICS, Flow(layer.z, layer.h, layer.slope, layer.steepest)
            )
            arrays[f"{LARGEST}:activations:{name}"] = np.maximum(np.abs(layer.z).max(), np.abs(layer.h).max())
            arrays[f"signals:{name}"] = _columns(SIGNAL_STATISTICS, layer.delta)
            arrays[f"{LARGEST}:signals:{name}"] = np.abs(layer.delta).max()
            if layer.steps:
                arrays[f"time_signals:{name}"] = _by_step(layer)
                arrays[f"{LARGEST}:time_signals:{name}"] = np.abs(layer.delta).max()
    return arrays


def _by_step(layer: ProbedLayer) -> np.ndarray:
    samples, units = layer.delta.shape
    steps = layer.delta.reshape(samples // layer.steps, layer.steps, units).swapaxes(0, 1)
    return np.asarray(SIGNAL_STATISTICS[0].compute(steps, np))


def _columns(statistics: Any, *arrays: Any) -> np.ndarray:
    return np.array([each.compute(*arrays, np) for each in statistics], np.float64)
