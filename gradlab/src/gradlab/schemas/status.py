"""The states of experiments and treatments."""

from enum import StrEnum


class Status(StrEnum):
    """Where an experiment is in its life: queued → running → completed | cancelled | failed."""

    queued = "queued"
    running = "running"
    completed = "completed"
    cancelled = "cancelled"
    failed = "failed"

    @property
    def is_finished(self) -> bool:
        """Whether nothing will change any more."""
        return self not in (Status.queued, Status.running)


class TreatmentStatus(StrEnum):
    """Where a treatment is in its life: running → completed | cancelled | failed; the last two can be continued."""

    running = "running"
    completed = "completed"
    cancelled = "cancelled"
    failed = "failed"
