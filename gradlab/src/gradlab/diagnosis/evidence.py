"""What a rule looks at: one seed's run, from epoch 0 on, with the questions that many rules ask of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradlab.facts.facts import DataFacts, facts
from gradlab.measurement.history import Culprit, History, StoppedBy, Tensor, without_gradient
from gradlab.spec import ExperimentSpec, ExternalSpec, NamedLayer
from gradlab.vocabulary.activations import ActivationFunction

# What turns a layer's pre-activations off, rather than damping them: its inactive share is no saturation.
RELU_LIKE = ("relu", "relu6")
NOTHING_KNOWN = "neither its data nor how its network was made and trained is known here"
RECURRENT = ("simple_rnn", "gru", "lstm", "bidirectional")


class Unknown(Exception):
    """A question needs what is not known of a training that ran elsewhere; the message says what."""


@dataclass(frozen=True, eq=False)
class Recorded:
    """One statistic of some tensors over the epochs in which it was recorded. At least one epoch and one tensor.

    Attributes:
        epochs: (rows,) the epoch of each row.
        tensors: the tensor of each column, input side first.
        values: (rows, tensors) float64, NaN and infinities as they were measured.
    """

    epochs: np.ndarray
    tensors: tuple[Tensor, ...]
    values: np.ndarray

    @property
    def layers(self) -> tuple[str, ...]:
        """The layer of each column."""
        return tuple(tensor.layer for tensor in self.tensors)

    @property
    def initially(self) -> np.ndarray | None:
        """(tensors,) the values before the first update; None where epoch 0 is not there."""
        return self.values[0] if self.epochs[0] == 0 else None

    @property
    def last(self) -> np.ndarray:
        """(tensors,) the values of the last recorded epoch."""
        return np.asarray(self.values[-1])

    def persists(self, holds: np.ndarray) -> int | None:
        """Since when something, (rows,), has held until the last recorded epoch; None where it no longer does."""
        if not holds[-1]:
            return None
        (broken,) = np.nonzero(~holds)
        return int(self.epochs[broken[-1] + 1 if len(broken) else 0])

    def by_layer(self, since: Callable[[np.ndarray], int | None], holds: np.ndarray) -> dict[str, int]:
        """The layers in which something holds, (rows, tensors), each with the epoch that `since` answers for it."""
        columns = zip(self.layers, holds.T, strict=True)
        return {layer: epoch for layer, column in columns if (epoch := since(column)) is not None}

    def first(self, holds: np.ndarray) -> int | None:
        """The first recorded epoch in which something, (rows,), holds; None where it never does."""
        (found,) = np.nonzero(holds)
        return int(self.epochs[found[0]]) if len(found) else None

    def mostly(self, holds: np.ndarray) -> int | None:
        """Since when something, (rows,), has held, where it holds in half of the recorded epochs; else None."""
        return self.first(holds) if 2 * int(holds.sum()) >= len(holds) else None


@dataclass(frozen=True, eq=False)
class Run:
    """One seed of an experiment.

    Attributes:
        spec: the experiment.
        seed: whose run.
        history: its epochs from 0 on, perhaps no more than that one; any kind of series may be missing, as `record`
        says.
        stopped_by: why it ended before its last epoch, if it did.
        culprit: where the first value was that was not finite, if the run was stopped by one.
    """

    spec: ExperimentSpec
    seed: int
    history: History
    stopped_by: StoppedBy | None = None
    culprit: Culprit | None = None

    @cached_property
    def facts(self) -> DataFacts:
        """What is known of the data."""
        return facts(self.spec)

    @property
    def epochs(self) -> np.ndarray:
        """(epochs,) the number of each epoch."""
        return np.arange(self.history.first_epoch, self.history.last_epoch + 1)

    @property
    def finished(self) -> bool:
        """Whether nothing follows."""
        return self.stopped_by is not None or self.history.last_epoch >= self.spec.training.epochs

    def metric(self, name: str) -> np.ndarray | None:
        """(epochs,) float64; None where it was not measured."""
        names = self.history.layout.metrics
        if name not in names or not len(self.history):
            return None
        return self.history.metrics[:, names.index(name)].astype(np.float64)

    def series(self, kind: str, statistic: str, wanted: Callable[[Tensor], bool] = lambda _: True) -> Recorded | None:
        """One statistic of the tensors that are wanted; None where nothing of it was recorded.

        Tensors that have no gradient are not among `gradients`.

        Args:
            kind: ``gradients``, ``weights``, ``activations``, ``signals`` ...
            statistic: its name on the shelf `gradlab.measurement.statistics`.
            wanted: which tensors.
        """
        history = self.history
        if kind not in history.layout or kind not in history.series:
            return None
        layout, values = history.layout[kind], history.series[kind]
        none = without_gradient(layout, values) if kind == "gradients" else [False] * len(layout.tensors)
        columns = [i for i, tensor in enumerate(layout.tensors) if wanted(tensor) and not none[i]]
        if statistic not in layout.columns or not columns or not len(values):
            return None
        epochs = np.array(history.epochs_of(kind))
        chosen = values[:, columns, layout.columns.index(statistic)].astype(np.float64)
        return Recorded(epochs, tuple(layout.tensors[column] for column in columns), chosen)

    def kernels(self, kind: str, statistic: str) -> Recorded | None:
        """One statistic of the kernels, `gradients` of them or `weights`: what a layer multiplies its inputs by."""
        return self.series(kind, statistic, lambda tensor: tensor.is_kernel)

    def hidden(
        self, kind: str, statistic: str, wanted: Callable[[NamedLayer], bool] = lambda _: True
    ) -> Recorded | None:
        """One statistic of what flows through the hidden layers, `activations` or `signals`."""
        layers = self._hidden_layers
        return self.series(kind, statistic, lambda t: t.layer in layers and wanted(layers[t.layer]))

    @property
    def weighted_layers(self) -> tuple[str, ...]:
        """The names of the hidden layers whose weights a gradient reaches, input side first."""
        return tuple(layer.name for layer in self.hidden_layers if layer.tensors and layer.name not in self.unreached)

    @cached_property
    def unreached(self) -> frozenset[str]:
        """The names of the layers whose weights have no gradient, as far as gradients are recorded."""
        history = self.history
        if "gradients" not in history.layout or "gradients" not in history.series:
            return frozenset()
        layout = history.layout["gradients"]
        none = without_gradient(layout, history.series["gradients"])
        return frozenset(tensor.layer for tensor, missing in zip(layout.tensors, none, strict=True) if missing)

    @property
    def hidden_layers(self) -> tuple[NamedLayer, ...]:
        """The layers before those that make the output, in the order in which samples pass them."""
        return tuple(self._hidden_layers.values())

    @cached_property
    def _hidden_layers(self) -> dict[str, NamedLayer]:
        layers = self.spec.layers
        weighted = [place for place, layer in enumerate(layers) if layer.tensors]
        last = weighted[-1] if weighted else 0
        # A block is done when its inner layers are: one whose last layer has the last weights makes the output, too.
        return {layer.name: layer for layer in layers[:last]}


class ExternalRun(Run):
    """One seed of a training that ran elsewhere: its history, and the names of what it is of.

    A question that needs its spec or its data, `spec` and `facts`, is answered by Unknown.

    Attributes:
        external: what is known of the training.
    """

    external: ExternalSpec

    def __init__(
        self, external: ExternalSpec, seed: int, history: History, stopped_by: StoppedBy | None = None
    ) -> None:
        known = {"external": external, "seed": seed, "history": history, "stopped_by": stopped_by, "culprit": None}
        for name, value in known.items():
            object.__setattr__(self, name, value)

    @property
    def spec(self) -> ExperimentSpec:
        """Not known."""
        raise Unknown(NOTHING_KNOWN)

    @property
    def facts(self) -> DataFacts:
        """Not known."""
        raise Unknown("its data are not known here")

    @property
    def finished(self) -> bool:
        """Whether nothing follows."""
        return self.stopped_by is not None or self.history.last_epoch >= self.external.epochs

    def kernels(self, kind: str, statistic: str) -> Recorded | None:
        """As of our own runs; in some frameworks the rows of an embedding are a ``weight`` too, and are no kernel."""
        rows = {layer.name for layer in self.external.layers if "embedding" in layer.class_name.lower()}
        return self.series(kind, statistic, lambda tensor: tensor.is_kernel and tensor.layer not in rows)

    @property
    def weighted_layers(self) -> tuple[str, ...]:
        """The names of the layers whose weights a gradient reaches, input side first, without the last, which makes
        the output."""
        weighted = [layer.name for layer in self.external.layers if layer.parameters][:-1]
        return tuple(name for name in weighted if name not in self.unreached)


def arriving(run: Run) -> Recorded | None:
    """‖δ‖ of the first hidden layer with weights by ‖δ‖ of the output, as one column; None where unrecorded.

    Lengths, not means: the width of a layer then does not matter.
    """
    weighted, signals = run.weighted_layers, run.series("signals", "rms")
    if not weighted or signals is None or weighted[0] not in signals.layers:
        return None
    first, last = signals.layers.index(weighted[0]), len(signals.tensors) - 1
    lengths = signals.values * [math.sqrt(math.prod(tensor.shape)) for tensor in signals.tensors]
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 and infinity by themselves: no number
        share = np.where(lengths[:, last] > 0, lengths[:, first] / lengths[:, last], np.nan)
    return Recorded(signals.epochs, signals.tensors[first : first + 1], share[:, None])


def activation_of(layer: NamedLayer) -> ActivationFunction | None:
    """What turns a layer's pre-activations into what it puts out, for a simple recurrent layer at each time step.

    None where there is none, and for layers with gates: each gate has its own, and is often switched for good reason.
    """
    spec = getattr(layer.spec, "layer", layer.spec)  # a bidirectional layer is two of one kind
    return getattr(spec, "activation") if spec.kind == "simple_rnn" else layer.spec.function  # noqa: B009


def slopes_down(layer: NamedLayer) -> bool:
    """Whether the layer's activation can saturate: it has a largest slope, and is no relu."""
    function = activation_of(layer)
    if function is None or not function.per_unit or function.kind in (*RELU_LIKE, "linear"):
        return False
    return function.steepest is not None


