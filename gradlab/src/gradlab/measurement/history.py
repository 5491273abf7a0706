"""Measurements of a training as named arrays, used from the training program to the charts.

NaN and infinities are measurements too: they are kept bit for bit.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from gradlab.measurement.roles import KERNELS, Role, role_by_name

StoppedBy = Literal["nonfinite", "early_stopping"]


@dataclass(frozen=True)
class Tensor:
    """One tensor of a network.

    Attributes:
        layer: the layer's name; its number counts the layers of a kind from the input, so ``dense_1`` is the first.
        parameter: ``kernel``, ``bias`` ... of a trainable tensor; ``pre_activation`` or ``activation`` of an output.
        shape: its shape without the batch axis, in Keras's order of axes.
        declared_role: the role that a sender or the layer's class gives it; None without one.
    """

    layer: str
    parameter: str
    shape: tuple[int, ...]
    declared_role: Role | None = field(default=None, compare=False)

    @property
    def role(self) -> Role | None:
        """The use that the layer makes of it, as declared or as the common frameworks name it; None if unknown."""
        return self.declared_role or role_by_name(self.layer, self.parameter, len(self.shape))

    @property
    def is_kernel(self) -> bool:
        """True if the layer multiplies its inputs or its state by this tensor, in any framework's naming."""
        return self.role in KERNELS

    @property
    def is_shown(self) -> bool:
        """True if charts and tables show it by default: a kernel, or a tensor of two axes or more without a role."""
        return self.role == "kernel" or (self.role is None and len(self.shape) > 1)


