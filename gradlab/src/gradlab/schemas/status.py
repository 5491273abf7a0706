"""States of experiments, treatments and uploaded datasets."""

from enum import StrEnum


class Status(StrEnum):
    """State of an experiment: queued → running → completed | cancelled | failed.

    A training elsewhere that was completed or has failed may go on.
    """

    queued = "queued"
    running = "running"
    completed = "completed"
    cancelled = "cancelled"
    failed = "failed"

    @property
    def is_finished(self) -> bool:
        """True if nothing more is expected of the experiment."""
        return self not in (Status.queued, Status.running)


class TreatmentStatus(StrEnum):
    """State of a treatment: running → completed | cancelled | failed. The last two can be continued."""

    running = "running"
    completed = "completed"
    cancelled = "cancelled"
    failed = "failed"


class DatasetStatus(StrEnum):
    """State of an uploaded dataset: checking → ready | refused.

    A refused file that is uploaded again is checked again.
    """

    checking = "checking"
    ready = "ready"
    refused = "refused"
