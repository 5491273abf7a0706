"""The only SQL in the house: tables, packed series, and the life of an experiment."""

from core.store.deaths import Death
from core.store.records import (
    Attempt,
    Claim,
    Experiment,
    Orders,
    Page,
    Place,
    Rows,
    RunRecord,
    Status,
    Summary,
    TreatmentPage,
    TreatmentRecord,
    TreatmentStatus,
)
from core.store.store import ExperimentStore, utc_now

__all__ = [
    "Attempt",
    "Claim",
    "Death",
    "Experiment",
    "ExperimentStore",
    "Orders",
    "Page",
    "Place",
    "Rows",
    "RunRecord",
    "Status",
    "Summary",
    "TreatmentPage",
    "TreatmentRecord",
    "TreatmentStatus",
    "utc_now",
]
