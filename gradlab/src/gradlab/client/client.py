"""A small typed client of the service: what the command line is built on, and anybody's script may be."""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import numpy as np

from gradlab.client.connection import Refused, Unreachable
from gradlab.client.events import EVENT_STREAM, StreamedEvent, read_events
from gradlab.client.polling import watch
from gradlab.client.sending import Sending
from gradlab.measurement.kinds import BY_NAME
from gradlab.schemas.charts import ChartsResponse
from gradlab.schemas.diagnosis import DiagnosisResponse, ExperimentDiagnosisResponse
from gradlab.schemas.experiments import ExperimentResponse, ExperimentsResponse, ValidationResponse
from gradlab.schemas.html import frame
from gradlab.schemas.media_types import CSV, JSON, NPZ
from gradlab.schemas.status import Status, TreatmentStatus
from gradlab.schemas.treatments import TreatmentRequest, TreatmentResponse, TreatmentsResponse
from gradlab.spec import AnySpec, ExperimentSpec

if TYPE_CHECKING:
    import httpx2

SILENCE = 45.0  # seconds after which a stream is dead that is told to be alive every 15

__all__ = ["Client", "Refused", "StreamedEvent", "Unreachable"]

Body = AnySpec | TreatmentRequest


class Client(Sending):
    """One service, for as long as a `with` block lasts or until it is closed.

    Args:
        url: where it listens.
        api_key: its key, if it asks for one.
        timeout: seconds to wait for each answer.

    Raises (every method):
        Refused: with the problem document.
        Unreachable: there was no answer, or 503.
    """

    def is_alive(self) -> bool:
        """Whether the service answers at all."""
        try:
            return self._ask("GET", "/livez").status_code == 200
        except (Unreachable, Refused):
            return False

    def submit(self, spec: AnySpec, *, idempotency_key: str | None = None) -> ExperimentResponse:
        """Queue an experiment, or open one for a training that runs elsewhere.

        It is safe to send again what may have been lost: a key of its own goes with it.
        """
        return ExperimentResponse.read(self._post_once("/experiments", spec, idempotency_key).content)

    def validate(self, spec: ExperimentSpec) -> ValidationResponse:
        """Have a spec checked, counted and estimated."""
        return ValidationResponse.read(self._post("/experiments/validate", spec).content)

    def triage(self, spec: ExperimentSpec) -> DiagnosisResponse:
        """Have a spec's networks looked at before they are trained."""
        return DiagnosisResponse.read(self._post("/experiments/triage", spec).content)

    def diagnosis(self, experiment_id: UUID | str) -> ExperimentDiagnosisResponse:
        """What is wrong with an experiment, as far as it has come."""
        answer = self._ask("GET", f"/experiments/{experiment_id}/diagnosis")
        return ExperimentDiagnosisResponse.read(answer.content)

    def treat(
        self,
        experiment_id: UUID | str,
        request: TreatmentRequest | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> TreatmentResponse:
        """Begin to find out which change cures an experiment; by default what its diagnosis names is tried.

        It is safe to send again what may have been lost: a key of its own goes with it.
        """
        path, body = f"/experiments/{experiment_id}/treatments", request or TreatmentRequest()
        return TreatmentResponse.read(self._post_once(path, body, idempotency_key).content)

    def treatment(self, experiment_id: UUID | str, treatment_id: UUID | str) -> TreatmentResponse:
        """Look at a treatment."""
        answer = self._ask("GET", f"/experiments/{experiment_id}/treatments/{treatment_id}")
        return TreatmentResponse.read(answer.content)

    def treatments(self, experiment_id: UUID | str) -> Iterator[TreatmentResponse]:
        """All treatments of an experiment, newest first, fetched a page at a time."""
        following: str | None = f"/experiments/{experiment_id}/treatments"
        while following is not None:
            page = TreatmentsResponse.read(self._ask("GET", following).content)
            yield from page.treatments
            following = page.next

    def cancel_treatment(self, experiment_id: UUID | str, treatment_id: UUID | str) -> TreatmentResponse:
        """Cancel a treatment; what is finished is kept."""
        answer = self._ask("POST", f"/experiments/{experiment_id}/treatments/{treatment_id}/cancel")
        return TreatmentResponse.read(answer.content)

    def continue_treatment(self, experiment_id: UUID | str, treatment_id: UUID | str) -> TreatmentResponse:
        """Continue a treatment that was cancelled, or failed."""
        answer = self._ask("POST", f"/experiments/{experiment_id}/treatments/{treatment_id}/continue")
        return TreatmentResponse.read(answer.content)

    def get(self, experiment_id: UUID | str) -> ExperimentResponse:
        """Look at an experiment."""
        return ExperimentResponse.read(self._ask("GET", f"/experiments/{experiment_id}").content)

    def experiments(self, *, status: Status | Sequence[Status] | None = None) -> Iterator[ExperimentResponse]:
        """All experiments, newest first, fetched a page at a time; of one status, or of any of several."""
        statuses = [status] if isinstance(status, Status) else status or ()
        following: str | None = f"/experiments?{urlencode([('status', each) for each in statuses])}"
        while following is not None:
            page = ExperimentsResponse.read(self._ask("GET", following).content)
            yield from page.experiments
            following = page.next

    def cancel(self, experiment_id: UUID | str) -> ExperimentResponse:
        """Cancel an experiment."""
        answer = self._ask("POST", f"/experiments/{experiment_id}/cancel")
        return ExperimentResponse.read(answer.content)

    def delete(self, experiment_id: UUID | str) -> None:
        """Delete an experiment with all its series."""
        self._ask("DELETE", f"/experiments/{experiment_id}")

    def history(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Named arrays: `metrics`, `seeds`, `epochs`, `lengths`, `values` (seeds, epochs, metrics) float32."""
        return self._arrays(experiment_id, "history", query)

    def gradients(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Named arrays: `layers`, `parameters`, `statistic`, `seeds`, `epochs`, `lengths`, `values` (seeds, epochs,
        tensors) float32."""
        return self._arrays(experiment_id, "gradients", query)

    def weights(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Like `gradients`."""
        return self._arrays(experiment_id, "weights", query)

    def activations(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Like `gradients`."""
        return self._arrays(experiment_id, "activations", query)

    def signals(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Like `gradients`."""
        return self._arrays(experiment_id, "signals", query)

    def signal_steps(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Like `gradients`, with `step` (steps,), and `values` (seeds, epochs, tensors, steps)."""
        return self._arrays(experiment_id, "signals/steps", query)

    def histograms(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Like `gradients`, with `of`, `bin`, `from` and `below` (bins,), and `counts` (seeds, epochs, tensors, bins).

        A bin holds what is at least `from` and below `below`.
        """
        return self._arrays(experiment_id, "histograms", query)

    def boundary(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Named arrays: `layer`, `classes`, `threshold`, `x` and `y` (32,), `seeds`, `epochs`, `lengths`, and `values`
        (seeds, epochs, classes, 32, 32) float32: what the networks answer over the plane of two inputs."""
        return self._arrays(experiment_id, "boundary", query)

    def samples(self, experiment_id: UUID | str, **query: Any) -> dict[str, np.ndarray]:
        """Named arrays: `training` and `validation` (samples, 2) float32, and their answers, `training_answers` and
        `validation_answers` (samples,)."""
        return self._arrays(experiment_id, "samples", query)

    def series(self, experiment_id: UUID | str, kind: str, **query: Any) -> dict[str, np.ndarray]:
        """Named arrays of any kind of series, by its name in the catalogue: those of the method that is named after it.

        Raises:
            KeyError: there is no such kind.
        """
        which = BY_NAME[kind]
        return self._arrays(experiment_id, which.path, {**which.query, **query})

    def file(self, experiment_id: UUID | str, series: str, media_type: str = CSV, **query: Any) -> bytes:
        """A series as it goes into a file."""
        path = f"/experiments/{experiment_id}/{series}"
        return bytes(self._ask("GET", path, params=query, headers={"Accept": media_type}).content)

    def charts(self, experiment_id: UUID | str) -> list[str]:
        """The names of the charts that can be drawn of an experiment."""
        answer = self._ask("GET", f"/experiments/{experiment_id}/charts")
        return [chart.name for chart in ChartsResponse.read(answer.content).charts]

    def chart(self, experiment_id: UUID | str, name: str, form: str = "svg", **query: Any) -> bytes:
        """A chart, drawn by the service, as it goes into a file: `form` is svg or png."""
        path = f"/experiments/{experiment_id}/charts/{name}.{form}"
        return bytes(self._ask("GET", path, params=query).content)

    def events(
        self, experiment_id: UUID | str, *, last_id: str | None = None, replay: bool = True
    ) -> Iterator[StreamedEvent]:
        """What happens to an experiment, until nothing follows or the service stops.

        Args:
            experiment_id: which.
            last_id: of the last event that came; what follows it is told.
            replay: without a `last_id`, whether what is stored already is told first.
        """
        headers = {"Accept": EVENT_STREAM} | ({"Last-Event-ID": last_id} if last_id else {})
        path, query = f"/experiments/{experiment_id}/events", {"replay": replay}
        with self._stream(path, params=query, headers=headers, timeout=SILENCE) as answer:
            yield from read_events(answer)

    def export(self, experiment_id: UUID | str, name: str, to: IO[bytes], **query: Any) -> None:
        """Write an export to a file as it comes: `tensorboard.zip`, `series.parquet`, `series.npz`, or a network,
        `runs/0/model.keras`."""
        with self._stream(f"/experiments/{experiment_id}/{name}", params=query) as answer:
            for piece in answer.iter_bytes():
                to.write(piece)

    def frame(self, experiment_id: UUID | str, **query: Any) -> Any:
        """A pandas data frame, a number a row, of all series or of those of a `kind` and a `seed`. Needs pandas."""
        file = io.BytesIO()
        self.export(experiment_id, "series.parquet", file, **query)
        return frame(file)

    def wait(
        self,
        experiment_id: UUID | str,
        *,
        progress: Callable[[ExperimentResponse], None] = lambda _: None,
        patience: float = 60.0,
    ) -> ExperimentResponse:
        """Wait until an experiment has finished.

        Args:
            experiment_id: which.
            progress: told whenever something has changed.
            patience: seconds for which the service may be away, for a restart, before we give up.
        """

        def is_over(experiment: ExperimentResponse) -> bool:
            return experiment.status.is_finished

        with suppress(Unreachable, Refused):  # no stream, or no more: then we look for ourselves
            for seen in self._statuses(experiment_id):
                progress(seen)
                if is_over(seen):
                    return seen
        path = f"/experiments/{experiment_id}"
        return watch(self._ask, path, ExperimentResponse, is_over, progress, patience)

    def _statuses(self, experiment_id: UUID | str) -> Iterator[ExperimentResponse]:
        """The experiment, whenever its stream tells of a change."""
        spec = self.get(experiment_id).spec.model_dump(mode="json")
        for event in self.events(experiment_id, replay=False):
            if event.name == "status":
                yield ExperimentResponse.read(json.dumps(event.data | {"spec": spec}))

    def wait_for_treatment(
        self,
        treatment: TreatmentResponse,
        *,
        progress: Callable[[TreatmentResponse], None] = lambda _: None,
        patience: float = 60.0,
    ) -> TreatmentResponse:
        """Wait until a treatment is over.

        Args:
            treatment: which.
            progress: told whenever something has changed.
            patience: seconds for which the service may be away, for a restart, before we give up.
        """

        def is_over(treatment: TreatmentResponse) -> bool:
            return treatment.status is not TreatmentStatus.running

        path = f"/experiments/{treatment.experiment_id}/treatments/{treatment.id}"
        return watch(self._ask, path, TreatmentResponse, is_over, progress, patience)

    def _arrays(self, experiment_id: UUID | str, series: str, query: dict[str, Any]) -> dict[str, np.ndarray]:
        with np.load(io.BytesIO(self.file(experiment_id, series, NPZ, **query)), allow_pickle=False) as archive:
            return dict(archive)

    def _post_once(self, path: str, body: Body, key: str | None) -> "httpx2.Response":
        """Send what makes something, again where the answer is lost: with a key it is made once."""
        key = key or str(uuid4())
        try:
            return self._post(path, body, key)
        except Unreachable:
            return self._post(path, body, key)

    def _post(self, path: str, body: Body, key: str | None = None) -> "httpx2.Response":
        headers = {"Content-Type": JSON} | ({"Idempotency-Key": key} if key else {})
        content = body.model_dump_json() if isinstance(body, TreatmentRequest) else body.canonical()
        return self._ask("POST", path, content=content, headers=headers)
