"""A vector per tensor and epoch: the signal at each time step, a histogram's counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from api.series.epochs import Cut, Span, cut, nonfinite
from api.series.statistics import names_of
from core.records import Experiment, Rows
from gradlab.measurement.history import SeriesLayout, Tensor
from gradlab.measurement.statistics import EDGES
from gradlab.schemas.series import (
    HistogramsResponse,
    LayerHistogramsResponse,
    LayerStepsResponse,
    RunHistogramsResponse,
    RunStepsResponse,
    StepsResponse,
)


@dataclass(frozen=True)
class Vectors:
    """A vector for each chosen tensor and epoch: seed -> (epochs, chosen tensors, places), all stored epochs.

    Attributes:
        of: what they are about: ``gradients``, ``weights`` or ``signals``.
        quantity: what the numbers are called in a table, and, in the plural, among arrays.
        places: what lies along the vectors: name -> (places,).
        lengths: how many places each tensor has; what lies behind is padding.
    """

    of: str
    tensors: tuple[Tensor, ...]
    quantity: str
    places: dict[str, np.ndarray]
    lengths: tuple[int, ...]
    runs: dict[int, Rows]
    cut: Cut

    def vectors(self, tensor: int, rows: Rows) -> list[list[Any]]:
        """A run's vectors of one tensor on the common axis of epochs, without padding."""
        found: list[list[Any]] = self.cut.of(rows)[:, tensor, : self.lengths[tensor]].tolist()
        return found

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """As the rows of a tidy table, its head first."""
        yield ("seed", "epoch", "layer", "parameter", *self.places, self.quantity)
        places = list(zip(*self.places.values(), strict=True))
        for seed, rows in self.runs.items():
            for epoch, vectors in zip(self.cut.epochs, self.cut.of(rows), strict=False):
                for tensor, length, vector in zip(self.tensors, self.lengths, vectors, strict=True):
                    for place, value in zip(places[:length], vector, strict=False):
                        yield (seed, epoch, tensor.layer, tensor.parameter, *place, value)

    def arrays(self) -> dict[str, np.ndarray]:
        """As named arrays; the numbers are (seeds, epochs, tensors, places), NaN after a run's last epoch."""
        stacked = self.cut.stacked(self.runs, (len(self.tensors), len(next(iter(self.places.values())))))
        numbers = stacked.pop("values")
        about = {"of": np.array(self.of), **self.places}
        return {**names_of(self.tensors), **about, **stacked, f"{self.quantity}s": numbers}


class Steps(Vectors):
    """The back-propagated signal of recurrent layers at each of their time steps."""

    @classmethod
    def chosen(cls, layout: SeriesLayout, runs: dict[int, Rows], span: Span, chosen: Sequence[int]) -> "Steps":
        """Chosen from runs of (epochs, tensors, steps). Raises Invalid where the epochs end before they begin."""
        tensors = tuple(layout.tensors[i] for i in chosen)
        lengths = tuple(tensor.shape[0] for tensor in tensors)  # of a recurrent layer's pre-activations: (time, units)
        places = {"step": np.array([int(step) for step in layout.columns], np.int64)}
        values = _only(runs, chosen)
        return cls("signals", tensors, "value", places, lengths, values, cut(values, span))

    def answer(self, experiment: Experiment) -> StepsResponse:
        """As JSON."""
        return StepsResponse(
            experiment_id=experiment.id,
            status=experiment.status,
            epochs=self.cut.epochs.tolist(),
            sampling=self.cut.sampling,
            layers=[
                LayerStepsResponse(**vars(tensor), runs=[self._run(i, *run) for run in self.runs.items()])
                for i, tensor in enumerate(self.tensors)
            ],
        )

    def _run(self, tensor: int, seed: int, rows: Rows) -> RunStepsResponse:
        stored = rows.values[:, tensor, : self.lengths[tensor]]
        return RunStepsResponse.model_construct(
            seed=seed, values=self.vectors(tensor, rows), first_nonfinite=nonfinite(rows.epochs, stored)
        )


class Histograms(Vectors):
    """How the entries of gradients or weights are distributed over fixed bins."""

    @classmethod
    def chosen(
        cls, of: str, layout: SeriesLayout, runs: dict[int, Rows], span: Span, chosen: Sequence[int]
    ) -> "Histograms":
        """Chosen from runs of (epochs, tensors, bins). Raises Invalid where the epochs end before they begin."""
        tensors = tuple(layout.tensors[i] for i in chosen)
        bins = len(layout.columns)
        places: dict[str, np.ndarray] = {
            "bin": np.arange(bins),
            "from": np.concatenate([[-np.inf], EDGES]).astype(np.float32),
            "below": np.concatenate([EDGES, [np.inf]]).astype(np.float32),
        }
        values = _only(runs, chosen)
        return cls(of, tensors, "count", places, (bins,) * len(tensors), values, cut(values, span))

    def answer(self, experiment: Experiment) -> HistogramsResponse:
        """As JSON."""
        return HistogramsResponse(
            experiment_id=experiment.id,
            status=experiment.status,
            of=self.of,
            edges=EDGES.tolist(),
            epochs=self.cut.epochs.tolist(),
            sampling=self.cut.sampling,
            layers=[
                LayerHistogramsResponse(
                    **vars(tensor),
                    runs=[
                        RunHistogramsResponse.model_construct(seed=seed, counts=self.vectors(i, rows))
                        for seed, rows in self.runs.items()
                    ],
                )
                for i, tensor in enumerate(self.tensors)
            ],
        )


def _only(runs: dict[int, Rows], chosen: Sequence[int]) -> dict[int, Rows]:
    return {seed: Rows(rows.epochs, rows.values[:, list(chosen)]) for seed, rows in runs.items()}
