"""Measurement of networks before their first update and after the first epoch, one network after another.

One network at a time is traced in a third of the time that networks side by side take. Epoch 0 is measured once, and
the first trained epoch by the same graphs: first answers need not wait for those of networks side by side.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf

from core.plan.architecture import hashed, initial_architecture
from core.plan.cost import initial_samples, measures_long
from core.plan.graphs import has_large_kernels
from core.plan.pieces import validation_rows
from core.training.batches import evaluated, sliced
from core.training.beside import Beside
from core.training.compiled import Compiled
from core.training.data import Data
from core.training.network import Network
from core.training.probe import Probe, ProbedLayer, full_gradients
from core.training.stack import Stack
from core.training.task import Task
from gradlab.measurement.kinds import BY_NAME
from gradlab.spec import ExperimentSpec
from gradlab.spec.recording import PROBE_SAMPLES


class Initial:
    """Measurement of epoch 0 for the networks of one architecture.

    Args:
        spec: the experiment.
        network: of this architecture.
    """

    def __init__(self, spec: ExperimentSpec, network: Network) -> None:
        self._task, self._samples, self._rows = Task(spec), initial_samples(spec), validation_rows(spec, 1)
        self._takes_long = measures_long(spec)
        self._sources = {BY_NAME[series.kind].source for series in spec.layout.series}
        self._one = Stack(network, 1)
        self._probe = Probe(self._one, self._task)
        graph = partial(
            Compiled,
            jit=False,
            name=hashed(initial_architecture(spec)),
            variables=[self._one.weights, *self._one.state],
            rewritten=False,
            large=has_large_kernels(spec),
        )
        # A triage needs no plane: a training finds its other graphs.
        self._run, self._flows, self._predict = graph(self._measured), graph(self._probed), graph(self._predicted)

    def trace(self, data: Data) -> None:
        """Trace what `measure` calls. Nothing runs."""
        if "flows" in self._sources:
            self._flows.trace(*probe_samples(*data.arrays[:2]))
        self._run.trace(*data.arrays)
        if "plane" in self._sources:
            self._predict.trace(data.plane)

    def measure(
        self,
        weights: np.ndarray,
        state: Sequence[np.ndarray],
        data: Data,
        traced: Callable[[], None] | None = None,
    ) -> dict[str, Any]:
        """Measure networks. One that equals the one before, as unused places do, has the same results.

        Args:
            weights: (seeds, numbers).
            state: the networks' other variables, (seeds, *shape) each.
            data: the samples.
            traced: called once what takes longest is traced, and before it runs.

        Returns:
            ``metrics``, (seeds, names), on training and validation samples; ``gradients``, (seeds, *shape) of each
            tensor, (seeds, 0) of one without a gradient; ``flows``, what `Probe.run` returns; ``plane``, the outputs
            at its points, (seeds, points, units). What no recorded series needs is empty or None.
        """
        networks = [(weights[i : i + 1], *(each[i : i + 1] for each in state)) for i in range(len(weights))]
        measured = [self._of(networks[0], data, traced)]
        for before, network in pairwise(networks):
            same = all(map(np.array_equal, before, network))
            measured.append(measured[-1] if same else self._of(network, data))
        joined: dict[str, Any] = _joined(measured)
        return joined

    def flows(self, weights: np.ndarray, data: Data) -> Any:
        """Return the ``flows`` of `measure` for networks with these weights, (seeds, numbers)."""
        samples, flows = probe_samples(*data.arrays[:2]), []
        for place in range(len(weights)):
            self._one.weights.assign(weights[place : place + 1])
            flows.append(_as_arrays(self._flows(*samples)))
        return _joined(flows)

    def plane(self, weights: np.ndarray, averages: Sequence[np.ndarray], data: Data) -> np.ndarray:
        """Return the ``plane`` of `measure` for networks with these weights and values of `Stack.averages`."""
        planes = []
        for place in range(len(weights)):
            self._one.weights.assign(weights[place : place + 1])
            for variable, values in zip(self._one.averages, averages, strict=True):
                variable.assign(values[place : place + 1])
            planes.append(self._predict(data.plane).numpy())
        return np.concatenate(planes)

    def layers(self, flows: Any) -> list[ProbedLayer]:
        """Convert the flows that `measure` or `flows` returned."""
        return self._probe.arrays(flows, None)

    def _of(
        self, network: Sequence[np.ndarray], data: Data, traced: Callable[[], None] | None = None
    ) -> dict[str, Any]:
        """Measure a network. Where that takes long, it is probed while the other graphs are traced and run."""
        self._one.assign(network[0], network[1:])
        has, samples, flows = self._sources.__contains__, probe_samples(*data.arrays[:2]), []
        with Beside() as beside:
            if has("flows") and self._takes_long:
                self._flows.trace(*samples)  # not beside another trace: a probe replaces activations meanwhile
                flows = [beside.do(self._flows, *samples)]
            self._run.trace(*data.arrays)
            if traced:
                traced()
            measured = self._run(*data.arrays)
            measured["plane"] = self._predict(data.plane) if has("plane") else None
            measured["flows"] = flows[0].result() if flows else self._flows(*samples) if has("flows") else []
        return _as_arrays(measured)

    def _probed(self, x: Any, y: Any) -> list[Any]:
        with self._one.unchanged():
            return self._probe.run(x, y)

    def _predicted(self, x: Any) -> Any:
        return self._one.predict(x)[0]

    def _measured(self, train_x: Any, train_y: Any, val_x: Any, val_y: Any) -> dict[str, Any]:
        (x, y), has = sliced((train_x, train_y), None, self._samples), self._sources.__contains__
        with self._one.unchanged():
            gradients, outputs = full_gradients(self._one, self._task, x, y) if has("gradients") else ([], None)
            parts = [self._task.evaluate(y, *(outputs or self._one.predict(x)))]
            parts.append(evaluated(self._one, self._task, val_x, val_y, self._rows))
            return {"metrics": tf.concat(parts, axis=1), "gradients": gradients}


def _as_arrays(tensors: Any) -> Any:
    """Return a nest of tensors as arrays, each read where it lies: layers of large images are hundreds of megabytes."""
    return tf.nest.map_structure(lambda each: None if each is None else np.asarray(each), tensors)


def _joined(networks: Sequence[Any]) -> Any:
    """Join nests of each network's arrays along their first axis."""
    if len(networks) == 1:
        return networks[0]
    return tf.nest.map_structure(lambda *each: None if each[0] is None else np.concatenate(each), *networks)


def probe_samples(train_x: Any, train_y: Any) -> tuple[Any, ...]:
    """Return inputs and targets of the training samples that are probed."""
    samples: tuple[Any, ...] = sliced((train_x, train_y), None, PROBE_SAMPLES)
    return samples
