"""Evidence for the rules: one seed's run from epoch 0 on, with the quantities that several rules read from it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from gradlab.diagnosis.layers import LayerView
from gradlab.diagnosis.recorded import Recorded
from gradlab.diagnosis.unknown import Unrecorded
from gradlab.diagnosis.view import View
from gradlab.diagnosis.view_of_external import ExternalView
from gradlab.facts import Facts, Wiring
from gradlab.measurement.history import Culprit, History, StoppedBy, Tensor, without_gradient
from gradlab.measurement.kinds import BY_NAME as KINDS_BY_NAME
from gradlab.measurement.roles import KERNELS, Role
from gradlab.spec import ExternalSpec

if TYPE_CHECKING:
    from gradlab.spec import ExperimentSpec

# Metrics of the whole network, whatever its outputs are.
OF_UPDATES = ("learning_rate", "gradient_norm", "clipped_gradient_norm", "clipped_fraction")


@dataclass(frozen=True, eq=False)
class Run:
    """The run of one seed of an experiment.

    Attributes:
        spec: the experiment's spec.
        seed: the run's seed.
        history: the epochs from 0 on. Kinds of series that the spec's `record` leaves out are missing.
        stopped_by: why the run ended before its last epoch; None if it did not.
        culprit: the place of the first non-finite value, if that stopped the run.
        facts: the facts about the data; None if they are not known yet.
        output: the name of the output, of several, that is read: metrics and view are then its own; "" for all of them.
    """

    spec: "ExperimentSpec"
    seed: int
    history: History
    stopped_by: StoppedBy | None = None
    culprit: Culprit | None = None
    facts: Facts | None = None
    output: str = ""

    # True if what was not recorded is reported: a sender can send it. A spec of this service chose what it records.
    reports_unrecorded: ClassVar[bool] = False

    @cached_property
    def view(self) -> View:
        """The training as rules see it."""
        # A training elsewhere needs nothing of the specs that this service trains.
        from gradlab.diagnosis.view_of_experiment import ExperimentView

        return ExperimentView(self.spec, self.facts, self.output)

    @cached_property
    def by_output(self) -> tuple["Run", ...]:
        """The same run as each of several outputs shows it, in their order; () for one with a single output."""
        return tuple(map(self._of_output, self.view.outputs))

    def _of_output(self, name: str) -> "Run":
        return replace(self, output=name)

    @property
    def epochs(self) -> np.ndarray:
        """(epochs,) the number of each epoch."""
        return np.arange(self.history.first_epoch, self.history.last_epoch + 1)

    @property
    def finished(self) -> bool:
        """True if no epoch follows."""
        return self.stopped_by is not None or self.history.last_epoch >= self.view.epochs

    def metric(self, name: str) -> np.ndarray | None:
        """(epochs,) float64 values of a metric, of the output that is read; None where it was not measured."""
        names, name = self.history.layout.metrics, self._named(name)
        if name not in names or not len(self.history):
            return None
        return self.history.metrics[:, names.index(name)].astype(np.float64)

    def _named(self, name: str) -> str:
        """The name of a metric in the layout: of an output its own, ``val_price_loss``, or one of the whole network."""
        if not self.output:
            return name
        part, of = ("val_", name.removeprefix("val_")) if name.startswith("val_") else ("", name)
        own = f"{part}{self.view.prefix}{of}"
        return name if of in OF_UPDATES and own not in self.history.layout.metrics else own

    def needed_metric(self, name: str) -> np.ndarray:
        """(epochs,) float64 values of a metric.

        Raises:
            Unrecorded: it was not measured.
        """
        values = self.metric(name)
        if values is None:
            raise Unrecorded(f"the metric {name} is not sent", f"`{name}` among its metrics")
        return values

    def series(self, kind: str, statistic: str, among: Callable[[Tensor], bool] = lambda _: True) -> Recorded | None:
        """Return one statistic of the tensors for which `among` is true; None where none of it was recorded.

        Tensors without a gradient are left out of ``gradients``.

        Args:
            kind: ``gradients``, ``weights``, ``activations``, ``signals`` ...
            statistic: its name in `gradlab.measurement.statistics`.
            among: the predicate that selects tensors.
        """
        history = self.history
        if not self.has(kind, statistic):
            return None
        layout, values = history.layout[kind], history.series[kind]
        none = without_gradient(layout, values) if kind == "gradients" else [False] * len(layout.tensors)
        columns = [i for i, tensor in enumerate(layout.tensors) if among(tensor) and not none[i]]
        if not columns:
            return None
        epochs = np.array(history.epochs_of(kind))
        chosen = values[:, columns, layout.columns.index(statistic)].astype(np.float64)
        return Recorded(epochs, tuple(layout.tensors[column] for column in columns), chosen)

    def has(self, kind: str, statistic: str | None = None) -> bool:
        """True if some epochs of a kind of series, with this statistic, were recorded."""
        history = self.history
        if kind not in history.layout or kind not in history.series or not len(history.series[kind]):
            return False
        return statistic is None or statistic in history.layout[kind].columns

    def need(self, kind: str, statistic: str | None = None) -> None:
        """Raise Unrecorded if a kind of series, or this statistic of it, was not recorded."""
        if not self.has(kind, statistic):
            what = kind.replace("_", " ") if self.has(kind) is False else f"{statistic} of {kind}"
            field = KINDS_BY_NAME[kind].record.name
            raise Unrecorded(f"its {what} are not sent", f"`record` of a Watch, or `record.{field}` in the spec")

    def kernels(self, kind: str, statistic: str) -> Recorded | None:
        """Return one statistic of the kernels; `kind` is ``gradients`` or ``weights``."""
        return self.series(kind, statistic, lambda tensor: self._role(tensor) in KERNELS)

    def needed_kernels(self, kind: str, statistic: str) -> Recorded | None:
        """Return one statistic of the kernels; None where there is no kernel.

        Raises:
            Unrecorded: the kind of series was not recorded.
        """
        self.need(kind, statistic)
        return self.kernels(kind, statistic)

    def _role(self, tensor: Tensor) -> Role | None:
        return tensor.role

    def hidden(self, kind: str, statistic: str, among: Callable[[LayerView], bool] = lambda _: True) -> Recorded | None:
        """Return one statistic of the hidden layers for which `among` is true; `kind`: ``activations``, ``signals``."""
        layers = {layer.name: layer for layer in self.view.hidden_layers}
        return self.series(kind, statistic, lambda t: t.layer in layers and among(layers[t.layer]))

    def needed_hidden(
        self, kind: str, statistic: str, among: Callable[[LayerView], bool] = lambda _: True
    ) -> Recorded | None:
        """Return one statistic of the hidden layers for which `among` is true; None where there is no such layer.

        Raises:
            Unrecorded: the kind of series was not recorded.
        """
        if not any(among(layer) for layer in self.view.hidden_layers):
            return None
        self.need(kind, statistic)
        return self.hidden(kind, statistic, among)

    @property
    def weighted_layers(self) -> tuple[str, ...]:
        """The names of the hidden layers whose weights a gradient reaches, input side first."""
        hidden = self.view.hidden_layers
        return tuple(layer.name for layer in hidden if layer.tensors and layer.name not in self.unreached)

    @property
    def first_weighted_layers(self) -> tuple[str, ...]:
        """Those of `weighted_layers` before which none of the others stands: one in a chain."""
        weighted = self.weighted_layers
        return tuple(weighted[place] for place in self.view.foremost(weighted)) if weighted else ()

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
    def hidden_layers(self) -> tuple[LayerView, ...]:
        """The layers before those that make the output, in the order in which samples pass them."""
        return self.view.hidden_layers


class ExternalRun(Run):
    """The run of one seed of an external training. It has no `spec`, and no culprit.

    Attributes:
        external: the description that its sender gave.
        facts: the facts that its sender gave; None if it gave none.
        wiring: how it is put together, as its first updates showed; None if that was not recorded.
    """

    external: ExternalSpec
    wiring: Wiring | None
    reports_unrecorded = True

    def __init__(
        self,
        external: ExternalSpec,
        seed: int,
        history: History,
        stopped_by: StoppedBy | None = None,
        facts: Facts | None = None,
        wiring: Wiring | None = None,
        output: str = "",
    ) -> None:
        values = {"external": external, "seed": seed, "history": history, "stopped_by": stopped_by, "culprit": None}
        values |= {"facts": facts, "wiring": wiring, "output": output}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @cached_property
    def view(self) -> View:
        """The training as rules see it."""
        return ExternalView(self.external, self.facts, self.wiring, self.output)

    def _of_output(self, name: str) -> "Run":
        return ExternalRun(self.external, self.seed, self.history, self.stopped_by, self.facts, self.wiring, name)

    def metric(self, name: str) -> np.ndarray | None:
        """(epochs,) float64 values of a metric; None where it was not measured."""
        values = super().metric(name)
        return None if name == "loss" and values is not None and self._has_no_loss(values) else values

    def _has_no_loss(self, values: np.ndarray) -> bool:
        """True if the sender has not measured the loss: a batch whose loss is NaN has no finite gradient."""
        since = self.external.first_epoch + 1
        if not self.has("gradients", "nonfinite") or not np.isnan(values[self.epochs >= since]).all():
            return False
        counts = self.history.series["gradients"][:, :, self.history.layout["gradients"].columns.index("nonfinite")]
        counts = counts[np.array(self.history.epochs_of("gradients")) >= since]
        return len(counts) > 0 and not np.nan_to_num(counts).any()

    def __repr__(self) -> str:
        return f"ExternalRun(name={self.external.name!r}, seed={self.seed}, epochs={len(self.history)})"

    @cached_property
    def _roles(self) -> dict[tuple[str, str], Role | None]:
        tensors = [tensor for layer in self.external.layers for tensor in layer.tensors]
        return {(tensor.layer, tensor.parameter): tensor.role for tensor in tensors}

    def _role(self, tensor: Tensor) -> Role | None:
        """The role by the spec: a layout that an earlier version stored does not hold those of a layer's class."""
        return self._roles.get((tensor.layer, tensor.parameter), tensor.role)


def at_the_end(run: Run, recorded: Recorded) -> np.ndarray:
    """(rows,) the values of the last tensor before the output; of several outputs the largest of theirs."""
    return np.asarray(recorded.values[:, run.view.last(recorded.layers)].max(axis=1))


def arriving(run: Run) -> Recorded | None:
    """Return ‖δ‖ of the first hidden layer with weights divided by ‖δ‖ of the output, as one column.

    Lengths are compared, so that the widths of the layers do not matter. Where a graph has several first layers, that
    of the longest counts. None where signals are not recorded.
    """
    weighted, signals = run.first_weighted_layers, run.series("signals", "rms")
    if not weighted or signals is None or not {*weighted} <= {*signals.layers}:
        return None
    first = [signals.layers.index(name) for name in weighted]
    lengths = signals.values * [math.sqrt(math.prod(tensor.shape)) for tensor in signals.tensors]
    last = at_the_end(run, Recorded(signals.epochs, signals.tensors, lengths))
    with np.errstate(divide="ignore", invalid="ignore"):  # 0/0 and ∞/∞ are NaN
        share = np.where(last > 0, lengths[:, first].max(axis=1) / last, np.nan)
    return Recorded(signals.epochs, (signals.tensors[first[0]],), share[:, None])
