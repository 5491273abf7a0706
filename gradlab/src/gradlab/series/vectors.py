"""Series of one vector per tensor and epoch: signals per time step, and counts of histograms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradlab.measurement.history import SeriesLayout, Tensor
from gradlab.measurement.rows import Rows
from gradlab.measurement.statistics import EDGES
from gradlab.schemas.series import (
    HistogramsResponse,
    LayerHistogramsResponse,
    LayerStepsResponse,
    RunHistogramsResponse,
    RunStepsResponse,
    StepsResponse,
)
from gradlab.series.epochs import Cut, Span, cut, nonfinite
from gradlab.series.identity import Identity
from gradlab.series.statistics import names_of


@dataclass(frozen=True)
class Vectors:
    """One vector per selected tensor and epoch: seed -> (epochs, selected tensors, places), all stored epochs.

    Attributes:
        of: the measured quantity: ``gradients``, ``weights`` or ``signals``.
        tensors: the selected tensors.
        quantity: the name of the numbers in a table; arrays use its plural.
        places: coordinates along the vectors: name -> (places,).
        lengths: number of places of each tensor; padding follows.
        runs: the vectors of each seed.
        cut: the epochs of the response.
    """

    of: str
    tensors: tuple[Tensor, ...]
    quantity: str
    places: dict[str, np.ndarray]
    lengths: tuple[int, ...]
    runs: dict[int, Rows]
    cut: Cut

    def vectors(self, tensor: int, rows: Rows) -> list[list[Any]]:
        """Select a run's vectors of one tensor on the common axis of epochs, without padding."""
        vectors: list[list[Any]] = self.cut.of(rows)[:, tensor, : self.lengths[tensor]].tolist()
        return vectors

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Iterate over the rows of a tidy table, the header first."""
        yield ("seed", "epoch", "layer", "parameter", *self.places, self.quantity)
        places = list(zip(*self.places.values(), strict=True))
        for seed, rows in self.runs.items():
            for epoch, vectors in zip(self.cut.epochs, self.cut.of(rows), strict=False):
                for tensor, length, vector in zip(self.tensors, self.lengths, vectors, strict=True):
                    for place, value in zip(places[:length], vector, strict=False):
                        yield (seed, epoch, tensor.layer, tensor.parameter, *place, value)

    def arrays(self) -> dict[str, np.ndarray]:
        """Build named arrays: the numbers are (seeds, epochs, tensors, places), NaN after a run's last epoch."""
        stacked = self.cut.stacked(self.runs, (len(self.tensors), len(next(iter(self.places.values())))))
        numbers = stacked.pop("values")
        axes = {"of": np.array(self.of), **self.places}
        return {**names_of(self.tensors), **axes, **stacked, f"{self.quantity}s": numbers}


class Steps(Vectors):
    """Back-propagated signals of recurrent layers at each of their time steps."""

    @classmethod
    def of_tensors(cls, layout: SeriesLayout, runs: dict[int, Rows], span: Span, chosen: Sequence[int]) -> "Steps":
        """Select tensors from runs of (epochs, tensors, steps).

        Raises:
            Invalid: the span ends before it begins.
        """
        tensors = tuple(layout.tensors[i] for i in chosen)
        lengths = tuple(tensor.shape[0] for tensor in tensors)  # pre-activations of recurrent layers are (time, units)
        places = {"step": np.array([int(step) for step in layout.columns], np.int64)}
        values = _select(runs, chosen)
        return cls("signals", tensors, "value", places, lengths, values, cut(values, span))

    def response(self, experiment: Identity) -> StepsResponse:
        """Build the response for JSON."""
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
    """Histograms of the entries of gradients or weights, with fixed bins."""

    @classmethod
    def of_tensors(
        cls, of: str, layout: SeriesLayout, runs: dict[int, Rows], span: Span, chosen: Sequence[int]
    ) -> "Histograms":
        """Select tensors from runs of (epochs, tensors, bins).

        Raises:
            Invalid: the span ends before it begins.
        """
        tensors = tuple(layout.tensors[i] for i in chosen)
        bins = len(layout.columns)
        places: dict[str, np.ndarray] = {
            "bin": np.arange(bins),
            "from": np.concatenate([[-np.inf], EDGES]).astype(np.float32),
            "below": np.concatenate([EDGES, [np.inf]]).astype(np.float32),
        }
        values = _select(runs, chosen)
        return cls(of, tensors, "count", places, (bins,) * len(tensors), values, cut(values, span))

    def response(self, experiment: Identity) -> HistogramsResponse:
        """Build the response for JSON."""
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


def _select(runs: dict[int, Rows], chosen: Sequence[int]) -> dict[int, Rows]:
    return {seed: Rows(rows.epochs, rows.values[:, list(chosen)]) for seed, rows in runs.items()}
