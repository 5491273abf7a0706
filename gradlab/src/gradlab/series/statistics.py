"""Series of one statistic of the selected tensors: of gradients, weights, activations or signals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradlab.measurement.history import SeriesLayout, Tensor, without_gradient
from gradlab.measurement.kinds import BY_NAME
from gradlab.measurement.rows import Rows
from gradlab.schemas.series import RunSeriesResponse, StatisticResponse, TensorSeriesResponse
from gradlab.series.choice import choose_one, choose_tensors
from gradlab.series.epochs import Cut, Span, cut, nonfinite
from gradlab.series.identity import Identity


@dataclass(frozen=True)
class TensorStatistic:
    """One statistic of the selected tensors: seed -> (epochs, selected tensors) float32, all stored epochs.

    Attributes:
        statistic: its name.
        parameters: the requested parameters; those of the tensors by default.
        tensors: the selected tensors.
        runs: the values of each seed.
        cut: the epochs of the response.
        missing: for each selected tensor, True if it has no gradient.
        undefined: the condition under which a tensor has no such number; empty if every tensor has one.
    """

    statistic: str
    parameters: tuple[str, ...]
    tensors: tuple[Tensor, ...]
    runs: dict[int, Rows]
    cut: Cut
    missing: tuple[bool, ...]
    undefined: str = ""

    @classmethod
    def of_names(
        cls,
        layout: SeriesLayout,
        runs: dict[int, Rows],
        span: Span,
        statistic: str,
        *,
        layers: Sequence[str],
        parameters: Sequence[str],
    ) -> "TensorStatistic":
        """Select one statistic of the tensors of layers and parameters, as `choose_tensors` does.

        Raises:
            Invalid: there is no such statistic, layer or parameter, or the span ends before it begins.
        """
        chosen = choose_tensors(layout, layers, parameters)
        return cls.of(layout, runs, span, statistic=statistic, parameters=parameters, chosen=chosen)

    @classmethod
    def of(
        cls,
        layout: SeriesLayout,
        runs: dict[int, Rows],
        span: Span,
        *,
        statistic: str,
        parameters: Sequence[str],
        chosen: Sequence[int],
    ) -> "TensorStatistic":
        """Select one statistic from runs of (epochs, tensors, columns).

        Raises:
            Invalid: there is no such statistic, or the span ends before it begins.
        """
        column = layout.columns.index(choose_one("statistic", statistic, layout.columns))
        values = {seed: Rows(rows.epochs, rows.values[:, list(chosen), column]) for seed, rows in runs.items()}
        tensors = tuple(layout.tensors[i] for i in chosen)
        requested = tuple(parameters) or tuple(dict.fromkeys(tensor.parameter for tensor in tensors))
        is_missing = _missing(layout, runs)
        missing = tuple(is_missing[i] for i in chosen)
        undefined = BY_NAME[layout.kind].statistic(statistic).missing
        return cls(statistic, requested, tensors, values, cut(values, span), missing, undefined)

    def response(self, experiment: Identity) -> StatisticResponse:
        """Build the response for JSON."""
        kept = {seed: self.cut.of(rows) for seed, rows in self.runs.items()}
        return StatisticResponse(
            experiment_id=experiment.id,
            status=experiment.status,
            statistic=self.statistic,
            missing=self.undefined,
            parameter=",".join(self.parameters),
            epochs=self.cut.epochs.tolist(),
            sampling=self.cut.sampling,
            layers=[
                TensorSeriesResponse(
                    **vars(tensor),
                    no_gradient=self.missing[i],
                    runs=[self._run(seed, values[:, i], i) for seed, values in kept.items()],
                )
                for i, tensor in enumerate(self.tensors)
            ],
        )

    def _run(self, seed: int, kept: np.ndarray, index: int) -> RunSeriesResponse:
        epochs, values = self.runs[seed]
        # A number that is not defined is no failure.
        is_lost = not self.missing[index] and not self.undefined
        first = nonfinite(epochs, values[:, index]) if is_lost else None
        return RunSeriesResponse.model_construct(seed=seed, values=kept.tolist(), first_nonfinite=first)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Iterate over the rows of a tidy table, the header first."""
        yield ("seed", "epoch", "layer", "parameter", "statistic", "value")
        for seed, rows in self.runs.items():
            for epoch, row in zip(self.cut.epochs, self.cut.of(rows), strict=False):
                for tensor, value in zip(self.tensors, row, strict=True):
                    yield (seed, epoch, tensor.layer, tensor.parameter, self.statistic, value)

    def arrays(self) -> dict[str, np.ndarray]:
        """Build named arrays: `values` (seeds, epochs, tensors) is NaN after a run's last epoch, see `lengths`."""
        return {
            **names_of(self.tensors),
            "statistic": np.array(self.statistic),
            **self.cut.stacked(self.runs, (len(self.tensors),)),
        }


def _missing(layout: SeriesLayout, runs: dict[int, Rows]) -> list[bool]:
    """Return, for each tensor, True if no run has a gradient of it."""
    if layout.kind != "gradients" or not any(len(rows.values) for rows in runs.values()):
        return [False] * len(layout.tensors)
    by_run = [without_gradient(layout, rows.values) for rows in runs.values() if len(rows.values)]
    return list(np.all(by_run, axis=0).tolist())


def names_of(tensors: Sequence[Tensor]) -> dict[str, np.ndarray]:
    """Build the arrays with the layers and parameters of tensors."""
    return {
        "layers": np.array([tensor.layer for tensor in tensors], dtype=np.str_),
        "parameters": np.array([tensor.parameter for tensor in tensors], dtype=np.str_),
    }
