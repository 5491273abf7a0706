"""Memory of a training: its records in this process, as the History that the rules read."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradlab.measurement.history import History, Layout, SeriesLayout, StoppedBy
from gradlab.spec import ExternalSpec


class Memory:
    """Consecutive records of one run.

    Args:
        spec: the training's description. Metrics that only later records have are added to it.

    Attributes:
        spec: the description with all metrics so far.
    """

    def __init__(self, spec: ExternalSpec) -> None:
        self.spec = spec
        self._first: int | None = None
        self._metrics: list[dict[str, float]] = []
        self._series: dict[str, list[np.ndarray]] = {each.kind: [] for each in spec.layout.series}

    def __len__(self) -> int:
        return len(self._metrics)

    @property
    def has_loss(self) -> bool:
        """True if the last record has a loss, finite or not."""
        return bool(self._metrics) and "loss" in self._metrics[-1]

    @property
    def next_record(self) -> int | None:
        """The number of the next record; None before the first one."""
        return None if self._first is None else self._first + len(self._metrics)

    def add(self, number: int, metrics: Mapping[str, float], series: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Keep a record, and return its series as they are kept: NaN for a kind that is due and was not measured.

        Raises:
            ValueError: the record does not follow the last one, or an array has another shape than its layout.
        """
        if self._first is not None and number != self.next_record:
            raise ValueError(f"record: expected number {self.next_record}, the next one; received {number}")
        kept = {each.kind: _shaped(each.kind, each.shape, series) for each in self._due(number)}
        if self._first is None:
            self._first = number
        self._metrics.append(dict(metrics))
        for kind, values in kept.items():
            self._series[kind].append(values)
        if added := tuple(name for name in metrics if name not in self.spec.metrics):
            self.update({"metrics": (*self.spec.metrics, *added)})
        return kept

    def preload(self, history: History, last: int) -> None:
        """Keep what was recorded of the run before, up to the record `last`."""
        if last < history.first_epoch or not len(history):
            return
        self._first = history.first_epoch
        rows = history.metrics[: last - history.first_epoch + 1].astype(float).tolist()
        self._metrics = [dict(zip(history.layout.metrics, row, strict=True)) for row in rows]
        for kind, values in history.series.items():
            self._series[kind] = list(values[: len(history.layout[kind].recorded(history.first_epoch, last))])

    def update(self, fields: Mapping[str, Any]) -> None:
        """Replace fields of the description, which do not change what is recorded of the layers."""
        self.spec = self.spec.model_copy(update=dict(fields))

    def _due(self, number: int) -> list[SeriesLayout]:
        return [each for each in self.spec.layout.series if number % each.every == 0]

    def history(self) -> History:
        """Return all records so far."""
        layout = Layout(self.spec.metrics, self.spec.layout.series)
        rows = [[each.get(name, np.nan) for name in layout.metrics] for each in self._metrics]
        metrics = np.array(rows, np.float32).reshape(len(rows), len(layout.metrics))
        series = {
            each.kind: np.array(self._series[each.kind], np.float32).reshape(-1, *each.shape) for each in layout.series
        }
        return History(layout, self._first or 0, metrics, series)


def _shaped(kind: str, shape: tuple[int, int], series: Mapping[str, np.ndarray]) -> np.ndarray:
    values = np.asarray(series[kind] if kind in series else np.full(shape, np.nan), np.float32)
    if values.shape != shape:
        raise ValueError(f"series.{kind}: expected an array of shape {shape}; received {values.shape}")
    return values


def stopped_by(history: History, last_record: int, *, has_loss: bool = True) -> StoppedBy | None:
    """Return why a training that has ended did so before its last record; None if it did not.

    Args:
        history: its records.
        last_record: the last planned record.
        has_loss: True if the loss was measured.
    """
    if not len(history):
        return None
    if has_loss and not np.isfinite(history.metrics[-1, history.layout.metrics.index("loss")]):
        return "nonfinite"
    return "early_stopping" if history.last_epoch < last_record else None
