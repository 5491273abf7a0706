"""States of experiments, treatments, studies and uploaded datasets."""

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


class StudyStatus(StrEnum):
    """State of a study: running → completed | paused | cancelled | failed. The last three can be continued."""

    running = "running"
    paused = "paused"
    completed = "completed"
    cancelled = "cancelled"
    failed = "failed"

    @property
    def is_final(self) -> bool:
        """True if the study has ended. One that is paused has not."""
        return self not in (StudyStatus.running, StudyStatus.paused)


class CellStatus(StrEnum):
    """State of a study's cell: waiting → queued → running → completed | pruned | cancelled | failed; or refused.

    A cell that waits has no experiment yet. A pruned one was worse than others, and its training was stopped. The
    fields of a refused one do not take its values.
    """

    waiting = "waiting"
    queued = "queued"
    running = "running"
    completed = "completed"
    pruned = "pruned"
    cancelled = "cancelled"
    failed = "failed"
    refused = "refused"

    @property
    def is_finished(self) -> bool:
        """True if nothing more is expected of the cell."""
        return self not in (CellStatus.waiting, CellStatus.queued, CellStatus.running)


class DatasetStatus(StrEnum):
    """State of an uploaded dataset: checking → ready | refused.

    A refused file that is uploaded again is checked again.
    """

    checking = "checking"
    ready = "ready"
    refused = "refused"
