"""Computation of the recorded series from a training's traces: its weights and gradients, epoch by epoch.

The training program leaves a row of weights for every epoch and a row of gradients for every mini-batch behind, and
goes on. The series are computed from them in another thread. So measuring costs a training little, and cannot change
it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from core.plan.graphs import has_large_kernels
from core.plan.widths import probe_width
from core.training.begun import Begun
from core.training.compiled import Compiled
from core.training.data import Data
from core.training.forms import measuring_forms
from core.training.gradient_series import GradientSeries
from core.training.initial import Initial, probe_samples
from core.training.measurers import FROM_FLOWS, FROM_PLANE, FROM_WEIGHTS, WeightRows
from core.training.network import Network
from core.training.probe import Probe, ProbedLayer
from core.training.segments import Segments
from core.training.stack import Stack
from core.training.task import Task
from gradlab.measurement.history import SeriesLayout
from gradlab.measurement.kinds import BY_NAME, Source
from gradlab.spec import ExperimentSpec

Series = dict[str, np.ndarray]

# The first trained epoch is measured by the graphs of epoch 0, whatever is trained beside it or has been traced.
BY_INITIAL = 1


@dataclass(frozen=True, eq=False)
class Traces:
    """Raw weights of a block of epochs; None where no recorded series needs them.

    Attributes:
        first_epoch: the number of the first epoch.
        before: (seeds, numbers) the weights before it.
        weights: (epochs, seeds, numbers) the weights at each epoch's end.
        state: (epochs, seeds, *shape) each, the values of `Stack.averages`, where predictions are recorded.
    """

    first_epoch: int
    before: np.ndarray
    weights: np.ndarray | None
    state: Sequence[np.ndarray]

    def of(self, epochs: int, seeds: int) -> "Traces":
        """Return the traces of the first `epochs` epochs of the first `seeds` seeds."""
        return replace(
            self,
            before=self.before[:seeds],
            weights=None if self.weights is None else self.weights[:epochs, :seeds],
            state=[part[:epochs, :seeds] for part in self.state],
        )


class Recorder:
    """Computes the series of a layout for the networks of one architecture.

    Args:
        spec: the experiment.
        width: number of seeds side by side.
        name: as a program's; None if what measures trained epochs is not kept.

    Attributes:
        layout: the recorded series and their intervals.
    """

    def __init__(self, spec: ExperimentSpec, width: int, name: str | None = None) -> None:
        self.layout, self._rule = spec.layout, spec.training.optimizer
        network = measuring_forms(Network(spec, seed=0), spec)
        self._initial = Initial(spec, network)
        self._all = Stack(network, width)
        self._segments = Segments(self._all.sizes)
        # Probes of a network after several epochs run side by side, like probes of several seeds.
        self._some = Stack(network, probe_width(spec, width))
        self._probe = Probe(self._some, Task(spec))
        # Nothing is compiled: each of these is called once an epoch at most (docs/decisions/0088).
        stacks = (self._all, self._some)
        variables = [variable for stack in stacks for variable in (stack.weights, *stack.state)]
        graph = partial(Compiled, jit=False, name=name, variables=variables, large=has_large_kernels(spec))
        self._flows, self._predict = graph(self._probe.run), graph(self._predicted)
        self._tracing = Begun("trace")

    def trace(self, data: Data, *, initially: bool = False) -> None:
        """Begin to trace what measures trained epochs, in another thread, and call it once; no variable changes.

        TensorFlow prepares a graph at its first call, for which a measurement would wait.

        Args:
            data: the samples.
            initially: trace what measures epoch 0 and the first trained one as well, first.
        """
        self._tracing.begin(self._trace, data, initially)

    def wait(self) -> None:
        """Wait for the end of `trace`. Raises what it raised."""
        self._tracing.wait()

    def initially(
        self,
        weights: np.ndarray,
        state: Sequence[np.ndarray],
        data: Data,
        traced: Callable[[], None] | None = None,
    ) -> tuple[np.ndarray, Series]:
        """Measure the state before the first update.

        The gradient is that of the training samples all at once, instead of mini-batches.

        Args:
            weights: (seeds, numbers).
            state: the networks' other variables, (seeds, *shape) each.
            data: the samples.
            traced: see `Initial.measure`.

        Returns:
            (seeds, names) metrics: training, validation and, where gradients are recorded, their norms; and kind ->
            (1, seeds, tensors, columns).
        """
        measured = self._initial.measure(weights, state, data, traced)
        metrics, gradients = measured["metrics"], measured["gradients"]
        of_gradients = self.gradients(0, 1)
        if gradients:
            missing = np.array([gradient.size == 0 for gradient in gradients])
            rows = [
                gradient.reshape(len(weights), -1) if gradient.size else np.zeros((len(weights), size), np.float32)
                for gradient, size in zip(gradients, self._all.sizes, strict=True)
            ]
            of_gradients.add(np.concatenate(rows, axis=1)[None, None], missing)  # (1, 1, seeds, numbers)
        series, norms = of_gradients.series()
        with np.errstate(all="ignore"):  # overflows and NaN are measured like any number
            series |= self._of_weights(Traces(0, weights, weights[None], []))
            if self._layouts("flows"):
                of_flows = self._measured(self._initial.layers(measured["flows"]))
                series |= {kind: values[None] for kind, values in of_flows.items()}
            for each in self._layouts("plane"):
                series[each.kind] = FROM_PLANE[each.kind](measured["plane"])[None]
        if norms is not None:
            before = norms[0, :, :1]  # nothing is clipped yet
            metrics = np.concatenate([metrics, before, before, np.zeros_like(before)], axis=1)
        return metrics, self._ordered(series)

    def gradients(self, first_epoch: int, epochs: int) -> GradientSeries:
        """Return what measures the gradients of so many epochs."""
        due = [(each, self._due(each, first_epoch, epochs)) for each in self._layouts("gradients")]
        return GradientSeries(due, self._segments, self._rule)

    def series(self, traces: Traces, of_gradients: GradientSeries, data: Data) -> tuple[Series, np.ndarray | None]:
        """Compute the recorded series of a block, the gradients of which were measured.

        Returns:
            As `GradientSeries.series`, for all kinds.
        """
        series, norms = of_gradients.series()
        with np.errstate(all="ignore"):  # overflows and NaN are measured like any number
            series |= self._of_weights(traces)
            series |= self._of_flows(traces, data)
            series |= self._of_plane(traces, data)
        return self._ordered(series), norms

    def _ordered(self, series: Series) -> Series:
        return {each.kind: np.asarray(series[each.kind], np.float32) for each in self.layout.series}

    def _of_weights(self, traces: Traces) -> Series:
        layouts, measured = self._layouts("weights"), Series()
        if not layouts:
            return measured
        assert traces.weights is not None
        earlier = np.concatenate([traces.before[None], traces.weights])
        for layout in layouts:
            due = self._due(layout, traces.first_epoch, len(traces.weights))
            given = WeightRows(layout, traces.weights[due], earlier[due], self._segments)
            measured[layout.kind] = FROM_WEIGHTS[layout.kind](given)
        return measured

    def _of_flows(self, traces: Traces, data: Data) -> Series:
        """Probe every due epoch of every seed: of the first one alone, then as many as the stack is wide."""
        kinds = [layout.kind for layout in self._layouts("flows")]
        if not kinds:
            return {}
        assert traces.weights is not None
        epochs, seeds = traces.weights.shape[:2]
        due = {kind: self._due(self.layout[kind], traces.first_epoch, epochs) for kind in kinds}
        due_epochs = sorted({epoch for places in due.values() for epoch in places})
        if not due_epochs:
            return {kind: np.zeros((0, seeds, *self.layout[kind].shape), np.float32) for kind in kinds}
        rows = traces.weights[due_epochs].reshape(len(due_epochs) * seeds, -1)
        x, y = probe_samples(*data.arrays[:2])
        alone = seeds * (traces.first_epoch + due_epochs[0] == BY_INITIAL)
        probes = [self._measured(self._initial.layers(self._initial.flows(rows[:alone], data)))] if alone else []
        probes += [
            self._probed(rows[begin : begin + self._some.width], x, y)
            for begin in range(alone, len(rows), self._some.width)
        ]
        series = {kind: np.concatenate([probed[kind] for probed in probes]) for kind in kinds}
        by_epoch = {kind: values.reshape(len(due_epochs), seeds, *values.shape[1:]) for kind, values in series.items()}
        return {kind: by_epoch[kind][np.searchsorted(due_epochs, due[kind])] for kind in kinds}

    def _of_plane(self, traces: Traces, data: Data) -> Series:
        """Predict at the points of the plane: one due epoch after another, all seeds at a time."""
        measured: Series = {}
        for layout in self._layouts("plane"):
            assert traces.weights is not None
            epochs, seeds = traces.weights.shape[:2]
            due = self._due(layout, traces.first_epoch, epochs)
            measured[layout.kind] = np.empty((len(due), seeds, *layout.shape), np.float32)
            for place, epoch in enumerate(due):
                weights, averages = traces.weights[epoch], [values[epoch] for values in traces.state]
                if traces.first_epoch + epoch == BY_INITIAL:
                    outputs = self._initial.plane(weights, averages, data)
                else:
                    outputs = self._at_plane(weights, averages, data)
                measured[layout.kind][place] = FROM_PLANE[layout.kind](outputs)
        return measured

    def _at_plane(self, weights: np.ndarray, averages: Sequence[np.ndarray], data: Data) -> np.ndarray:
        """Return the outputs of all seeds at the points of the plane, (seeds, points, units)."""
        self.wait()
        self._all.weights.assign(_filled(weights, self._all.width))
        for variable, values in zip(self._all.averages, averages, strict=True):
            variable.assign(_filled(values, self._all.width))
        outputs: np.ndarray = self._predict(data.plane).numpy()[: len(weights)]
        return outputs

    def _probed(self, rows: np.ndarray, x: Any, y: Any) -> Series:
        """Probe the networks with these weights, (probes, numbers): kind -> (probes, layers, columns)."""
        self.wait()
        self._some.weights.assign(_filled(rows, self._some.width))
        return self._measured(self._probe.arrays(self._flows(x, y), len(rows)))

    def _measured(self, layers: Sequence[ProbedLayer]) -> Series:
        """Compute the series of flows: kind -> (probes, layers, columns)."""
        return {layout.kind: FROM_FLOWS[layout.kind](layout, layers) for layout in self._layouts("flows")}

    def _layouts(self, source: Source) -> list[SeriesLayout]:
        """Return the layouts of the recorded kinds with this source."""
        return [layout for layout in self.layout.series if BY_NAME[layout.kind].source == source]

    @staticmethod
    def _due(layout: SeriesLayout, first_epoch: int, epochs: int) -> list[int]:
        """Return the indices of the epochs of a block that a kind records."""
        return [epoch - first_epoch for epoch in layout.recorded(first_epoch, first_epoch + epochs - 1)]

    def _trace(self, data: Data, initially: bool) -> None:
        if initially:
            self._initial.trace(data)
        if self._layouts("flows"):
            self._flows(*probe_samples(*data.arrays[:2]))
        if self._layouts("plane"):
            self._predict(data.plane)

    def _predicted(self, x: Any) -> Any:
        return self._all.predict(x)[0]


def _filled(rows: np.ndarray, width: int) -> np.ndarray:
    """Repeat the last row until there are `width`."""
    return np.concatenate([rows, np.repeat(rows[-1:], width - len(rows), axis=0)])
