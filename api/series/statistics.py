"""One statistic of some tensors: of gradients, weights, activations or signals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from api.series.choice import choose_one
from api.series.epochs import Cut, Span, cut, nonfinite
from core.records import Experiment, Rows
from gradlab.measurement.history import SeriesLayout, Tensor, without_gradient
from gradlab.schemas.series import RunSeriesResponse, StatisticResponse, TensorSeriesResponse


@dataclass(frozen=True)
class TensorStatistic:
    """One statistic of the chosen tensors: seed -> (epochs, chosen tensors) float32, all stored epochs.

    Attributes:
        missing: for each chosen tensor, whether it has no gradient.
    """

    statistic: str
    parameters: tuple[str, ...]
    tensors: tuple[Tensor, ...]
    runs: dict[int, Rows]
    cut: Cut
    missing: tuple[bool, ...]

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
        """Chosen from runs of (epochs, tensors, columns).

        Raises:
            Invalid: there is no such statistic, or the epochs asked for end before they begin.
        """
        which = layout.columns.index(choose_one("statistic", statistic, layout.columns))
        values = {seed: Rows(rows.epochs, rows.values[:, list(chosen), which]) for seed, rows in runs.items()}
        tensors = tuple(layout.tensors[i] for i in chosen)
        asked_for = tuple(parameters) or tuple(dict.fromkeys(tensor.parameter for tensor in tensors))
        missing = tuple(_missing(layout, runs)[i] for i in chosen)
        return cls(statistic, asked_for, tensors, values, cut(values, span), missing)

    def answer(self, experiment: Experiment) -> StatisticResponse:
        """As JSON."""
        kept = {seed: self.cut.of(rows) for seed, rows in self.runs.items()}
        return StatisticResponse(
            experiment_id=experiment.id,
            status=experiment.status,
            statistic=self.statistic,
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

    def _run(self, seed: int, kept: np.ndarray, place: int) -> RunSeriesResponse:
        epochs, values = self.runs[seed]
        lost = None if self.missing[place] else nonfinite(epochs, values[:, place])
        return RunSeriesResponse.model_construct(seed=seed, values=kept.tolist(), first_nonfinite=lost)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """As the rows of a tidy table, its head first."""
        yield ("seed", "epoch", "layer", "parameter", "statistic", "value")
        for seed, rows in self.runs.items():
            for epoch, row in zip(self.cut.epochs, self.cut.of(rows), strict=False):
                for tensor, value in zip(self.tensors, row, strict=True):
                    yield (seed, epoch, tensor.layer, tensor.parameter, self.statistic, value)

    def arrays(self) -> dict[str, np.ndarray]:
        """As named arrays; `values` (seeds, epochs, tensors) is NaN after a run's last epoch, see `lengths`."""
        return {
            **names_of(self.tensors),
            "statistic": np.array(self.statistic),
            **self.cut.stacked(self.runs, (len(self.tensors),)),
        }


def _missing(layout: SeriesLayout, runs: dict[int, Rows]) -> list[bool]:
    """For each tensor, whether no run has a gradient of it."""
    if layout.kind != "gradients" or not any(len(rows.values) for rows in runs.values()):
        return [False] * len(layout.tensors)
    by_run = [without_gradient(layout, rows.values) for rows in runs.values() if len(rows.values)]
    return list(np.all(by_run, axis=0).tolist())


def names_of(tensors: Sequence[Tensor]) -> dict[str, np.ndarray]:
    """The arrays that say which tensors there are."""
    return {
        "layers": np.array([tensor.layer for tensor in tensors], dtype=np.str_),
        "parameters": np.array([tensor.parameter for tensor in tensors], dtype=np.str_),
    }
