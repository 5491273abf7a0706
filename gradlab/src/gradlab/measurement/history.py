"""What was measured: arrays with names, from the training program to the chart.

NaN and infinities are measurements like any other: they are kept bit for bit, never dropped and never repaired.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

StoppedBy = Literal["nonfinite", "early_stopping"]

# PyTorch: weight, 0.weight, weight_ih_l0, in_proj_weight; MXNet and plain loops: weights, w.
KERNEL_BY_ANOTHER_NAME = re.compile(r"(.*[._])?(weights?|w)(_[ih]h_l\d+(_reverse)?)?", re.IGNORECASE)


@dataclass(frozen=True)
class Tensor:
    """One tensor of a network.

    Attributes:
        layer: the layer's name as a reader counts it: ``dense_1`` is the one next to the input.
        parameter: ``kernel``, ``bias``, ``gamma`` ... for what is trained; ``pre_activation`` and ``activation`` for
            what flows through.
        shape: its shape without the batch axis, in Keras's order of axes.
    """

    layer: str
    parameter: str
    shape: tuple[int, ...]

    @property
    def is_kernel(self) -> bool:
        """True if the layer multiplies its inputs by it, whatever the framework calls it."""
        return self.parameter.endswith("kernel") or self.is_kernel_by_another_name

    @property
    def is_kernel_by_another_name(self) -> bool:
        """True if it is what Keras would name ``kernel``. A norm's ``weight`` has one axis, and is a ``gamma``."""
        return len(self.shape) > 1 and KERNEL_BY_ANOTHER_NAME.fullmatch(self.parameter) is not None


