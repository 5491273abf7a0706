"""SeriesKind: everything that the other parts ask of one kind of series."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from gradlab.measurement.history import SeriesLayout, Tensor
from gradlab.measurement.statistics import Statistic

# What a training leaves behind for a kind to be measured: gradients of mini-batches, weights at an epoch's end, what
# flows through the layers on the probe batch, outputs over the plane of two inputs.
Source = Literal["gradients", "weights", "flows", "plane"]
# One number for each tensor and epoch, a vector, or a picture of the plane.
Form = Literal["statistic", "vector", "plane"]


@dataclass(frozen=True)
class MeasuredLayer:
    """One layer of a network, as far as it can be measured.

    Attributes:
        name: the layer's name as a reader counts it: ``dense_1``.
        tensors: its trainable tensors, in Keras's order.
        flow: the shape of its pre-activations and activations without the batch axis; None where it is not measured.
        steps: over how many time steps a recurrent layer goes; 0 for any other.
        outputs: the number of its output units.
    """

    name: str
    tensors: tuple[Tensor, ...] = ()
    flow: tuple[int, ...] | None = None
    steps: int = 0
    outputs: int = 0


@dataclass(frozen=True)
class MeasuredNetwork:
    """A network in its training, as far as it can be measured.

    Attributes:
        layers: input side first, those inside blocks among them.
        epochs: the training's last epoch.
        has_boundary: True if its data are classes of two inputs, which have a boundary in the plane.
    """

    layers: tuple[MeasuredLayer, ...]
    epochs: int = 0
    has_boundary: bool = False

    def weights(self) -> tuple[Tensor, ...]:
        """The trainable tensors of all layers."""
        return tuple(tensor for layer in self.layers for tensor in layer.tensors)

    def flows(self, parameter: str) -> tuple[Tensor, ...]:
        """What flows through the layers: ``activation`` or ``pre_activation``."""
        return tuple(Tensor(layer.name, parameter, layer.flow) for layer in self.layers if layer.flow is not None)


@dataclass(frozen=True, kw_only=True)
class RecordField:
    """A field of a spec's `record`: every how many epochs some kinds of series are recorded, 0 for never.

    Attributes:
        name: the field's.
        description: what it decides about, for the API's description.
        default: every how many epochs unless a spec says otherwise; None where `every` works it out.
        every: works it out for a network.
        lean: the value in the bundle ``lean``.
        full: the value in the bundle ``full``; None leaves it to the default.
        sent_description: the same for trainings elsewhere; None where they cannot send it.
        sent_default: every how many epochs they send it unless their spec says otherwise.
    """

    name: str
    description: str
    default: int | None = 1
    every: Callable[[MeasuredNetwork], int] = lambda network: 0
    lean: int = 0
    full: int | None = 1
    sent_description: str | None
    sent_default: int = 0


@dataclass(frozen=True)
class TerminalRow:
    """A statistic that the command line shows of each layer after the last epoch.

    Attributes:
        statistic: which.
        heading: over its column.
        rank: columns of a lower rank stand further left; those of equal rank in the order of the kinds.
    """

    statistic: str
    heading: str
    rank: int = 1


@dataclass(frozen=True, kw_only=True)
class SeriesKind:
    """One kind of series.

    Attributes:
        name: how it is stored, exported and asked for.
        title: over a chart.
        noun: in the middle of a sentence: ``back-propagated signals``.
        description: of its endpoint, where there is one for each statistic.
        path: of its endpoint below the experiment's; `query` the queries that choose it there.
        record: the field of a spec's `record` that says how often it is recorded.
        source: what a training must leave behind for it.
        shown_as: a ``statistic``, a ``vector`` or a picture of the ``plane``.
        tensors: what is measured of a network, input side first.
        places: what the columns are of a network; None where they are the `statistics`.
        statistics: of each tensor, in the order of the columns; () for vectors and pictures.
        default: the statistic that is drawn and answered unless another is asked for; None where there is none.
        since_epoch: the first epoch that is drawn and answered unless another is asked for: 1 where epoch 0 is another
            kind of number than the others.
        read_by_rules: True if a diagnosis reads it.
        sent_columns: the columns that trainings elsewhere send; None where they cannot send it.
        terminal: what the command line shows of it; () for nothing.
        example: two values of the default statistic, for the API's description.
        column_prefix: what stands before a column's name in a table; empty where names speak for themselves.
        is_padded: True if a tensor has as many columns as its first axis is long; what lies behind is padding.
        tag: what follows a tensor's name in TensorBoard's histograms; None where it is no histogram.
    """

    name: str
    title: str
    noun: str
    description: str = ""
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    record: RecordField
    source: Source
    shown_as: Form
    tensors: Callable[[MeasuredNetwork], tuple[Tensor, ...]]
    places: Callable[[MeasuredNetwork], tuple[str, ...]] | None = None
    statistics: tuple[Statistic, ...] = ()
    default: str | None = None
    since_epoch: int = 0
    read_by_rules: bool
    sent_columns: tuple[str, ...] | None
    terminal: tuple[TerminalRow, ...] = ()
    example: tuple[float, float] = (0.0, 0.0)
    column_prefix: str = ""
    is_padded: bool = False
    tag: str | None = None

    @property
    def has_parameters(self) -> bool:
        """True if a layer has several tensors of it, told apart as kernel, bias ..."""
        return self.source in ("gradients", "weights")

    def columns(self, network: MeasuredNetwork) -> tuple[str, ...]:
        """The names of a network's columns."""
        return self.places(network) if self.places else tuple(each.name for each in self.statistics)

    def layout(self, network: MeasuredNetwork, every: int) -> SeriesLayout | None:
        """The names along the axes for a network, every so many epochs; None where nothing is recorded."""
        tensors = self.tensors(network) if every else ()
        return SeriesLayout(self.name, tensors, self.columns(network), every) if tensors else None

    def sent_layout(self, network: MeasuredNetwork, every: int) -> SeriesLayout | None:
        """The same for a training elsewhere."""
        tensors = self.tensors(network) if every and self.sent_columns else ()
        return SeriesLayout(self.name, tensors, self.sent_columns or (), every) if tensors else None

    def statistic(self, name: str) -> Statistic:
        """One of its statistics. Raises KeyError where there is none of that name."""
        return {each.name: each for each in self.statistics}[name]
