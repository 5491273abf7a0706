"""What is recorded while a network trains, and how often."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from core.datasets import DatasetSpec
from core.datasets.dataset import PLANE_POINTS
from core.frozen import Frozen
from core.history import SeriesLayout, Tensor
from core.spec.network import NamedLayer
from core.statistics import (
    ACTIVATION_STATISTIC_NAMES,
    BIN_NAMES,
    GRADIENT_STATISTIC_NAMES,
    SIGNAL_STATISTIC_NAMES,
    WEIGHT_STATISTIC_NAMES,
)

# How often the boundary is recorded by default, and of how many output units at most: each takes 4 kB a time.
BOUNDARIES, MOST_PLANES = 20, 10
# The points of the plane, row by row: the first input rises along a row, the second from row to row.
POINTS = tuple(map(str, range(PLANE_POINTS**2)))

Every = Annotated[int, Field(ge=0, le=1_000_000)]


class RecordSpec(Frozen):
    """What is recorded, each at epoch 0 and every so many epochs; 0 for never.

    Loss, metrics and learning rate are always recorded, after every epoch. A name stands for a bundle: ``nothing``;
    ``lean``, the gradients alone; ``standard``, everything that costs little; ``full``, everything after every epoch
    but the boundary, which is recorded as by default.
    """

    gradients: Every = 1
    """Statistics of each weight tensor's gradient, the gradient's norm before and after clipping, and how often it was
    clipped."""
    weights: Every = 1
    """Statistics of each weight tensor, and how far it moved."""
    activations: Every = 1
    """Statistics of each layer's pre-activations and activations on the probe batch."""
    signals: Every = 1
    """The back-propagated signal of each layer on the probe batch, for recurrent layers also at each time step."""
    histograms: Every = 10
    """How the entries of each gradient and weight tensor are distributed."""
    boundary: Every | None = None
    """What the network answers on a grid of 32 × 32 points over the plane, for data of classes with two inputs. By
    default ten to twenty times in a training where there is such a boundary, between ten classes at most, and never
    where there is none."""


BUNDLES = {
    "nothing": {"gradients": 0, "weights": 0, "activations": 0, "signals": 0, "histograms": 0, "boundary": 0},
    "lean": {"gradients": 1, "weights": 0, "activations": 0, "signals": 0, "histograms": 0, "boundary": 0},
    "standard": {},
    "full": {"gradients": 1, "weights": 1, "activations": 1, "signals": 1, "histograms": 1},
}


def _bundle(value: Any) -> Any:
    if isinstance(value, str):
        if value not in BUNDLES:
            raise ValueError(f"an object, or one of the bundles {', '.join(BUNDLES)}")
        return BUNDLES[value]
    return value


Record = Annotated[RecordSpec, BeforeValidator(_bundle)]


def boundary_every(record: RecordSpec, dataset: DatasetSpec, units: int, epochs: int) -> int:
    """Every how many epochs the boundary of a network of so many output units is recorded; 0 for never.

    By default at an interval between `epochs` / 20 and `epochs` / 10 that meets the last epoch, if one does.
    """
    if record.boundary is not None:
        return record.boundary
    if not dataset.has_boundary or units > MOST_PLANES:
        return 0
    least = max(1, -(-epochs // BOUNDARIES))
    return next((every for every in range(least, 2 * least) if epochs % every == 0), least)


def series_layouts(record: RecordSpec, layers: Sequence[NamedLayer], boundary: int) -> tuple[SeriesLayout, ...]:
    """The names of everything that is recorded besides the metrics; the boundary every so many epochs, 0 for never."""
    return tuple(series for series in _series(record, layers, boundary) if series.every and series.tensors)


def _series(record: RecordSpec, layers: Sequence[NamedLayer], boundary: int) -> Iterator[SeriesLayout]:
    weights = tuple(tensor for layer in layers for tensor in layer.tensors)
    flows = [(layer, shape) for layer in layers if (shape := layer.spec.watched(layer.input_shape)) is not None]
    activations = tuple(Tensor(layer.name, "activation", shape) for layer, shape in flows)
    signals = tuple(Tensor(layer.name, "pre_activation", shape) for layer, shape in flows)
    steps = {layer.name: layer.spec.time_steps(layer.input_shape) for layer, _ in flows}
    recurrent = tuple(tensor for tensor in signals if steps[tensor.layer])
    longest = max((steps[tensor.layer] or 0 for tensor in recurrent), default=0)
    yield SeriesLayout("gradients", weights, GRADIENT_STATISTIC_NAMES, record.gradients)
    yield SeriesLayout("weights", weights, WEIGHT_STATISTIC_NAMES, record.weights)
    yield SeriesLayout("activations", activations, ACTIVATION_STATISTIC_NAMES, record.activations)
    yield SeriesLayout("signals", signals, SIGNAL_STATISTIC_NAMES, record.signals)
    # Columns are the steps, first to last; a layer with fewer has NaN behind its last.
    yield SeriesLayout("time_signals", recurrent, tuple(map(str, range(1, longest + 1))), record.signals)
    yield SeriesLayout("gradient_histograms", weights, BIN_NAMES, record.histograms)
    yield SeriesLayout("weight_histograms", weights, BIN_NAMES, record.histograms)
    yield SeriesLayout("boundary", _planes(layers[-1]), POINTS, boundary)


def _planes(last: NamedLayer) -> tuple[Tensor, ...]:
    """One for each output unit, named by the class that it speaks for: a single one speaks for class 1."""
    units = last.output_shape[-1]
    classes = range(units) if units > 1 else (1,)
    return tuple(Tensor(last.name, f"class_{each}", (PLANE_POINTS, PLANE_POINTS)) for each in classes)