@dataclass(frozen=True)
class SeriesLayout:
    """The names along the axes of one kind of series.

    Attributes:
        kind: the name of one of `gradlab.measurement.kinds`.
        tensors: what is measured, input side first; of a boundary, the outputs that speak for one class each.
        columns: the names of the statistics; time steps, bins or points where there are those.
        every: epoch 0 and every so many epochs are recorded.
    """

    kind: str
    tensors: tuple[Tensor, ...]
    columns: tuple[str, ...]
    every: int = 1

    @property
    def shape(self) -> tuple[int, int]:
        """(tensors, columns): what one recorded epoch looks like."""
        return len(self.tensors), len(self.columns)

    def recorded(self, first_epoch: int, last_epoch: int) -> range:
        """The recorded epochs among these, both included."""
        return range(-(-first_epoch // self.every) * self.every, last_epoch + 1, self.every)


@dataclass(frozen=True)
class Layout:
    """The names along the axes of a history's arrays. One layout serves all runs of an experiment.

    Attributes:
        metrics: ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy`` ...
        series: one for each kind that is recorded.
    """

    metrics: tuple[str, ...]
    series: tuple[SeriesLayout, ...]

    def __getitem__(self, kind: str) -> SeriesLayout:
        """The layout of one kind. Raises KeyError where it is not recorded."""
        return {series.kind: series for series in self.series}[kind]

    def __contains__(self, kind: str) -> bool:
        return any(series.kind == kind for series in self.series)


@dataclass(frozen=True)
class EpochRecord:
    """What was measured in one epoch of one run.

    Attributes:
        epoch: 0 is the state before the first update.
        metrics: metric name -> mean over the epoch's samples (training, while the weights move) or over all
            validation samples (at the epoch's end).
        series: kind -> (tensors, columns) float32, for the kinds that are recorded in this epoch.
    """

    epoch: int
    metrics: dict[str, float]
    series: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class History:
    """Consecutive epochs of one run.

    Attributes:
        layout: the names along the axes.
        first_epoch: the epoch of the first row; 0 is the state before the first update.
        metrics: (epochs, metrics) float32.
        series: kind -> (recorded epochs, tensors, columns) float32.
    """

    layout: Layout
    first_epoch: int
    metrics: np.ndarray
    series: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.metrics)

    @property
    def last_epoch(self) -> int:
        """The epoch of the last row; `first_epoch` - 1 where there is none."""
        return self.first_epoch + len(self) - 1

    def epochs_of(self, kind: str) -> range:
        """The epochs of the rows of one kind of series."""
        return self.layout[kind].recorded(self.first_epoch, self.last_epoch)

    def __iter__(self) -> Iterator[EpochRecord]:
        """Yield the epochs one by one, as callbacks of Keras are told of them."""
        rows = {kind: dict(zip(self.epochs_of(kind), values, strict=True)) for kind, values in self.series.items()}
        for row, metrics in enumerate(self.metrics):
            epoch = self.first_epoch + row
            yield EpochRecord(
                epoch=epoch,
                metrics=dict(zip(self.layout.metrics, map(float, metrics), strict=True)),
                series={kind: of_kind[epoch] for kind, of_kind in rows.items() if epoch in of_kind},
            )


@dataclass(frozen=True)
class Culprit:
    """The first value of a run that was not finite: in the order in which an update computes them.

    Attributes:
        epoch: in which it appeared.
        batch: the mini-batch of the epoch, counted from 1; 0 for the validation at its end.
        where: ``activation``, ``loss``, ``gradient``, ``weight`` or ``metric``.
        layer: the layer's name; None for a loss or a metric.
        parameter: the tensor's name; None for a loss.
        kind: ``nan``, ``inf`` or ``-inf``.
        count: how many values of that tensor were not finite.
    """

    epoch: int
    batch: int
    where: Literal["activation", "loss", "gradient", "weight", "metric"]
    layer: str | None
    parameter: str | None
    kind: Literal["nan", "inf", "-inf"]
    count: int


@dataclass(frozen=True)
class Checkpoint:
    """Everything needed to go on as if nothing had happened.

    Attributes:
        seed: the run that was being trained, the first of them where several are trained side by side; runs listed
            before it in the spec are complete.
        epoch: the last epoch that is contained.
        state: weights, optimiser slots and random states, as an NPZ archive without pickles.
    """

    seed: int
    epoch: int
    state: bytes


@dataclass(frozen=True)
class Variable:
    """One variable of a network, trained or not.

    Attributes:
        path: where its values lie in the weights of a `.keras` file: ``layers/dense/vars/0``. None where Keras saves
            them not: the states of random generators.
        shape: its shape.
        dtype: NumPy's name for the kind of its numbers.
    """

    path: str | None
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Architecture:
    """A network without what its variables hold, as Keras writes it down. One serves all runs of an experiment.

    Attributes:
        config: JSON, the `config.json` of a `.keras` file.
        variables: all of them, in the order in which a `Snapshot` holds their values.
        keras_version: whose words these are.
    """

    config: str
    variables: tuple[Variable, ...]
    keras_version: str


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What the variables of a run's network hold.

    Attributes:
        epoch: after which; 0 is the state before the first update.
        values: one array for each variable of the architecture.
    """

    epoch: int
    values: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class RunChunk:
    """A block of consecutive epochs of one run.

    Attributes:
        seed: whose run.
        history: the epochs.
        run_ended: nothing follows in this run.
        stopped_by: why it ended before its last epoch, if it did.
        culprit: where the first value was that was not finite, if the run was stopped by one.
        snapshot: the network after the last of these epochs, if it is epoch 0 or the run's last.
    """

    seed: int
    history: History
    run_ended: bool
    stopped_by: StoppedBy | None = None
    culprit: Culprit | None = None
    snapshot: Snapshot | None = None


@dataclass(frozen=True, eq=False)
class Chunk:
    """A block of consecutive epochs, as one call of the compiled program measured it.

    Attributes:
        group: the seeds that are trained side by side, in the spec's order.
        runs: those of them that had not ended before.
        compiled: the program was compiled by XLA; False where it fell back to a plain graph.
        checkpoint: takes a checkpoint after these epochs; only callable until the next chunk is asked for.
        architecture: says what the snapshots are of; only callable until the next chunk is asked for.
    """

    group: tuple[int, ...]
    runs: tuple[RunChunk, ...]
    compiled: bool
    checkpoint: Callable[[], Checkpoint]
    architecture: Callable[[], Architecture]

    @property
    def ended(self) -> bool:
        """Nothing follows in this group."""
        return all(run.run_ended for run in self.runs)


def first_nonfinite(values: np.ndarray) -> tuple[int, str] | None:
    """The index of the first value that is not finite, and what it is: ``nan``, ``inf`` or ``-inf``."""
    (where,) = np.nonzero(~np.isfinite(values))
    if not len(where):
        return None
    value: Any = values[where[0]]
    return int(where[0]), "nan" if np.isnan(value) else ("inf" if value > 0 else "-inf")


def without_gradient(layout: SeriesLayout, values: np.ndarray) -> np.ndarray:
    """(tensors,) True for each tensor that has no gradient: the loss does not depend on it, or not differentiably.

    All statistics of it are NaN, even the number of entries that are not finite; a gradient of NaN has that number.

    Args:
        layout: of the series ``gradients``; where it does not count entries that are not finite, nothing is known.
        values: (epochs, tensors, columns).
    """
    if "nonfinite" not in layout.columns or not len(values):
        return np.zeros(len(layout.tensors), bool)
    return np.asarray(np.isnan(values[:, :, layout.columns.index("nonfinite")]).all(axis=0))
