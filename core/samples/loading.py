"""Samples of an uploaded dataset: its stored table, split, prepared and cut into windows as a spec says."""

import math

import numpy as np

from core.samples.aligned import as_float32, empty, taken
from core.samples.preparing import Parts, prepared
from core.samples.roles import features_of, steps_of, targets_of
from core.samples.sources import Source, Sources, listed
from core.samples.splitting import shuffled
from core.samples.table import Table
from core.samples.targets import class_numbers, labels, together
from core.samples.windows import answers, sequences
from gradlab.errors import Invalid, Problem
from gradlab.vocabulary.datasets import Dataset
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from gradlab.vocabulary.preparations import Preparation

WEIGHT = "dataset.sample_weight"


def samples_of(dataset: UploadedDataset, table: Table, validation: Table | None = None) -> Dataset:
    """Return the samples of a dataset: inputs and targets float32, classes int64.

    Args:
        dataset: the spec, with `samples` filled in.
        table: the stored table of `dataset.id`.
        validation: the stored table of `dataset.validation`, if the spec names one.

    Raises:
        Invalid: prepared numbers are not finite, or the samples are not what the spec says of them.
    """
    sources = Sources.of(dataset, table, validation)
    loading = _Loading(dataset, sources)
    x = loading.features()
    y = x if dataset.task == "inputs" else loading.targets()
    weights = loading.weights()
    loading.check_finite()
    if window := dataset.window:
        # In a random order, like all samples: the first ones are probed.
        x = x.map(lambda rows: _shuffled(sequences(rows, window), dataset.seed))
        y = y.map(lambda rows: _shuffled(answers(rows, window), dataset.seed))
        weights = weights and weights.map(lambda rows: _shuffled(answers(rows, window), dataset.seed))
    train_weight, val_weight = (None, None) if weights is None else (weights.train, weights.val)
    data = Dataset(x.train, y.train, x.val, y.val, train_weight, val_weight)
    _check_agrees(dataset, data)
    return data


class _Loading:
    """The loading of one dataset, which remembers the columns that are not finite with their rows."""

    def __init__(self, dataset: UploadedDataset, sources: Sources) -> None:
        self._dataset, self._sources = dataset, sources
        self._bad: dict[str, Parts] = {}

    def features(self) -> Parts:
        """Return the inputs of all rows: (rows, *shape) float32."""
        shapes = {name: each.shape for name, each in self._sources.table.columns.items()}
        names = features_of(self._dataset, shapes)
        if len(names) == 1 and shapes.get(names[0]):
            return self._prepared(names[0], "dataset.features").map(as_float32)
        shape, window = self._dataset.feature_shape, self._dataset.window
        width = math.prod(shape if window is None else shape[1:])
        whole = Parts(*(empty((len(rows), width), np.float32) for rows in self._sources.rows))
        begin = end = 0
        for name in names:
            parts = self._prepared(name, "dataset.features").map(lambda rows: rows.reshape(len(rows), -1))
            end = begin + parts.train.shape[1]
            if end > width:
                break
            whole.train[:, begin:end], whole.val[:, begin:end] = parts.train, parts.val
            begin = end
        if begin != width:
            raise Invalid(Problem("dataset.samples.feature_shape", f"{width} numbers of a row", f"{end}, with {name}"))
        return whole

    def targets(self) -> Parts:
        """Return the targets of all rows, classes as (rows, *steps) int64, others as (rows, *steps, count) float32."""
        dataset, sources = self._dataset, self._sources
        names = targets_of(dataset, tuple(sources.table.columns))
        if dataset.task == "classes":
            return class_numbers(sources, names, dataset.class_names)
        if dataset.task == "labels":
            return labels(sources, names)
        return together([self._prepared(name, "dataset.target") for name in names]).map(as_float32)

    def weights(self) -> Parts | None:
        """Return each row's weight, (rows,) float32; None for equal ones.

        Raises:
            Invalid: a weight is negative or not finite, or all training samples weigh nothing.
        """
        if self._dataset.sample_weight is None:
            return None
        source = self._sources.column(self._dataset.sample_weight, WEIGHT)
        parts = source.parts.map(lambda rows: rows.astype(np.float32))
        bad = parts.map(lambda rows: ~(np.isfinite(rows) & (rows >= 0)))
        if bad.train.any() or bad.val.any():
            received = f"others in rows {self._sources.file_rows(bad)}"
            raise Invalid(Problem(WEIGHT, "weights of 0 or more in every row", received))
        if not parts.train.any():
            raise Invalid(Problem(WEIGHT, "a weight above 0 for a training sample at least", "only 0"))
        return parts

    def check_finite(self) -> None:
        """Refuse prepared columns with NaN or infinite numbers. Raises Invalid with columns and rows."""
        if not self._bad:
            return
        train = np.logical_or.reduce([each.train for each in self._bad.values()])
        val = np.logical_or.reduce([each.val for each in self._bad.values()])
        columns, rows = listed([*self._bad]), self._sources.file_rows(Parts(train, val))
        expected = "finite numbers: `impute` fills gaps, `clip` bounds numbers, and `log` needs positive ones"
        raise Invalid(Problem("dataset.prepare", expected, f"NaN or infinite numbers in {columns}, rows {rows}"))

    def _prepared(self, name: str, field: str) -> Parts:
        source = self._sources.column(name, field)
        steps = self._steps(name, source, is_feature=field == "dataset.features")
        parts = prepared(source.train, source.parts, steps, on_all=self._dataset.prepare_on == "all")
        bad = parts.map(lambda rows: ~np.isfinite(rows).reshape(len(rows), -1).all(axis=1))
        if bad.train.any() or bad.val.any():
            self._bad[name] = bad
        return parts

    def _steps(self, name: str, source: Source, *, is_feature: bool) -> list[Preparation]:
        is_text = source.train.categories is not None
        return [step for _, step in steps_of(self._dataset, name, is_text=is_text, is_feature=is_feature)]


def _shuffled(windows: np.ndarray, seed: int) -> np.ndarray:
    """Return what belongs to each window in the random order of a seed, as a copy."""
    return taken(windows, shuffled(np.arange(len(windows)), seed))


def _check_agrees(dataset: UploadedDataset, data: Dataset) -> None:
    """Refuse samples that are not what the spec says of them. Raises Invalid."""
    target, ready = dataset.target, dataset.ready
    answer = (*target.steps, *(() if target.kind == "classes" else (target.count,)))
    expected = (ready.train_count, ready.val_count, ready.feature_shape, answer)
    received = (len(data.train_x), len(data.val_x), data.train_x.shape[1:], data.train_y.shape[1:])
    if expected != received:
        text = "{} training and {} validation samples of shape {}, answers of shape {}"
        raise Invalid(Problem("dataset.samples", text.format(*expected), text.format(*received)))
