"""A small typed client of the service: what the command line is built on, and anybody's script may be."""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import IO, Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx2
import numpy as np

from api.connection import Refused, Unreachable
from api.dependencies import CSV, JSON, NPZ
from api.diagnosis import DiagnosisAnswer, ExperimentDiagnosisAnswer
from api.live.reading import EVENT_STREAM, StreamedEvent, read_events
from api.notebook import frame
from api.schemas import ExperimentAnswer, ExperimentsAnswer, ValidationAnswer
from api.sending import Sending
from api.treatments import TreatmentAnswer, TreatmentsAnswer
from api.watching import watch
from core.measurement.kinds import BY_NAME
from core.spec import ExperimentSpec, ExternalSpec
from core.store import Status, TreatmentStatus
from core.trials import TreatmentSpec

SILENCE = 45.0  # seconds after which a stream is dead that is told to be alive every 15

__all__ = ["Client", "Refused", "StreamedEvent", "Unreachable"]

Body = ExperimentSpec | ExternalSpec | TreatmentSpec


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

    def submit(self, spec: ExperimentSpec | ExternalSpec, *, idempotency_key: str | None = None) -> ExperimentAnswer:
        """Queue an experiment, or open one for a training that runs elsewhere.

        It is safe to send again what may have been lost: a key of its own goes with it.
        """
        return ExperimentAnswer.read(self._post_once("/experiments", spec, idempotency_key).content)

    def validate(self, spec: ExperimentSpec) -> ValidationAnswer:
        """Have a spec checked, counted and estimated."""
        return ValidationAnswer.read(self._post("/experiments/validate", spec).content)

    def triage(self, spec: ExperimentSpec) -> DiagnosisAnswer:
        """Have a spec's networks looked at before they are trained."""
        return DiagnosisAnswer.read(self._post("/experiments/triage", spec).content)

    def diagnosis(self, experiment_id: UUID | str) -> ExperimentDiagnosisAnswer:
        """What is wrong with an experiment, as far as it has come."""
        answer = self._ask("GET", f"/experiments/{experiment_id}/diagnosis")
        return ExperimentDiagnosisAnswer.read(answer.content)

    def treat(
        self,
        experiment_id: UUID | str,
        request: TreatmentSpec | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> TreatmentAnswer:
        """Begin to find out which change cures an experiment; by default what its diagnosis names is tried.

        It is safe to send again what may have been lost: a key of its own goes with it.
        """
        path, body = f"/experiments/{experiment_id}/treatments", request or TreatmentSpec()
        return TreatmentAnswer.read(self._post_once(path, body, idempotency_key).content)

    def treatment(self, experiment_id: UUID | str, treatment_id: UUID | str) -> TreatmentAnswer:
        """Look at a treatment."""
        answer = self._ask("GET", f"/experiments/{experiment_id}/treatments/{treatment_id}")
        return TreatmentAnswer.read(answer.content)

    def treatments(self, experiment_id: UUID | str) -> Iterator[TreatmentAnswer]:
        """All treatments of an experiment, newest first, fetched a page at a time."""
        following: str | None = f"/experiments/{experiment_id}/treatments"
        while following is not None:
            page = TreatmentsAnswer.read(self._ask("GET", following).content)
            yield from page.treatments
            following = page.next

    def cancel_treatment(self, experiment_id: UUID | str, treatment_id: UUID | str) -> TreatmentAnswer:
        """Cancel a treatment; what is finished is kept."""
        answer = self._ask("POST", f"/experiments/{experiment_id}/treatments/{treatment_id}/cancel")
        return TreatmentAnswer.read(answer.content)

    def continue_treatment(self, experiment_id: UUID | str, treatment_id: UUID | str) -> TreatmentAnswer:
        """Continue a treatment that was cancelled, or failed."""
        answer = self._ask("POST", f"/experiments/{experiment_id}/treatments/{treatment_id}/continue")
        return TreatmentAnswer.read(answer.content)

    def get(self, experiment_id: UUID | str) -> ExperimentAnswer:
        """Look at an experiment."""
        return ExperimentAnswer.read(self._ask("GET", f"/experiments/{experiment_id}").content)

    def experiments(self, *, status: Status | Sequence[Status] | None = None) -> Iterator[ExperimentAnswer]:
        """All experiments, newest first, fetched a page at a time; of one status, or of any of several."""
        statuses = [status] if isinstance(status, Status) else status or ()
        following: str | None = f"/experiments?{urlencode([('status', each) for each in statuses])}"
        while following is not None:
            page = ExperimentsAnswer.read(self._ask("GET", following).content)
            yield from page.experiments
            following = page.next

    def cancel(self, experiment_id: UUID | str) -> ExperimentAnswer:
        """Cancel an experiment."""
        answer = self._ask("POST", f"/experiments/{experiment_id}/cancel")
        return ExperimentAnswer.read(answer.content)

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
        content: bytes = self._ask("GET", path, params=query, headers={"Accept": media_type}).content
        return content

    def charts(self, experiment_id: UUID | str) -> list[str]:
        """The names of the charts that can be drawn of an experiment."""
        answer = self._ask("GET", f"/experiments/{experiment_id}/charts")
        return [each["name"] for each in answer.json()["charts"]]

    def chart(self, experiment_id: UUID | str, name: str, form: str = "svg", **query: Any) -> bytes:
        """A chart, drawn by the service, as it goes into a file: `form` is svg or png."""
        path = f"/experiments/{experiment_id}/charts/{name}.{form}"
        content: bytes = self._ask("GET", path, params=query).content
        return content

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
        progress: Callable[[ExperimentAnswer], None] = lambda _: None,
        patience: float = 60.0,
    ) -> ExperimentAnswer:
        """Wait until an experiment has finished.

        Args:
            experiment_id: which.
            progress: told whenever something has changed.
            patience: seconds for which the service may be away, for a restart, before we give up.
        """

        def is_over(experiment: ExperimentAnswer) -> bool:
            return experiment.status.is_finished

        with suppress(Unreachable, Refused):  # no stream, or no more: then we look for ourselves
            for seen in self._statuses(experiment_id):
                progress(seen)
                if is_over(seen):
                    return seen
        path = f"/experiments/{experiment_id}"
        return watch(self._ask, path, ExperimentAnswer, is_over, progress, patience)

    def _statuses(self, experiment_id: UUID | str) -> Iterator[ExperimentAnswer]:
        """The experiment, whenever its stream tells of a change."""
        spec = self.get(experiment_id).spec.model_dump(mode="json")
        for event in self.events(experiment_id, replay=False):
            if event.name == "status":
                yield ExperimentAnswer.read(json.dumps(event.data | {"spec": spec}))

    def wait_for_treatment(
        self,
        treatment: TreatmentAnswer,
        *,
        progress: Callable[[TreatmentAnswer], None] = lambda _: None,
        patience: float = 60.0,
    ) -> TreatmentAnswer:
        """Wait until a treatment is over.

        Args:
            treatment: which.
            progress: told whenever something has changed.
            patience: seconds for which the service may be away, for a restart, before we give up.
        """

        def is_over(treatment: TreatmentAnswer) -> bool:
            return treatment.status is not TreatmentStatus.running

        path = f"/experiments/{treatment.experiment_id}/treatments/{treatment.id}"
        return watch(self._ask, path, TreatmentAnswer, is_over, progress, patience)

    def _arrays(self, experiment_id: UUID | str, series: str, query: dict[str, Any]) -> dict[str, np.ndarray]:
        with np.load(io.BytesIO(self.file(experiment_id, series, NPZ, **query)), allow_pickle=False) as archive:
            return dict(archive)

    def _post_once(self, path: str, body: Body, key: str | None) -> httpx2.Response:
        """Send what makes something, again where the answer is lost: with a key it is made once."""
        key = key or str(uuid4())
        try:
            return self._post(path, body, key)
        except Unreachable:
            return self._post(path, body, key)

    def _post(self, path: str, body: Body, key: str | None = None) -> httpx2.Response:
        headers = {"Content-Type": JSON} | ({"Idempotency-Key": key} if key else {})
        content = body.model_dump_json() if isinstance(body, TreatmentSpec) else body.canonical()
        return self._ask("POST", path, content=content, headers=headers)
