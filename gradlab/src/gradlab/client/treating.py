"""Requests of treatments, as a part of the client."""

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlencode
from uuid import UUID

from gradlab import schemas
from gradlab.client.listing import several
from gradlab.client.polling import Polling
from gradlab.schemas.status import TreatmentStatus


class Treating(Polling):
    """Starts treatments, follows them, cancels and continues them."""

    def treat(
        self,
        experiment_id: UUID | str,
        request: "schemas.TreatmentRequest | None" = None,
        *,
        idempotency_key: str | None = None,
    ) -> "schemas.TreatmentResponse":
        """Start a treatment of an experiment; by default with the remedies of its diagnosis.

        The request has an idempotency key, and is repeated once if its response is lost.
        """
        path, body = f"/experiments/{experiment_id}/treatments", request or schemas.TreatmentRequest()
        return self._read(schemas.TreatmentResponse, self._post_once(path, body.model_dump_json(), idempotency_key))

    def treatment(self, experiment_id: UUID | str, treatment_id: UUID | str) -> "schemas.TreatmentResponse":
        """Get a treatment."""
        response = self._request("GET", f"/experiments/{experiment_id}/treatments/{treatment_id}")
        return self._read(schemas.TreatmentResponse, response)

    def treatments(self, experiment_id: UUID | str) -> "Iterator[schemas.TreatmentResponse]":
        """Iterate over the treatments of an experiment, newest first; pages are fetched on demand."""
        for page in self._pages(schemas.TreatmentsResponse, f"/experiments/{experiment_id}/treatments"):
            yield from page.treatments

    def all_treatments(
        self, *, status: TreatmentStatus | Sequence[TreatmentStatus] = ()
    ) -> "Iterator[schemas.TreatmentSummaryResponse]":
        """Iterate over the treatments of all experiments in short, newest first; pages are fetched on demand."""
        query = {"status": several(status)}
        for page in self._pages(schemas.TreatmentSummariesResponse, f"/treatments?{urlencode(query, doseq=True)}"):
            yield from page.treatments

    def cancel_treatment(self, experiment_id: UUID | str, treatment_id: UUID | str) -> "schemas.TreatmentResponse":
        """Cancel a treatment. Finished trials are kept."""
        response = self._request("POST", f"/experiments/{experiment_id}/treatments/{treatment_id}/cancel")
        return self._read(schemas.TreatmentResponse, response)

    def continue_treatment(self, experiment_id: UUID | str, treatment_id: UUID | str) -> "schemas.TreatmentResponse":
        """Continue a treatment that was cancelled, or failed."""
        response = self._request("POST", f"/experiments/{experiment_id}/treatments/{treatment_id}/continue")
        return self._read(schemas.TreatmentResponse, response)

    def wait_for_treatment(
        self,
        treatment: "schemas.TreatmentResponse",
        *,
        progress: "Callable[[schemas.TreatmentResponse], None]" = lambda _: None,
        patience: float = 60.0,
    ) -> "schemas.TreatmentResponse":
        """Wait until a treatment has finished.

        Args:
            treatment: the treatment.
            progress: called with the treatment after each change.
            patience: maximum time without a response of the service, in seconds; a restart takes less.
        """

        def is_over(treatment: "schemas.TreatmentResponse") -> bool:
            return treatment.status is not TreatmentStatus.running

        path = f"/experiments/{treatment.experiment_id}/treatments/{treatment.id}"
        return self._wait(schemas.TreatmentResponse, path, is_over, progress, patience)
