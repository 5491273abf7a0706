"""Requests of studies, as a part of the client."""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from gradlab import schemas
from gradlab.client.events import StreamedEvent
from gradlab.client.listing import several
from gradlab.client.polling import Polling
from gradlab.schemas.media_types import CSV, PARQUET
from gradlab.schemas.status import StudyStatus


class Studying(Polling):
    """Begins studies, follows them, pauses, continues, extends and deletes them."""

    def begin_study(
        self, request: "schemas.StudyRequest | dict[str, Any]", *, idempotency_key: str | None = None
    ) -> "schemas.StudyResponse":
        """Begin a study. The request has an idempotency key, and is repeated once if its response is lost."""
        return self._read(schemas.StudyResponse, self._post_once("/studies", _body(request), idempotency_key))

    def validate_study(self, request: "schemas.StudyRequest | dict[str, Any]") -> "schemas.StudyValidationResponse":
        """Validate a study, count its cells and estimate the time of its trainings."""
        return self._read(schemas.StudyValidationResponse, self._post("/studies/validate", _body(request)))

    def study(self, study_id: UUID | str) -> "schemas.StudyResponse":
        """Get a study."""
        return self._read(schemas.StudyResponse, self._request("GET", f"/studies/{study_id}"))

    def studies(self, *, status: StudyStatus | Sequence[StudyStatus] = ()) -> "Iterator[schemas.StudySummaryResponse]":
        """Iterate over studies in short, newest first; pages are fetched on demand."""
        query = {"status": several(status)}
        for page in self._pages(schemas.StudiesResponse, f"/studies?{urlencode(query, doseq=True)}"):
            yield from page.studies

    def study_events(
        self, study_id: UUID | str, *, last_id: str | None = None, replay: bool = True
    ) -> Iterator[StreamedEvent]:
        """Iterate over the events of a study, until the last one or until the service stops.

        Args:
            study_id: id of the study.
            last_id: id of the last event received; the stream resumes after it.
            replay: if there is no `last_id`, True to receive all cells first.
        """
        yield from self._events(f"/studies/{study_id}/events", last_id, replay)

    def study_table(self, study_id: UUID | str) -> "schemas.StudyTableResponse":
        """Get the table of a study: one row for each cell."""
        return self._read(schemas.StudyTableResponse, self._request("GET", f"/studies/{study_id}/table"))

    def study_file(self, study_id: UUID | str, media_type: str = CSV) -> bytes:
        """Return the table of a study as the content of a file, CSV or Parquet."""
        headers = {"Accept": media_type}
        return bytes(self._request("GET", f"/studies/{study_id}/table", headers=headers).content)

    def study_frame(self, study_id: UUID | str) -> Any:
        """Return the table of a study as a pandas data frame, a cell a row. Needs pandas."""
        from gradlab.schemas.html import frame

        return frame(io.BytesIO(self.study_file(study_id, PARQUET)))

    def study_charts(self, study_id: UUID | str) -> list[str]:
        """Names of the charts of a study."""
        response = self._request("GET", f"/studies/{study_id}/charts")
        return [chart.name for chart in self._read(schemas.StudyChartsResponse, response).charts]

    def study_chart(self, study_id: UUID | str, name: str, form: str = "svg", **query: Any) -> bytes:
        """Return a chart of a study as the content of a file; `form` is svg or png."""
        path = f"/studies/{study_id}/charts/{name}.{form}"
        return bytes(self._request("GET", path, params=query).content)

    def pause_study(self, study_id: UUID | str) -> "schemas.StudyResponse":
        """Pause a study. Cells that have begun are trained to their end."""
        return self._read(schemas.StudyResponse, self._request("POST", f"/studies/{study_id}/pause"))

    def cancel_study(self, study_id: UUID | str) -> "schemas.StudyResponse":
        """Cancel a study. Finished cells are kept."""
        return self._read(schemas.StudyResponse, self._request("POST", f"/studies/{study_id}/cancel"))

    def continue_study(self, study_id: UUID | str) -> "schemas.StudyResponse":
        """Continue a study that was paused or cancelled, or has failed."""
        return self._read(schemas.StudyResponse, self._request("POST", f"/studies/{study_id}/continue"))

    def extend_study(self, study_id: UUID | str, request: "schemas.StudyExtensionRequest") -> "schemas.StudyResponse":
        """Extend a study by seeds, values or its budget."""
        body = request.model_dump_json(exclude_unset=True)
        return self._read(schemas.StudyResponse, self._post(f"/studies/{study_id}/extend", body))

    def delete_study(self, study_id: UUID | str) -> None:
        """Delete a study. The finished experiments of its cells are kept."""
        self._request("DELETE", f"/studies/{study_id}")

    def wait_for_study(
        self,
        study_id: UUID | str,
        *,
        progress: "Callable[[schemas.StudySummaryResponse], None]" = lambda _: None,
        patience: float = 60.0,
    ) -> "schemas.StudyResponse":
        """Wait until a study has ended or is paused.

        Args:
            study_id: id of the study.
            progress: called with the study after each change.
            patience: maximum time without a response of the service, in seconds; a restart takes less.
        """

        def is_over(study: "schemas.StudySummaryResponse") -> bool:
            return study.status is not StudyStatus.running

        live = self._summaries(study_id)
        return self._wait(schemas.StudyResponse, f"/studies/{study_id}", is_over, progress, patience, live)

    def _summaries(self, study_id: UUID | str) -> "Iterator[schemas.StudySummaryResponse]":
        """Iterate over the states of a study, from its event stream."""
        for event in self.study_events(study_id, replay=False):
            if event.name == "status":
                yield schemas.StudySummaryResponse.read(json.dumps(event.data))


def _body(request: "schemas.StudyRequest | dict[str, Any]") -> str:
    return json.dumps(request) if isinstance(request, dict) else request.model_dump_json(exclude_unset=True)
