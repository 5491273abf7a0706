"""The only SQL in the service: tables, packed series, and the life of an experiment."""

from core.store.deaths import Death
from core.store.store import ExperimentStore, utc_now

__all__ = ["Death", "ExperimentStore", "utc_now"]
