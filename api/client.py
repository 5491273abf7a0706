"""A small typed client of the service: what the command line is built on, and anybody's script may be."""

import io
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx2
import numpy as np

from api.dependencies import CSV, JSON, NPZ
from api.diagnosis import DiagnosisAnswer, ExperimentDiagnosisAnswer
from api.errors import ProblemDocument
from api.schemas import Answer, ExperimentAnswer, ExperimentsAnswer, ValidationAnswer
from api.treatments import TreatmentAnswer, TreatmentsAnswer
from core.spec import ExperimentSpec
from core.store import Status, TreatmentStatus
from core.trials import TreatmentSpec

Watched = TypeVar("Watched", bound=Answer)

QUICKEST, SLOWEST = 0.1, 1.0  # seconds between two looks at an experiment


class Refused(Exception):
    """The service understood and said no."""

    def __init__(self, problem: ProblemDocument) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class Unreachable(Exception):
    """The service does not answer, or answers that it cannot now."""


class Client:
    """One service, for as long as a `with` block lasts or until it is closed.

    Args:
        url: where it listens.
        api_key: its key, if it asks for one.
        timeout: seconds to wait for each answer.

    Raises (every method):
        Refused: with the problem document.
        Unreachable: there was no answer, or 503.
    """

    def __init__(self, url: str = "http://127.0.0.1:8000", api_key: str | None = None, timeout: float = 30.0) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=timeout)
        self.url = url

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def is_alive(self) -> bool:
        """Whether the service answers at all."""
        try:
            return self._ask("GET", "/livez").status_code == 200
        except (Unreachable, Refused):
            return False

    def submit(self, spec: ExperimentSpec, *, idempotency_key: str | None = None) -> ExperimentAnswer:
        """Queue an experiment. It is safe to send again what may have been lost: a key of its own goes with it."""
        key = idempotency_key or str(uuid4())
        try:
            answer = self._post("/experiments", spec, key)
        except Unreachable:
            answer = self._post("/experiments", spec, key)
        return ExperimentAnswer.model_validate_json(answer.content)

    def validate(self, spec: ExperimentSpec) -> ValidationAnswer:
        """Have a spec checked, counted and estimated."""
        return ValidationAnswer.model_validate_json(self._post("/experiments/validate", spec).content)

    def triage(self, spec: ExperimentSpec) -> DiagnosisAnswer:
        """Have a spec's networks looked at before they are trained."""
        return DiagnosisAnswer.model_validate_json(self._post("/experiments/triage", spec).content)

    def diagnosis(self, experiment_id: UUID | str) -> ExperimentDiagnosisAnswer:
        """What is wrong with an experiment, as far as it has come."""
        answer = self._ask("GET", f"/experiments/{experiment_id}/diagnosis")
        return ExperimentDiagnosisAnswer.model_validate_json(answer.content)

    def treat(self, experiment_id: UUID | str, request: TreatmentSpec | None = None) -> TreatmentAnswer:
        """Begin to find out which change cures an experiment; by default what its diagnosis names is tried."""
        content = (request or TreatmentSpec()).model_dump_json()
        path = f"/experiments/{experiment_id}/treatments"
        answer = self._ask("POST", path, content=content, headers={"Content-Type": JSON})
        return TreatmentAnswer.model_validate_json(answer.content)

    def treatment(self, experiment_id: UUID | str, treatment_id: UUID | str) -> TreatmentAnswer:
        """Look at a treatment."""
        answer = self._ask("GET", f"/experiments/{experiment_id}/treatments/{treatment_id}")
        return TreatmentAnswer.model_validate_json(answer.content)

    def treatments(self, experiment_id: UUID | str) -> Iterator[TreatmentAnswer]:
        """All treatments of an experiment, newest first, fetched a page at a time."""
        following: str | None = f"/experiments/{experiment_id}/treatments"
        while following is not None:
            page = TreatmentsAnswer.model_validate_json(self._ask("GET", following).content)
            yield from page.treatments
            following = page.next

    def cancel_treatment(self, experiment_id: UUID | str, treatment_id: UUID | str) -> TreatmentAnswer:
        """Cancel a treatment; what is finished is kept."""
        answer = self._ask("POST", f"/experiments/{experiment_id}/treatments/{treatment_id}/cancel")
        return TreatmentAnswer.model_validate_json(answer.content)

    def continue_treatment(self, experiment_id: UUID | str, treatment_id: UUID | str) -> TreatmentAnswer:
        """Continue a treatment that was cancelled, or failed."""
        answer = self._ask("POST", f"/experiments/{experiment_id}/treatments/{treatment_id}/continue")
        return TreatmentAnswer.model_validate_json(answer.content)

    def get(self, experiment_id: UUID | str) -> ExperimentAnswer:
        """Look at an experiment."""
        return ExperimentAnswer.model_validate_json(self._ask("GET", f"/experiments/{experiment_id}").content)

    def experiments(self, *, status: Status | None = None) -> Iterator[ExperimentAnswer]:
        """All experiments, newest first, fetched a page at a time."""
        following: str | None = "/experiments" + (f"?status={status}" if status else "")
        while following is not None:
            page = ExperimentsAnswer.model_validate_json(self._ask("GET", following).content)
            yield from page.experiments
            following = page.next

    def cancel(self, experiment_id: UUID | str) -> ExperimentAnswer:
        """Cancel an experiment."""
        answer = self._ask("POST", f"/experiments/{experiment_id}/cancel")
        return ExperimentAnswer.model_validate_json(answer.content)

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

        return self._watch(f"/experiments/{experiment_id}", ExperimentAnswer, is_over, progress, patience)

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
        return self._watch(path, TreatmentAnswer, is_over, progress, patience)

    def _watch(
        self,
        path: str,
        kind: type[Watched],
        is_over: Callable[[Watched], bool],
        progress: Callable[[Watched], None],
        patience: float,
    ) -> Watched:
        """Read what stands at an address whenever it has changed, until it is over."""
        headers: dict[str, str] = {}
        pause, away_since = QUICKEST, None
        while True:
            try:
                answer = self._ask("GET", path, headers=headers)
                away_since = None
            except Unreachable:
                away_since = away_since or time.monotonic()
                if time.monotonic() - away_since > patience:
                    raise
                answer = None
            if answer is not None and answer.status_code == 200:
                now = kind.model_validate_json(answer.content)
                progress(now)
                if is_over(now):
                    return now
                headers, pause = {"If-None-Match": answer.headers["ETag"]}, QUICKEST
            time.sleep(pause)
            pause = min(SLOWEST, pause * 1.2)

    def _arrays(self, experiment_id: UUID | str, series: str, query: dict[str, Any]) -> dict[str, np.ndarray]:
        with np.load(io.BytesIO(self.file(experiment_id, series, NPZ, **query)), allow_pickle=False) as archive:
            return dict(archive)

    def _post(self, path: str, spec: ExperimentSpec, key: str | None = None) -> httpx2.Response:
        headers = {"Content-Type": JSON} | ({"Idempotency-Key": key} if key else {})
        return self._ask("POST", path, content=spec.canonical(), headers=headers)

    def _ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        try:
            answer = self._http.request(method, path, **more)
        except httpx2.HTTPError as error:
            raise Unreachable(f"{self.url} does not answer: {error}") from error
        if answer.status_code < 400:
            return answer
        if not answer.headers.get("Content-Type", "").startswith("application/problem+json"):
            raise Unreachable(f"{self.url} answered {answer.status_code}, and not as Gradient Lab does")
        problem = ProblemDocument.model_validate_json(answer.content)
        if answer.status_code == 503:
            raise Unreachable(f"{self.url} cannot now: {problem.detail}")
        raise Refused(problem)