@dataclass(frozen=True)
class SeriesLayout:
    """Names along the axes of one kind of series.

    Attributes:
        kind: the name of one of `gradlab.measurement.kinds`.
        tensors: the measured tensors, input side first; for a boundary, one for each class.
        columns: the names of the statistics, or the numbers of the time steps, bins or points.
        every: the recording interval in epochs; epoch 0 is recorded too.
    """

    kind: str
    tensors: tuple[Tensor, ...]
    columns: tuple[str, ...]
    every: int = 1

    @property
    def shape(self) -> tuple[int, int]:
        """The shape of one recorded epoch: (tensors, columns)."""
        return len(self.tensors), len(self.columns)

    def recorded(self, first_epoch: int, last_epoch: int) -> range:
        """Return the recorded epochs from `first_epoch` to `last_epoch`, both included."""
        return range(-(-first_epoch // self.every) * self.every, last_epoch + 1, self.every)


@dataclass(frozen=True)
class Layout:
    """Names along the axes of a history's arrays, the same for all runs of an experiment.

    Attributes:
        metrics: ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy`` ...
        series: one for each kind that is recorded.
    """

    metrics: tuple[str, ...]
    series: tuple[SeriesLayout, ...]

    def __getitem__(self, kind: str) -> SeriesLayout:
        """Return the layout of one kind. Raises KeyError if it is not recorded."""
        return {series.kind: series for series in self.series}[kind]

    def __contains__(self, kind: str) -> bool:
        return any(series.kind == kind for series in self.series)


@dataclass(frozen=True)
class EpochRecord:
    """Measurements of one epoch of one run.

    Attributes:
        epoch: the epoch; 0 is the state before the first update.
        metrics: metric name -> mean over the epoch's training samples, taken while the weights change, or over all
            validation samples, taken at the epoch's end.
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
        first_epoch: the epoch of the first row.
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
        """The epoch of the last row; `first_epoch` - 1 if there are no rows."""
        return self.first_epoch + len(self) - 1

    def epochs_of(self, kind: str) -> range:
        """Return the epochs of the rows of one kind of series."""
        return self.layout[kind].recorded(self.first_epoch, self.last_epoch)

    def __iter__(self) -> Iterator[EpochRecord]:
        """Yield the epochs one by one, as Keras's callbacks receive them."""
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
    """The first value of a run that was NaN or infinite, in the order in which an update computes its values.

    Attributes:
        epoch: the epoch in which it appeared.
        batch: the mini-batch of the epoch, counted from 1; 0 for the validation at the epoch's end.
        where: ``activation``, ``loss``, ``gradient``, ``weight`` or ``metric``.
        layer: the layer's name; None for a loss or a metric.
        parameter: the tensor's name; None for a loss.
        kind: ``nan``, ``inf`` or ``-inf``.
        count: the number of that tensor's values that were NaN or infinite.
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
    """The state from which a training is resumed with the same results as without an interruption.

    Attributes:
        seed: the run in training, or the first of several runs that are trained at a time. Runs listed before it in
            the spec are complete.
        epoch: the last epoch that the state contains. Of groups of seeds that train at a time, the sum of theirs.
        state: weights, optimiser slots and random states, as an NPZ archive without pickles.
    """

    seed: int
    epoch: int
    state: bytes


@dataclass(frozen=True)
class Variable:
    """One variable of a network, trainable or not.

    Attributes:
        path: the variable's path in the weights of a `.keras` file: ``layers/dense/vars/0``. None for variables that
            Keras does not save, such as the states of random generators.
        shape: the variable's shape.
        dtype: NumPy's name of its data type.
    """

    path: str | None
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Architecture:
    """A network without its variables' values, in Keras's format; the same for all runs of an experiment.

    Attributes:
        config: JSON, the `config.json` of a `.keras` file.
        variables: all variables, in the order of a `Snapshot`'s values.
        keras_version: the version of Keras that wrote `config`.
    """

    config: str
    variables: tuple[Variable, ...]
    keras_version: str


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Values of all variables of a run's network.

    Attributes:
        epoch: the epoch after which they were taken; 0 is the state before the first update.
        values: one array for each variable of the architecture.
    """

    epoch: int
    values: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class RunChunk:
    """A block of consecutive epochs of one run.

    Attributes:
        seed: the run's seed.
        history: the epochs.
        run_ended: True if these are the run's last epochs.
        stopped_by: the reason why the run ended before its last epoch; None if it did not.
        culprit: the first value that was NaN or infinite, if it stopped the run.
        snapshot: the network after the last of these epochs, if that is epoch 0 or the run's last.
    """

    seed: int
    history: History
    run_ended: bool
    stopped_by: StoppedBy | None = None
    culprit: Culprit | None = None
    snapshot: Snapshot | None = None


@dataclass(frozen=True, eq=False)
class Chunk:
    """A block of consecutive epochs, measured by one call of the compiled program.

    Attributes:
        group: the seeds that are trained at a time, in the spec's order.
        runs: those that were trained side by side for these epochs; none had ended before.
        compiled: False if the program runs as a plain graph: chosen, or since XLA has refused it, after epoch 0.
        checkpoint, architecture: return those after all chunks so far; may be called until the next one is requested.
        compiling_seconds: time until the program was compiled, which passed before these epochs.
    """

    group: tuple[int, ...]
    runs: tuple[RunChunk, ...]
    compiled: bool
    checkpoint: Callable[[], Checkpoint]
    architecture: Callable[[], Architecture]
    compiling_seconds: float = 0.0

    @property
    def ended(self) -> bool:
        """True if all runs of this chunk have ended."""
        return all(run.run_ended for run in self.runs)


def first_nonfinite(values: np.ndarray) -> tuple[int, str] | None:
    """Return the index and the kind, ``nan``, ``inf`` or ``-inf``, of the first of (n,) values that is not finite."""
    (where,) = np.nonzero(~np.isfinite(values))
    if not len(where):
        return None
    value: Any = values[where[0]]
    return int(where[0]), "nan" if np.isnan(value) else "inf" if value > 0 else "-inf"


def without_gradient(layout: SeriesLayout, values: np.ndarray) -> np.ndarray:
    """Return (tensors,) booleans: True for a tensor without a gradient.

    The loss does not depend on it. All its statistics are NaN, even `nonfinite`, finite for a gradient that is NaN.

    Args:
        layout: of the series ``gradients``. Without a column `nonfinite`, no tensor counts as one without a gradient.
        values: (epochs, tensors, columns).
    """
    if "nonfinite" not in layout.columns or not len(values):
        return np.zeros(len(layout.tensors), bool)
    return np.asarray(np.isnan(values[:, :, layout.columns.index("nonfinite")]).all(axis=0))
