"""Series of metrics: loss, accuracy and others with one number per epoch."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradlab.measurement.rows import Rows
from gradlab.schemas.series import HistoryResponse, RunHistoryResponse
from gradlab.series.epochs import Cut, nonfinite
from gradlab.series.identity import Identity


@dataclass(frozen=True)
class Metrics:
    """Metrics of the selected runs: seed -> (epochs, metrics) float32, all stored epochs."""

    names: tuple[str, ...]
    runs: dict[int, Rows]
    cut: Cut

    def response(self, experiment: Identity) -> HistoryResponse:
        """Build the response for JSON."""
        return HistoryResponse(
            experiment_id=experiment.id,
            status=experiment.status,
            epochs=self.cut.epochs.tolist(),
            sampling=self.cut.sampling,
            runs=[self._run(seed, rows) for seed, rows in self.runs.items()],
        )

    def _run(self, seed: int, rows: Rows) -> RunHistoryResponse:
        columns = dict(zip(self.names, rows.values.T, strict=True))
        return RunHistoryResponse.model_construct(
            seed=seed,
            metrics=dict(zip(self.names, self.cut.of(rows).T.tolist(), strict=True)),
            first_nonfinite={name: nonfinite(rows.epochs, values) for name, values in columns.items()},
        )

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Iterate over the rows of a tidy table, the header first."""
        yield ("seed", "epoch", "metric", "value")
        for seed, rows in self.runs.items():
            for epoch, row in zip(self.cut.epochs, self.cut.of(rows), strict=False):
                for name, value in zip(self.names, row, strict=True):
                    yield (seed, epoch, name, value)

    def arrays(self) -> dict[str, np.ndarray]:
        """Build named arrays: `values` (seeds, epochs, metrics) is NaN after a run's last epoch, see `lengths`."""
        names = np.array(self.names, dtype=np.str_)
        return {"metrics": names, **self.cut.stacked(self.runs, (len(names),))}
