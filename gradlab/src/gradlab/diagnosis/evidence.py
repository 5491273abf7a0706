"""Evidence for the rules: one seed's run from epoch 0 on, with the quantities that several rules read from it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradlab.diagnosis.recorded import Recorded
from gradlab.facts import Facts, Wiring
from gradlab.facts.facts import DataFacts, facts
from gradlab.measurement.history import Culprit, History, StoppedBy, Tensor, without_gradient
from gradlab.spec import ExperimentSpec, ExternalSpec, NamedLayer
from gradlab.vocabulary.activations import ActivationFunction

# Activations that turn units off. Their inactive share is not saturation.
RELU_LIKE = ("relu", "relu6")
UNKNOWN_SPEC = "neither its data nor how its network was made and trained is known here"
RECURRENT = ("simple_rnn", "gru", "lstm", "bidirectional")


class Unknown(Exception):
    """A rule needs facts that an external training does not give; the message names them."""


@dataclass(frozen=True, eq=False)
class Run:
    """The run of one seed of an experiment.

    Attributes:
        spec: the experiment's spec.
        seed: the run's seed.
        history: the epochs from 0 on. Kinds of series that the spec's `record` leaves out are missing.
        stopped_by: why the run ended before its last epoch; None if it did not.
        culprit: the place of the first non-finite value, if that stopped the run.
    """

    spec: ExperimentSpec
    seed: int
    history: History
    stopped_by: StoppedBy | None = None
    culprit: Culprit | None = None

    @cached_property
    def facts(self) -> DataFacts:
        """The facts about the data."""
        return facts(self.spec)

    @property
    def epochs(self) -> np.ndarray:
        """(epochs,) the number of each epoch."""
        return np.arange(self.history.first_epoch, self.history.last_epoch + 1)

    @property
    def finished(self) -> bool:
        """True if no epoch follows."""
        return self.stopped_by is not None or self.history.last_epoch >= self.spec.training.epochs

    def metric(self, name: str) -> np.ndarray | None:
        """(epochs,) float64 values of a metric; None where it was not measured."""
        names = self.history.layout.metrics
        if name not in names or not len(self.history):
            return None
        return self.history.metrics[:, names.index(name)].astype(np.float64)

    def series(self, kind: str, statistic: str, among: Callable[[Tensor], bool] = lambda _: True) -> Recorded | None:
        """Return one statistic of the tensors for which `among` is true; None where none of it was recorded.

        Tensors without a gradient are left out of ``gradients``.

        Args:
            kind: ``gradients``, ``weights``, ``activations``, ``signals`` ...
            statistic: its name in `gradlab.measurement.statistics`.
            among: the predicate that selects tensors.
        """
        history = self.history
        if kind not in history.layout or kind not in history.series:
            return None
        layout, values = history.layout[kind], history.series[kind]
        none = without_gradient(layout, values) if kind == "gradients" else [False] * len(layout.tensors)
        columns = [i for i, tensor in enumerate(layout.tensors) if among(tensor) and not none[i]]
        if statistic not in layout.columns or not columns or not len(values):
            return None
        epochs = np.array(history.epochs_of(kind))
        chosen = values[:, columns, layout.columns.index(statistic)].astype(np.float64)
        return Recorded(epochs, tuple(layout.tensors[column] for column in columns), chosen)

    def kernels(self, kind: str, statistic: str) -> Recorded | None:
        """Return one statistic of the kernels; `kind` is ``gradients`` or ``weights``."""
        return self.series(kind, statistic, lambda tensor: tensor.is_kernel)

    def hidden(
        self, kind: str, statistic: str, among: Callable[[NamedLayer], bool] = lambda _: True
    ) -> Recorded | None:
        """Return one statistic of the hidden layers for which `among` is true; `kind`: ``activations``, ``signals``."""
        layers = self._hidden_layers
        return self.series(kind, statistic, lambda t: t.layer in layers and among(layers[t.layer]))

    @property
    def weighted_layers(self) -> tuple[str, ...]:
        """The names of the hidden layers whose weights a gradient reaches, input side first."""
        return tuple(layer.name for layer in self.hidden_layers if layer.tensors and layer.name not in self.unreached)

    @cached_property
    def unreached(self) -> frozenset[str]:
        """The names of the layers whose weights have no gradient; empty where gradients are not recorded."""
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
        # A block follows its inner layers. One whose last inner layer has the last weights makes the output, too.
        return {layer.name: layer for layer in layers[:last]}


class ExternalRun(Run):
    """The run of one seed of an external training.

    `spec` and `facts` raise Unknown: an external training has neither.

    Attributes:
        external: the description that its sender gave.
        sent_facts: the facts that its sender gave; None if it gave none.
        wiring: how it is put together, as its first updates showed; None if that was not recorded.
    """

    external: ExternalSpec
    sent_facts: Facts | None
    wiring: Wiring | None

    def __init__(
        self,
        external: ExternalSpec,
        seed: int,
        history: History,
        stopped_by: StoppedBy | None = None,
        facts: Facts | None = None,
        wiring: Wiring | None = None,
    ) -> None:
        values = {"external": external, "seed": seed, "history": history, "stopped_by": stopped_by, "culprit": None}
        values |= {"sent_facts": facts, "wiring": wiring}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def spec(self) -> ExperimentSpec:
        """Raise Unknown."""
        raise Unknown(UNKNOWN_SPEC)

    @property
    def facts(self) -> DataFacts:
        """Raise Unknown."""
        raise Unknown("its data are not known here")

    @property
    def finished(self) -> bool:
        """True if no epoch follows."""
        return self.stopped_by is not None or self.history.last_epoch >= self.external.epochs

    def kernels(self, kind: str, statistic: str) -> Recorded | None:
        """Return one statistic of the kernels, without embeddings: some frameworks call their rows ``weight``, too."""
        rows = {layer.name for layer in self.external.layers if "embedding" in layer.class_name.lower()}
        return self.series(kind, statistic, lambda tensor: tensor.is_kernel and tensor.layer not in rows)

    @property
    def weighted_layers(self) -> tuple[str, ...]:
        """The names of the layers whose weights a gradient reaches, input side first, without the output layer."""
        weighted = [layer.name for layer in self.external.layers if layer.parameters][:-1]
        return tuple(name for name in weighted if name not in self.unreached)


def arriving(run: Run) -> Recorded | None:
    """Return ‖δ‖ of the first hidden layer with weights divided by ‖δ‖ of the output, as one column.

    Lengths are compared, so that the widths of the layers do not matter. None where signals are not recorded.
    """
    weighted, signals = run.weighted_layers, run.series("signals", "rms")
    if not weighted or signals is None or weighted[0] not in signals.layers:
        return None
    first, last = signals.layers.index(weighted[0]), len(signals.tensors) - 1
    lengths = signals.values * [math.sqrt(math.prod(tensor.shape)) for tensor in signals.tensors]
    with np.errstate(divide="ignore", invalid="ignore"):  # 0/0 and ∞/∞ are NaN
        share = np.where(lengths[:, last] > 0, lengths[:, first] / lengths[:, last], np.nan)
    return Recorded(signals.epochs, signals.tensors[first : first + 1], share[:, None])


def activation_of(layer: NamedLayer) -> ActivationFunction | None:
    """Return a layer's activation function, for a simple recurrent layer that of each time step.

    None for layers without one and for layers with gates: each gate has its own, and saturates for good reason.
    """
    spec = getattr(layer.spec, "layer", layer.spec)  # a bidirectional layer is two of one kind
    return getattr(spec, "activation") if spec.kind == "simple_rnn" else layer.spec.function  # noqa: B009


def slopes_down(layer: NamedLayer) -> bool:
    """True if the layer's activation can saturate: it has a largest slope, and is not a relu."""
    function = activation_of(layer)
    if function is None or not function.per_unit or function.kind in (*RELU_LIKE, "linear"):
        return False
    return function.steepest is not None


def is_relu(layer: NamedLayer) -> bool:
    """True if units of the layer can be off for every sample: a relu without a slope below zero."""
    function = activation_of(layer)
    return function is not None and function.kind in RELU_LIKE and not getattr(function, "negative_slope", 0.0)


def steepest(layer: NamedLayer) -> float:
    """Return the largest slope of the layer's activation; 1 without one."""
    function = activation_of(layer)
    return 1.0 if function is None or function.steepest is None else function.steepest
