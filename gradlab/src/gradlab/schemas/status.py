"""States of experiments and treatments."""

from enum import StrEnum


class Status(StrEnum):
    """State of an experiment: queued → running → completed | cancelled | failed."""

    queued = "queued"
    running = "running"
    completed = "completed"
    cancelled = "cancelled"
    failed = "failed"

    @property
    def is_finished(self) -> bool:
        """True if the experiment will not change any more."""
        return self not in (Status.queued, Status.running)


class TreatmentStatus(StrEnum):
    """State of a treatment: running → completed | cancelled | failed. The last two can be continued."""

    running = "running"
    completed = "completed"
    cancelled = "cancelled"
    failed = "failed"
