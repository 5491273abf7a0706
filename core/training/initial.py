"""Measurement of networks before their first update, one network after another.

One network at a time is traced in a third of the time that networks side by side take, and epoch 0 is measured once.
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf

from core.plan.architecture import hashed, initial_architecture
from core.plan.cost import initial_samples
from core.plan.graphs import has_large_kernels
from core.plan.pieces import validation_rows
from core.training.batches import evaluated, sliced
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
        # A triage needs no plane: a training finds the rest of its graph.
        self._run, self._predict = graph(self._measured), graph(self._predicted)

    def trace(self, data: Data) -> None:
        """Trace what `measure` calls. Nothing runs."""
        self._run.trace(*data.arrays)
        if "plane" in self._sources:
            self._predict.trace(data.plane)

    def measure(self, weights: np.ndarray, state: Sequence[np.ndarray], data: Data) -> dict[str, Any]:
        """Measure networks. One that equals the one before, as unused places do, has the same results.

        Args:
            weights: (seeds, numbers).
            state: the networks' other variables, (seeds, *shape) each.
            data: the samples.

        Returns:
            ``metrics``, (seeds, names), on training and validation samples; ``gradients``, (seeds, *shape) of each
            tensor, (seeds, 0) of one without a gradient; ``flows``, what `Probe.run` returns; ``plane``, the outputs
            at its points, (seeds, points, units). What no recorded series needs is empty or None.
        """
        networks = [(weights[i : i + 1], *(each[i : i + 1] for each in state)) for i in range(len(weights))]
        measured = [self._of(networks[0], data)]
        for before, network in pairwise(networks):
            same = all(map(np.array_equal, before, network))
            measured.append(measured[-1] if same else self._of(network, data))
        if len(measured) == 1:
            return measured[0]
        joined: dict[str, Any] = tf.nest.map_structure(
            lambda *each: None if each[0] is None else np.concatenate(each), *measured
        )
        return joined

    def layers(self, flows: Any) -> list[ProbedLayer]:
        """Convert the flows that `measure` returned."""
        return self._probe.arrays(flows, None)

    def _of(self, network: Sequence[np.ndarray], data: Data) -> dict[str, Any]:
        self._one.assign(network[0], network[1:])
        measured = self._run(*data.arrays) | {"plane": self._predict(data.plane) if "plane" in self._sources else None}
        # What TensorFlow returns is read where it lies: layers of large images are hundreds of megabytes.
        return {name: tf.nest.map_structure(_as_array, each) for name, each in measured.items()}

    def _predicted(self, x: Any) -> Any:
        return self._one.predict(x)[0]

    def _measured(self, train_x: Any, train_y: Any, val_x: Any, val_y: Any) -> dict[str, Any]:
        (x, y), has = sliced((train_x, train_y), None, self._samples), self._sources.__contains__
        with self._one.unchanged():
            gradients, outputs = full_gradients(self._one, self._task, x, y) if has("gradients") else ([], None)
            parts = [self._task.evaluate(y, *(outputs or self._one.predict(x)))]
            parts.append(evaluated(self._one, self._task, val_x, val_y, self._rows))
            return {
                "metrics": tf.concat(parts, axis=1),
                "gradients": gradients,
                "flows": self._probe.run(*probe_samples(train_x, train_y)) if has("flows") else [],
            }


def _as_array(tensor: Any) -> np.ndarray | None:
    return None if tensor is None else np.asarray(tensor)


def probe_samples(train_x: Any, train_y: Any) -> tuple[Any, ...]:
    """Return inputs and targets of the training samples that are probed."""
    samples: tuple[Any, ...] = sliced((train_x, train_y), None, PROBE_SAMPLES)
    return samples
