"""Requests of external trainings, as a part of the client."""

import json
import math
from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np

from gradlab import schemas
from gradlab.client.connection import Connection
from gradlab.facts import Facts, Wiring
from gradlab.measurement.plane import Plane
from gradlab.schemas.media_types import JSON

# Series of one kind: columns by name, or all columns in one array.
Values = Mapping[str, np.ndarray] | np.ndarray


class Sending(Connection):
    """Sends the series of external trainings to the experiments that were submitted for them."""

    def send(
        self,
        experiment_id: UUID | str,
        seed: int,
        *,
        from_epoch: int,
        metrics: Mapping[str, Sequence[float]] | None = None,
        series: Mapping[str, Values] | None = None,
    ) -> "schemas.SeriesResponse":
        """Send the next epochs of a run. To send epochs again changes nothing.

        Without metrics and series the request is a sign of life.

        Args:
            experiment_id: id of an experiment with an `ExternalSpec`.
            seed: seed of the run.
            from_epoch: first epoch of the request.
            metrics: metric -> values (epochs,); all metrics of the spec.
            series: kind -> column -> values (recorded epochs, tensors) float32, sent bit for bit; all kinds that the
                spec records. An array (recorded epochs, tensors, columns) in place of the columns is deprecated: the
                next version of the service does not accept it.
        """
        path = f"/experiments/{experiment_id}/runs/{seed}/series"
        content = encode_series(from_epoch, metrics or {}, series or {})
        response = self._request("PUT", path, content=content, headers={"Content-Type": JSON})
        return self._read(schemas.SeriesResponse, response)

    def send_facts(self, experiment_id: UUID | str, facts: Facts) -> None:
        """Send the facts about the data of an external training, in place of those that were sent before."""
        self._put(f"/experiments/{experiment_id}/facts", facts)

    def send_wiring(self, experiment_id: UUID | str, seed: int, wiring: Wiring) -> None:
        """Send how a run of an external training is put together, in place of what was sent before."""
        self._put(f"/experiments/{experiment_id}/runs/{seed}/wiring", wiring)

    def send_boundary(self, experiment_id: UUID | str, seed: int, epoch: int, plane: Plane) -> None:
        """Send the outputs of a run's network over the plane of its two inputs, in place of what was sent before.

        Args:
            experiment_id: id of an experiment with an `ExternalSpec`.
            seed: seed of the run.
            epoch: stored epoch after which they were computed.
            plane: the outputs; see `gradlab.measurement.plane`.
        """
        body = {"epoch": epoch, "x": _rounded(plane.x), "y": _rounded(plane.y), "values": _rounded(plane.outputs)}
        content = json.dumps(body, separators=(",", ":"), allow_nan=False)
        path = f"/experiments/{experiment_id}/runs/{seed}/boundary"
        self._request("PUT", path, content=content, headers={"Content-Type": JSON})

    def facts(self, experiment_id: UUID | str) -> Facts:
        """Return the facts about an experiment's data. Raises NotFound while there are none."""
        return Facts.model_validate_json(self._request("GET", f"/experiments/{experiment_id}/facts").content)

    def _put(self, path: str, sent: Facts | Wiring) -> None:
        self._request("PUT", path, content=sent.model_dump_json(), headers={"Content-Type": JSON})

    def end_run(
        self, experiment_id: UUID | str, seed: int, *, error: str | None = None
    ) -> "schemas.ExperimentResponse":
        """End a run as completed; with an error, as failed. To end it again changes nothing."""
        body = {"status": "completed"} if error is None else {"status": "failed", "error": error}
        response = self._request("POST", f"/experiments/{experiment_id}/runs/{seed}/end", json=body)
        return self._read(schemas.ExperimentResponse, response)

    def resume_run(
        self, experiment_id: UUID | str, seed: int, *, after: int | None = None, epochs: int | None = None
    ) -> "schemas.ExperimentResponse":
        """Let a run go on, whether or not it has ended.

        Args:
            experiment_id: id of an experiment with an `ExternalSpec`.
            seed: seed of the run.
            after: epoch from whose state it goes on; epochs behind it are dropped. None for the last one.
            epochs: last planned epoch from now on; None if that stays.
        """
        body = {"after": after, "epochs": epochs}
        response = self._request("POST", f"/experiments/{experiment_id}/runs/{seed}/resume", json=body)
        return self._read(schemas.ExperimentResponse, response)


def encode_series(from_epoch: int, metrics: Mapping[str, Sequence[float]], series: Mapping[str, Values]) -> bytes:
    """Encode epochs as JSON. Numbers have nine digits, which identify a float32."""
    body = {
        "from_epoch": from_epoch,
        "metrics": {name: _rounded(np.asarray(values, np.float32)) for name, values in metrics.items()},
        "series": {kind: _kind(values) for kind, values in series.items()},
    }
    return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()


def _kind(values: Values) -> object:
    if isinstance(values, Mapping):
        return {column: _rounded(np.asarray(numbers, np.float32)) for column, numbers in values.items()}
    return _rounded(np.asarray(values, np.float32))


def _rounded(values: np.ndarray) -> object:
    if values.ndim:
        return [_rounded(entry) for entry in values]
    value = float(values)
    if math.isfinite(value):
        return float(f"{value:.9g}")
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
