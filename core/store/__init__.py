"""The database: tables, packed series, and transactions on experiments. All SQL of the service is here."""

from core.store.adding import Outcome, Submission
from core.store.deaths import Death
from core.store.series import METRICS
from core.store.store import ExperimentStore, utc_now

__all__ = ["METRICS", "Death", "ExperimentStore", "Outcome", "Submission", "utc_now"]
