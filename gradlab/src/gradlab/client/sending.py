"""The part of the client that sends what was measured elsewhere."""

import json
import math
from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np

from gradlab.client.connection import Connection
from gradlab.schemas.experiments import ExperimentResponse
from gradlab.schemas.external import SeriesResponse
from gradlab.schemas.media_types import JSON

# One kind of series: its columns by name, or all in one array.
Values = Mapping[str, np.ndarray] | np.ndarray


class Sending(Connection):
    """Sends the series of trainings that run elsewhere to the experiments that were submitted for them."""

    def send(
        self,
        experiment_id: UUID | str,
        seed: int,
        *,
        from_epoch: int,
        metrics: Mapping[str, Sequence[float]] | None = None,
        series: Mapping[str, Values] | None = None,
    ) -> SeriesResponse:
        """Send the next epochs of a run. Sent again they change nothing.

        With neither metrics nor series it is a sign of life.

        Args:
            experiment_id: of an experiment with an `ExternalSpec`.
            seed: of the run.
            from_epoch: the first of the epochs.
            metrics: (epochs,) of each metric of the spec.
            series: of each kind that the spec records, column -> (recorded epochs, tensors), float32: bit for bit. One
                array of (recorded epochs, tensors, columns) is sent by position, which the next version does not read.
        """
        path = f"/experiments/{experiment_id}/runs/{seed}/series"
        content = written(from_epoch, metrics or {}, series or {})
        answer = self._ask("PUT", path, content=content, headers={"Content-Type": JSON})
        return SeriesResponse.read(answer.content)

    def end_run(self, experiment_id: UUID | str, seed: int, *, error: str | None = None) -> ExperimentResponse:
        """End a run: as completed or, with an error, as failed. Said again it changes nothing."""
        how = {"status": "completed"} if error is None else {"status": "failed", "error": error}
        answer = self._ask("POST", f"/experiments/{experiment_id}/runs/{seed}/end", json=how)
        return ExperimentResponse.read(answer.content)


def written(from_epoch: int, metrics: Mapping[str, Sequence[float]], series: Mapping[str, Values]) -> bytes:
    """Epochs as they are sent: JSON, each number with the nine digits that tell float32 numbers apart."""
    body = {
        "from_epoch": from_epoch,
        "metrics": {name: _rounded(np.asarray(values, np.float32)) for name, values in metrics.items()},
        "series": {kind: _kind(values) for kind, values in series.items()},
    }
    return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()


def _kind(values: Values) -> object:
    if isinstance(values, Mapping):
        return {column: _rounded(np.asarray(each, np.float32)) for column, each in values.items()}
    return _rounded(np.asarray(values, np.float32))


def _rounded(values: np.ndarray) -> object:
    if values.ndim:
        return [_rounded(each) for each in values]
    value = float(values)
    if math.isfinite(value):
        return float(f"{value:.9g}")
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
