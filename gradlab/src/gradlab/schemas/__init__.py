"""Requests and responses of the HTTP API.

Bodies that are sent end in `Request`, bodies that are received and their parts in `Response`, messages of the event
stream in `Event`. Specs are sent as they are, and errors are problem documents.

Those that the client sends and reads are attributes of this package.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradlab.schemas.charts import ChartsResponse as ChartsResponse
    from gradlab.schemas.charts import StudyChartsResponse as StudyChartsResponse
    from gradlab.schemas.datasets import DatasetResponse as DatasetResponse
    from gradlab.schemas.datasets import DatasetsResponse as DatasetsResponse
    from gradlab.schemas.datasets import DatasetSummaryResponse as DatasetSummaryResponse
    from gradlab.schemas.diagnosis import DiagnosisResponse as DiagnosisResponse
    from gradlab.schemas.diagnosis import ExperimentDiagnosisResponse as ExperimentDiagnosisResponse
    from gradlab.schemas.drafts import DraftRequest as DraftRequest
    from gradlab.schemas.drafts import DraftResponse as DraftResponse
    from gradlab.schemas.experiments import ExperimentResponse as ExperimentResponse
    from gradlab.schemas.experiments import ExperimentsResponse as ExperimentsResponse
    from gradlab.schemas.experiments import ValidationResponse as ValidationResponse
    from gradlab.schemas.external import SeriesResponse as SeriesResponse
    from gradlab.schemas.studies import StudiesResponse as StudiesResponse
    from gradlab.schemas.studies import StudyExtensionRequest as StudyExtensionRequest
    from gradlab.schemas.studies import StudyRequest as StudyRequest
    from gradlab.schemas.studies import StudyResponse as StudyResponse
    from gradlab.schemas.studies import StudySummaryResponse as StudySummaryResponse
    from gradlab.schemas.studies import StudyTableResponse as StudyTableResponse
    from gradlab.schemas.studies import StudyValidationResponse as StudyValidationResponse
    from gradlab.schemas.translation import TranslationResponse as TranslationResponse
    from gradlab.schemas.treatments import TreatmentRequest as TreatmentRequest
    from gradlab.schemas.treatments import TreatmentResponse as TreatmentResponse
    from gradlab.schemas.treatments import TreatmentsResponse as TreatmentsResponse
    from gradlab.schemas.treatments import TreatmentSummariesResponse as TreatmentSummariesResponse
    from gradlab.schemas.treatments import TreatmentSummaryResponse as TreatmentSummaryResponse
    from gradlab.schemas.weights import WeightsListResponse as WeightsListResponse
    from gradlab.schemas.weights import WeightsResponse as WeightsResponse
    from gradlab.schemas.weights import WeightsSummaryResponse as WeightsSummaryResponse

# Each name is imported at its first use: a client that is imported, and not used yet, needs no response.
_MODULES = {
    "ChartsResponse": "gradlab.schemas.charts",
    "DatasetResponse": "gradlab.schemas.datasets",
    "DatasetSummaryResponse": "gradlab.schemas.datasets",
    "DatasetsResponse": "gradlab.schemas.datasets",
    "DiagnosisResponse": "gradlab.schemas.diagnosis",
    "DraftRequest": "gradlab.schemas.drafts",
    "DraftResponse": "gradlab.schemas.drafts",
    "ExperimentDiagnosisResponse": "gradlab.schemas.diagnosis",
    "ExperimentResponse": "gradlab.schemas.experiments",
    "ExperimentsResponse": "gradlab.schemas.experiments",
    "SeriesResponse": "gradlab.schemas.external",
    "StudiesResponse": "gradlab.schemas.studies",
    "StudyChartsResponse": "gradlab.schemas.charts",
    "StudyExtensionRequest": "gradlab.schemas.studies",
    "StudyRequest": "gradlab.schemas.studies",
    "StudyResponse": "gradlab.schemas.studies",
    "StudySummaryResponse": "gradlab.schemas.studies",
    "StudyTableResponse": "gradlab.schemas.studies",
    "StudyValidationResponse": "gradlab.schemas.studies",
    "TranslationResponse": "gradlab.schemas.translation",
    "TreatmentRequest": "gradlab.schemas.treatments",
    "TreatmentResponse": "gradlab.schemas.treatments",
    "TreatmentSummariesResponse": "gradlab.schemas.treatments",
    "TreatmentSummaryResponse": "gradlab.schemas.treatments",
    "TreatmentsResponse": "gradlab.schemas.treatments",
    "ValidationResponse": "gradlab.schemas.experiments",
    "WeightsListResponse": "gradlab.schemas.weights",
    "WeightsResponse": "gradlab.schemas.weights",
    "WeightsSummaryResponse": "gradlab.schemas.weights",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
