"""Targets, loss and metrics of an experiment, inside a traced program.

Targets and predictions are an array where the network has one output. They are a tuple of arrays where it has several,
in the order of `ExperimentSpec.outputs`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from keras import ops

from core.training.nests import flat, nest
from core.training.output_task import OutputTask
from gradlab.spec import ExperimentSpec


class Task:
    """The loss and the metrics of an experiment, for one network or for several side by side.

    With several outputs the loss is the weighted sum of theirs. Each output's own loss is a metric then, as in Keras:
    weighted by the samples' weights, but not by the output's.

    Attributes:
        sum_count: number of sums that are accumulated over an epoch.
        name_count: number of results computed from them: the loss and the metrics.
    """

    def __init__(self, spec: ExperimentSpec) -> None:
        self._outputs = tuple(OutputTask(spec, output) for output in spec.outputs)
        self._names = ("loss", *spec.metric_names)
        self._own_losses = len(self._outputs) if len(self._outputs) > 1 else 0
        self.sum_count = 2 + self._own_losses + sum(output.sum_count for output in self._outputs)
        self.name_count = len(self._names)

    def encoded(self, y: Any, weights: np.ndarray | None = None) -> Any:
        """Encode the targets of each output for its loss: see `OutputTask.encoded`."""
        return self._each(lambda output, rows: output.encoded(rows, weights), y)

    def sample_losses(self, y: Any, prediction: Any) -> Any:
        """Return each sample's loss, times its weight; with several outputs the weighted sum of theirs.

        Args:
            y: (..., samples, *steps, units) of each output, as `encoded` makes it.
            prediction: likewise.

        Returns:
            (..., samples), the mean over steps.
        """
        return self.total(self.losses(y, prediction))

    def losses(self, y: Any, prediction: Any, counts: Any = None, *, by_batch: bool = False) -> Any:
        """Return each sample's loss by each output, (..., samples) each: see `OutputTask.sample_losses`."""

        def of_output(output: OutputTask, rows: Any, predicted: Any) -> Any:
            return output.sample_losses(rows, predicted, counts, by_batch=by_batch)

        return self._each(of_output, y, prediction)

    def total(self, losses: Any) -> Any:
        """Return the weighted sum of the outputs' losses: (..., samples) each -> (..., samples)."""
        weighted = self._each(lambda output, values: output.weighted(values), losses)
        return sum(weighted[1:], start=weighted[0]) if self._own_losses else weighted

    def sums(self, y: Any, prediction: Any, losses: Any, penalty: Any, counts: Any) -> Any:
        """Return the sums of a batch: (seeds, sums).

        Args:
            y: (seeds, batch, *steps, units) of each output, as `encoded` makes it.
            prediction: (seeds, batch, *steps, units) of each output.
            losses: (seeds, batch) of each output, as `losses` returns them.
            penalty: (seeds,) of the regularisers, added to each sample's loss.
            counts: (batch,) 1 for samples, 0 for padding; None if there is no padding.
        """
        targets = self._each(lambda output, rows, predicted: output.targets(rows, predicted), y, prediction)
        total = self.total(losses)
        # Each column is summed by itself: XLA would compute all of them for every entry of their concatenation.
        columns = [total[..., None] + ops.reshape(penalty, (-1, 1, 1)), ops.ones_like(total)[..., None]]
        if self._own_losses:
            columns += [values[..., None] for values in losses]
        for output, rows, predicted in self._by_output(targets, prediction):
            columns += output.columns(rows, predicted)  # (seeds, batch, sums) each
        if counts is not None:
            # Selected, not multiplied: an infinite loss of padding would become NaN.
            columns = [ops.where(counts[:, None] > 0, values, 0.0) for values in columns]
        return ops.concatenate([ops.sum(values, axis=1) for values in columns], axis=-1)

    def finish(self, sums: Any) -> Any:
        """Compute the mean loss, then the metrics: (seeds, sums) -> (seeds, names)."""
        count = ops.maximum(sums[:, 1], 1.0)  # avoids a NaN for an epoch without samples
        values, begin = {"loss": sums[:, 0] / count}, 2 + self._own_losses
        for place in range(self._own_losses):
            values[f"{self._outputs[place].prefix}loss"] = sums[:, 2 + place] / count
        for output in self._outputs:
            values |= output.finish(sums, begin, count)
            begin += output.sum_count
        return ops.stack([values[name] for name in self._names], axis=1)

    def evaluate(self, y: Any, prediction: Any, penalty: Any) -> Any:
        """Return loss and metrics over samples that all seeds share: (seeds, names)."""
        return self.finish(self.sums(y, prediction, self.losses(y, prediction, by_batch=True), penalty, None))

    def _each(self, compute: Callable[..., Any], *nests: Any) -> Any:
        """Return `compute` of each output and its parts of the nests, as a nest."""
        return nest([compute(*each) for each in self._by_output(*nests)])

    def _by_output(self, *nests: Any) -> Iterator[tuple[Any, ...]]:
        """Yield each output with its parts of the nests."""
        return zip(self._outputs, *map(flat, nests), strict=True)
