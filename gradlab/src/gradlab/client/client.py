"""Typed client of the service, for the command line and for scripts."""

import io
import json
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from gradlab import schemas
from gradlab.client.connection import Refused, Unreachable
from gradlab.client.datasets import Datasets
from gradlab.client.events import StreamedEvent
from gradlab.client.listing import Listing
from gradlab.client.reporting import Reporting
from gradlab.client.sending import Sending
from gradlab.client.starting import Starting
from gradlab.client.studying import Studying
from gradlab.client.treating import Treating
from gradlab.measurement.kinds import BY_NAME
from gradlab.schemas.media_types import CSV, NPZ

if TYPE_CHECKING:
    from gradlab.spec import AnySpec, ExperimentSpec

__all__ = ["Client", "Refused", "StreamedEvent", "Unreachable"]


class Client(Listing, Sending, Treating, Studying, Reporting, Datasets, Starting):
    """Client of one service. Close it, or use it in a `with` block.

    Args:
        url: address of the service.
        api_key: its API key, if it has one.
        timeout: maximum wait for a response, in seconds.

    Raises (every method):
        Refused: the service refused the request; `problem` is the problem document.
        Unreachable: the service did not respond, or with 503, or not as this version's does.
    """

    def is_alive(self) -> bool:
        """True if the service responds."""
        try:
            return self._request("GET", "/livez").status_code == 200
        except (Unreachable, Refused):
            return False

    def submit(
        self, spec: "AnySpec | dict[str, Any]", *, idempotency_key: str | None = None
    ) -> "schemas.ExperimentResponse":
        """Submit an experiment; an `ExternalSpec` creates one for an external training.

        A dict is sent as it is, and the service names what is wrong with it. The request has an idempotency key, and is
        repeated once if its response is lost.
        """
        return self._read(schemas.ExperimentResponse, self._post_once("/experiments", _body(spec), idempotency_key))

    def validate(self, spec: "ExperimentSpec | dict[str, Any]") -> "schemas.ValidationResponse":
        """Validate a spec, count its parameters and estimate its cost."""
        return self._read(schemas.ValidationResponse, self._post("/experiments/validate", _body(spec)))

    def triage(self, spec: "ExperimentSpec | dict[str, Any]") -> "schemas.DiagnosisResponse":
        """Diagnose a spec's networks before they are trained."""
        return self._read(schemas.DiagnosisResponse, self._post("/experiments/triage", _body(spec)))

    def translate(self, configuration: str) -> "schemas.TranslationResponse":
        """Translate the text of a Keras model's configuration to parts of a spec.

        The text is that of `model.to_json()`; `gradlab.client.keras_file.read_configuration` reads it from a file.
        """
        return self._read(schemas.TranslationResponse, self._post("/models/translate", configuration))

    def draft(self, request: "schemas.DraftRequest") -> "schemas.DraftResponse":
        """Put a Keras model and an uploaded dataset together as a spec. Nothing is stored or trained."""
        return self._read(schemas.DraftResponse, self._post("/models/draft", request.model_dump_json(by_alias=True)))

    def diagnosis(self, experiment_id: UUID | str) -> "schemas.ExperimentDiagnosisResponse":
        """Diagnose an experiment from the epochs recorded so far."""
        response = self._request("GET", f"/experiments/{experiment_id}/diagnosis")
        return self._read(schemas.ExperimentDiagnosisResponse, response)

    def get(self, experiment_id: UUID | str) -> "schemas.ExperimentResponse":
        """Get an experiment."""
        return self._read(schemas.ExperimentResponse, self._request("GET", f"/experiments/{experiment_id}"))

    def cancel(self, experiment_id: UUID | str) -> "schemas.ExperimentResponse":
        """Cancel an experiment. Recorded series are kept."""
        response = self._request("POST", f"/experiments/{experiment_id}/cancel")
        return self._read(schemas.ExperimentResponse, response)

    def delete(self, experiment_id: UUID | str) -> None:
        """Delete an experiment with all its series."""
        self._request("DELETE", f"/experiments/{experiment_id}")

    def history(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Named arrays: `metrics`, `seeds`, `epochs`, `lengths`, `values` (seeds, epochs, metrics) float32."""
        return self._arrays(experiment_id, "history", query)

    def gradients(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Named arrays: `layers`, `parameters`, `statistic`, `seeds`, `epochs`, `lengths`, `values` (seeds, epochs,
        tensors) float32."""
        return self._arrays(experiment_id, "gradients", query)

    def weights(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Named arrays like those of `gradients`."""
        return self._arrays(experiment_id, "weights", query)

    def activations(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Named arrays like those of `gradients`."""
        return self._arrays(experiment_id, "activations", query)

    def signals(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Named arrays like those of `gradients`."""
        return self._arrays(experiment_id, "signals", query)

    def signal_steps(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Named arrays like those of `gradients`, with `step` (steps,); `values` is (seeds, epochs, tensors, steps)."""
        return self._arrays(experiment_id, "signals/steps", query)

    def histograms(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Named arrays like those of `gradients`, with `of`, `bin`, `from` and `below` (bins,); `counts` is (seeds,
        epochs, tensors, bins).

        A bin counts entries x with `from` ≤ x < `below`.
        """
        return self._arrays(experiment_id, "histograms", query)

    def boundary(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Named arrays: `layer`, `classes`, `threshold`, `x` and `y` (32,), `seeds`, `epochs`, `lengths`, and `values`
        (seeds, epochs, classes, 32, 32) float32: outputs on a grid over the plane of two inputs."""
        return self._arrays(experiment_id, "boundary", query)

    def samples(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Named arrays: `training` and `validation` (samples, 2) float32, and their targets, `training_answers` and
        `validation_answers` (samples,)."""
        return self._arrays(experiment_id, "samples", query)

    def series(self, experiment_id: UUID | str, kind: str, **query: Any) -> dict[str, np.ndarray]:
        """Named arrays of any kind of series, by its name in the catalogue.

        Raises:
            KeyError: there is no such kind.
        """
        series_kind = BY_NAME[kind]
        return self._arrays(experiment_id, series_kind.path, {**series_kind.query, **query})

    def file(self, experiment_id: UUID | str, series: str, media_type: str = CSV, **query: Any) -> bytes:
        """Return a series as the content of a file of this media type."""
        path = f"/experiments/{experiment_id}/{series}"
        return bytes(self._request("GET", path, params=query, headers={"Accept": media_type}).content)

    def charts(self, experiment_id: UUID | str) -> list[str]:
        """Names of the charts of an experiment."""
        response = self._request("GET", f"/experiments/{experiment_id}/charts")
        return [chart.name for chart in self._read(schemas.ChartsResponse, response).charts]

    def chart(self, experiment_id: UUID | str, name: str, form: str = "svg", **query: Any) -> bytes:
        """Return a chart as the content of a file; `form` is svg or png."""
        path = f"/experiments/{experiment_id}/charts/{name}.{form}"
        return bytes(self._request("GET", path, params=query).content)

    def events(
        self, experiment_id: UUID | str, *, last_id: str | None = None, replay: bool = True
    ) -> Iterator[StreamedEvent]:
        """Iterate over the events of an experiment, until the last one or until the service stops.

        Args:
            experiment_id: id of the experiment.
            last_id: id of the last event received; the stream resumes after it.
            replay: if there is no `last_id`, True to receive stored epochs first.
        """
        yield from self._events(f"/experiments/{experiment_id}/events", last_id, replay)

    def export(self, experiment_id: UUID | str, name: str, to: IO[bytes], **query: Any) -> None:
        """Write an export to a file while it arrives: `tensorboard.zip`, `series.parquet`, `series.npz`, or a network,
        `runs/0/model.keras`."""
        with self._stream(f"/experiments/{experiment_id}/{name}", params=query) as response:
            for piece in response.iter_bytes():
                to.write(piece)

    def frame(self, experiment_id: UUID | str, **query: Any) -> Any:
        """Return the series as a pandas data frame, one number a row; `kind` and `seed` select some. Needs pandas."""
        from gradlab.schemas.html import frame

        file = io.BytesIO()
        self.export(experiment_id, "series.parquet", file, **query)
        return frame(file)

    def wait(
        self,
        experiment_id: UUID | str,
        *,
        progress: "Callable[[schemas.ExperimentResponse], None]" = lambda _: None,
        patience: float = 60.0,
    ) -> "schemas.ExperimentResponse":
        """Wait until an experiment has finished.

        Args:
            experiment_id: id of the experiment.
            progress: called with the experiment after each change.
            patience: maximum time without a response of the service, in seconds; a restart takes less.
        """

        def is_over(experiment: "schemas.ExperimentResponse") -> bool:
            return experiment.status.is_finished

        path, live = f"/experiments/{experiment_id}", self._statuses(experiment_id)
        return self._wait(schemas.ExperimentResponse, path, is_over, progress, patience, live)

    def _statuses(self, experiment_id: UUID | str) -> "Iterator[schemas.ExperimentResponse]":
        """Iterate over the states of an experiment, from its event stream."""
        spec = self.get(experiment_id).spec.model_dump(mode="json")
        for event in self.events(experiment_id, replay=False):
            if event.name == "status":
                yield schemas.ExperimentResponse.read(json.dumps(event.data | {"spec": spec}))

    def _arrays(self, experiment_id: UUID | str, series: str, query: dict[str, Any]) -> dict[str, np.ndarray]:
        with np.load(io.BytesIO(self.file(experiment_id, series, NPZ, **query)), allow_pickle=False) as archive:
            return dict(archive)


def _body(spec: "AnySpec | dict[str, Any]") -> str:
    return json.dumps(spec) if isinstance(spec, dict) else spec.canonical()