def is_relu(layer: NamedLayer) -> bool:
    """Whether units of the layer can be off for every sample: a relu without a slope below zero."""
    function = activation_of(layer)
    return function is not None and function.kind in RELU_LIKE and not getattr(function, "negative_slope", 0.0)


def steepest(layer: NamedLayer) -> float:
    """The largest slope that the layer's activation has anywhere."""
    function = activation_of(layer)
    return 1.0 if function is None or function.steepest is None else function.steepest


def middle(values: np.ndarray) -> float:
    """The median of the finite values; NaN where there is none."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else float("nan")


def largest(values: np.ndarray) -> float:
    """The largest of the finite values; NaN where there is none."""
    finite = values[np.isfinite(values)]
    return float(finite.max()) if len(finite) else float("nan")


def windows(values: np.ndarray, count: int) -> np.ndarray:
    """(count,) the medians of so many windows, one after another, into which the second half is cut."""
    return np.array([middle(part) for part in np.array_split(values[len(values) // 2 :], count)])


def running_medians(values: np.ndarray, window: int) -> np.ndarray:
    """(epochs,) the median of the finite values among the last `window` up to each; NaN where there is none."""
    finite = np.where(np.isfinite(values), values, np.nan)
    padded = np.concatenate([np.full(window - 1, np.nan), finite])
    ordered = np.sort(np.lib.stride_tricks.sliding_window_view(padded, window), axis=1)  # NaN comes last
    counts, rows = np.isfinite(ordered).sum(axis=1), np.arange(len(values))
    middles = (ordered[rows, np.maximum(counts - 1, 0) // 2] + ordered[rows, counts // 2]) / 2
    return np.where(counts > 0, middles, np.nan)
