"""Responses about diagnoses."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from gradlab.diagnosis import Diagnosis
from gradlab.diagnosis.summary import summary_of
from gradlab.remedies import Difference
from gradlab.responses.suggestions import Suggestion, suggestions
from gradlab.schemas.diagnosis import ChangeResponse, DiagnosisResponse, ExperimentDiagnosisResponse, SuggestionResponse
from gradlab.schemas.status import Status
from gradlab.spec import AnySpec


def diagnosis_response(spec: AnySpec, diagnosis: Diagnosis) -> DiagnosisResponse:
    """Build the response for a diagnosis of `spec`."""
    return DiagnosisResponse(**_fields(spec, diagnosis))


def experiment_diagnosis_response(
    experiment_id: UUID, status: Status, spec: AnySpec, diagnosis: Diagnosis
) -> ExperimentDiagnosisResponse:
    """Build the response for a diagnosis of an experiment."""
    return ExperimentDiagnosisResponse(**_fields(spec, diagnosis), experiment_id=experiment_id, status=status)


def _fields(spec: AnySpec, diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "verdict": diagnosis.verdict,
        "root_cause": diagnosis.root_cause,
        "findings": list(diagnosis.findings),
        "outcomes": list(diagnosis.outcomes),
        "suggestions": [suggestion_response(suggestion) for suggestion in suggestions(spec, diagnosis)],
        "unjudged": list(diagnosis.unjudged),
        "confidence": summary_of(diagnosis).confidence,
        "settled_by": list(diagnosis.settled_by),
    }


def suggestion_response(suggestion: Suggestion) -> SuggestionResponse:
    """Build the response for a suggested remedy."""
    return SuggestionResponse(
        remedy=suggestion.remedy.name,
        title=suggestion.remedy.title,
        source=suggestion.remedy.source,
        instructions=suggestion.remedy.changes,
        changes=change_responses(suggestion.changes),
        spec=suggestion.spec,
        code=suggestion.code,
    )


def change_responses(differences: Iterable[Difference]) -> list[ChangeResponse]:
    """Build the responses for the fields in which two specs differ."""
    return [ChangeResponse(path=each.path, before=each.before, after=each.after) for each in differences]
