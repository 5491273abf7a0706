"""Samples of an uploaded dataset: its stored table, split, prepared and cut into windows as a spec says."""

import math
from collections.abc import Callable, Mapping
from typing import Any

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
from gradlab.frozen import of_name
from gradlab.vocabulary.datasets import Dataset
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from gradlab.vocabulary.datasets.uploaded_parts import part_of_input, part_of_output
from gradlab.vocabulary.preparations import Preparation
from gradlab.vocabulary.targets import Target

WEIGHT = "dataset.sample_weight"
# The parts of each input or output by its name; those of the only one by "".
Named = Mapping[str, Parts]
Shape = tuple[int, ...]


def samples_of(dataset: UploadedDataset, table: Table, validation: Table | None = None) -> Dataset:
    """Return the samples of a dataset: inputs and targets float32, classes int64.

    Args:
        dataset: the spec, with `samples` filled in.
        table: the stored table of `dataset.id`.
        validation: the stored table of `dataset.validation`, if the spec names one.

    Raises:
        Invalid: prepared numbers are not finite, or the samples are not what the spec says of them.
    """
    loading = _Loading(dataset, Sources.of(dataset, table, validation))
    inputs = loading.inputs()
    outputs = loading.outputs(inputs)
    weights = loading.weights()
    loading.check_finite()
    if window := dataset.window:
        # In a random order, like all samples: the first ones are probed.
        inputs = _mapped(inputs, lambda rows: _shuffled(sequences(rows, window), dataset.seed))
        outputs = _mapped(outputs, lambda rows: _shuffled(answers(rows, window), dataset.seed))
        weights = weights and weights.map(lambda rows: _shuffled(answers(rows, window), dataset.seed))
    _check_agrees(dataset, inputs, outputs)
    (train_x, val_x), (train_y, val_y) = _arrays(inputs), _arrays(outputs)
    train_weight, val_weight = (None, None) if weights is None else (weights.train, weights.val)
    return Dataset(train_x, train_y, val_x, val_y, train_weight, val_weight)


def _mapped(named: Named, transform: Callable[[np.ndarray], np.ndarray]) -> Named:
    return {name: parts.map(transform) for name, parts in named.items()}


def _arrays(named: Named) -> tuple[Any, Any]:
    """Return the training and the validation arrays: one of each, or a tuple of several."""
    train, val = tuple(parts.train for parts in named.values()), tuple(parts.val for parts in named.values())
    return (train, val) if len(named) > 1 else (train[0], val[0])


class _Loading:
    """The loading of one dataset, which remembers the columns that are not finite with their rows."""

    def __init__(self, dataset: UploadedDataset, sources: Sources) -> None:
        self._dataset, self._sources = dataset, sources
        self._bad: dict[str, Parts] = {}

    def inputs(self) -> Named:
        """Return each input of all rows in the network's order: (rows, *shape) float32."""
        return {name: self._input(name) for name in self._dataset.input_names or ("",)}

    def _input(self, input_name: str) -> Parts:
        part = part_of_input(self._dataset, input_name)
        shapes = {name: each.shape for name, each in self._sources.table.columns.items()}
        names = features_of(part, shapes)
        if len(names) == 1 and shapes.get(names[0]):
            return self._prepared(names[0], "dataset.features").map(as_float32)
        shape, window = part.feature_shape, part.window
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
            of = f"{name}, for the input {input_name}" if input_name else name
            raise Invalid(Problem("dataset.samples.feature_shape", f"{width} numbers of a row", f"{end}, with {of}"))
        return whole

    def outputs(self, inputs: Named) -> Named:
        """Return the targets of each output of all rows in the network's order.

        Classes are (rows, *steps) int64, others (rows, *steps, count) float32.

        Args:
            inputs: what `inputs` returned. Some outputs predict one of them.
        """
        return {name: self._output(name, inputs) for name in self._dataset.output_names or ("",)}

    def _output(self, name: str, inputs: Named) -> Parts:
        part, sources = part_of_output(self._dataset, name), self._sources
        if part.task == "inputs":
            predicted = of_name(self._dataset.target_columns, name)
            return inputs[str(predicted) if self._dataset.input_names else ""]
        names = targets_of(part, tuple(sources.table.columns))
        if part.task == "classes":
            return class_numbers(sources, names, part.class_names)
        if part.task == "labels":
            return labels(sources, names)
        return together([self._prepared(column, "dataset.target") for column in names]).map(as_float32)

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


def _check_agrees(dataset: UploadedDataset, inputs: Named, outputs: Named) -> None:
    """Refuse samples that are not what the spec says of them. Raises Invalid."""
    first = next(iter(inputs.values()))
    counts = (dataset.ready.train_count, dataset.ready.val_count), (len(first.train), len(first.val))
    shapes = {name: dataset.shape_of(name) for name in inputs}, _shapes(inputs)
    answer_shapes = {name: _answer_shape(dataset.target_of(name)) for name in outputs}, _shapes(outputs)
    if any(expected != received for expected, received in (counts, shapes, answer_shapes)):
        text = "{} training and {} validation samples of shape {}, answers of shape {}"
        described = zip(counts, map(_in_words, shapes), map(_in_words, answer_shapes), strict=True)
        raise Invalid(Problem("dataset.samples", *(text.format(*count, *each) for count, *each in described)))


def _shapes(named: Named) -> dict[str, Shape]:
    return {name: parts.train.shape[1:] for name, parts in named.items()}


def _answer_shape(target: Target) -> Shape:
    return (*target.steps, *(() if target.kind == "classes" else (target.count,)))


def _in_words(shapes: Mapping[str, Shape]) -> str:
    """Return the only shape, or each with its name."""
    return ", ".join(f"{name} {shape}".lstrip() for name, shape in shapes.items())
