"""SeriesKind: everything that the other parts need to know about one kind of series."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from gradlab.measurement.history import SeriesLayout, Tensor
from gradlab.measurement.statistics import Statistic

# The arrays that a kind is computed from: gradients of mini-batches, weights at an epoch's end, pre-activations and
# activations on the probe batch, or outputs over the plane of two inputs.
Source = Literal["gradients", "weights", "flows", "plane"]
# The form of a measurement for each tensor and epoch: statistics, a vector, or a picture of the plane.
Form = Literal["statistic", "vector", "plane"]


@dataclass(frozen=True)
class MeasuredLayer:
    """The properties of a layer that decide which series it has.

    Attributes:
        name: the layer's name: ``dense_1``.
        tensors: the layer's trainable tensors, in Keras's order.
        flow: the shape of its pre-activations and activations without the batch axis; None if they are not measured.
        steps: number of time steps of a recurrent layer; 0 for other layers.
        outputs: number of output units.
    """

    name: str
    tensors: tuple[Tensor, ...] = ()
    flow: tuple[int, ...] | None = None
    steps: int = 0
    outputs: int = 0


@dataclass(frozen=True)
class MeasuredNetwork:
    """The properties of a network and its training that decide which series it has.

    Attributes:
        layers: all layers, input side first, including those inside blocks.
        epochs: the training's last epoch.
        has_boundary: True if the data are classes with two inputs, which have a boundary in the plane.
    """

    layers: tuple[MeasuredLayer, ...]
    epochs: int = 0
    has_boundary: bool = False

    def weights(self) -> tuple[Tensor, ...]:
        """Return the trainable tensors of all layers."""
        return tuple(tensor for layer in self.layers for tensor in layer.tensors)

    def flows(self, parameter: str) -> tuple[Tensor, ...]:
        """Return one tensor for each measured layer's output: its ``activation`` or its ``pre_activation``."""
        return tuple(Tensor(layer.name, parameter, layer.flow) for layer in self.layers if layer.flow is not None)


@dataclass(frozen=True, kw_only=True)
class RecordField:
    """A field of a spec's `record`: the recording interval in epochs of one or more kinds of series; 0 for never.

    Attributes:
        name: the field's name.
        description: the recorded measurements, for the API's description.
        default: the interval unless a spec sets another; None if `every` computes it.
        every: computes the default interval from a network.
        lean: the interval in the bundle ``lean``.
        full: the interval in the bundle ``full``; None for the default.
        sent_description: the measurements that external trainings send; None if they cannot send them.
        sent_default: the interval of external trainings unless their spec sets another.
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
    """A statistic that the command line shows for each layer after the last epoch.

    Attributes:
        statistic: the statistic's name.
        heading: the heading of its column.
        rank: columns of a lower rank stand further left; columns of equal rank are in the order of the kinds.
    """

    statistic: str
    heading: str
    rank: int = 1


@dataclass(frozen=True, kw_only=True)
class SeriesKind:
    """One kind of series.

    Attributes:
        name: the kind's name in the database, in exports and in requests.
        title: the title of its chart.
        noun: its name in the middle of a sentence: ``back-propagated signals``.
        description: the description of its endpoint, for kinds of statistics.
        path: the path of its endpoint below the experiment's.
        query: the query parameters that select it at that endpoint.
        record: the field of a spec's `record` that sets its recording interval.
        source: the arrays that it is computed from.
        shown_as: a ``statistic``, a ``vector`` or a picture of the ``plane``.
        tensors: returns a network's measured tensors, input side first.
        places: returns the names of a network's columns; None if the columns are the `statistics`.
        statistics: the statistics of each tensor, in the order of the columns; () for vectors and pictures.
        default: the statistic that charts and responses have by default; None if there are no statistics.
        since_epoch: the first epoch that charts and responses have by default. It is 1 if epoch 0 is not comparable
            with the other epochs.
        read_by_rules: True if a diagnosis reads it.
        is_sent: True if external trainings can send it, with the same columns as trainings in the service.
        optional_columns: columns that a sender may leave out. Their values are then NaN.
        terminal: the statistics that the command line shows; () for none.
        example: two values of the default statistic, for the API's description.
        column_prefix: the prefix of its columns' names in tables; empty for statistics, whose names need none.
        is_padded: True if each tensor uses as many columns as its first axis has entries, and the rest is padding.
        tag: the suffix of a tensor's name in TensorBoard's histograms; None if it is no histogram.
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
    is_sent: bool = True
    optional_columns: tuple[str, ...] = ()
    terminal: tuple[TerminalRow, ...] = ()
    example: tuple[float, float] = (0.0, 0.0)
    column_prefix: str = ""
    is_padded: bool = False
    tag: str | None = None

    @property
    def has_parameters(self) -> bool:
        """True if a layer may have several tensors of this kind: kernel, bias ..."""
        return self.source in ("gradients", "weights")

    def columns(self, network: MeasuredNetwork) -> tuple[str, ...]:
        """Return the names of a network's columns."""
        return self.places(network) if self.places else tuple(each.name for each in self.statistics)

    def layout(self, network: MeasuredNetwork, every: int) -> SeriesLayout | None:
        """Return the layout for a network, recorded every `every` epochs; None if nothing is recorded."""
        tensors = self.tensors(network) if every else ()
        return SeriesLayout(self.name, tensors, self.columns(network), every) if tensors else None

    def sent_layout(self, network: MeasuredNetwork, every: int) -> SeriesLayout | None:
        """Return the layout for an external training, sent every `every` epochs; None if nothing is sent."""
        return self.layout(network, every) if self.is_sent else None

    def statistic(self, name: str) -> Statistic:
        """Return one of its statistics by name. Raises KeyError if there is none of that name."""
        return {each.name: each for each in self.statistics}[name]
