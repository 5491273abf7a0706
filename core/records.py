"""What the store hands out: detached, frozen, unable to change under the reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import numpy as np

from core.treatment import Treatment
from gradlab.errors import Conflict
from gradlab.measurement.history import Checkpoint, Culprit, StoppedBy
from gradlab.schemas.status import Status, TreatmentStatus
from gradlab.schemas.treatments import TreatmentRequest
from gradlab.spec import EXTERNAL, ExperimentSpec, ExternalSpec, source_of

TRAINED_HERE = "The experiment is trained by this service: only one with `source: external` is sent its series."


class WorkerCommand(StrEnum):
    """What the row says to the worker that has just written to it."""

    continue_ = "continue"
    cancel = "cancel"


@dataclass(frozen=True)
class RunRecord:
    """How far one seed has come.

    Attributes:
        seed: whose run.
        epochs_done: epochs that are trained and stored; epoch 0, before the first update, is none.
        ended: nothing follows.
        stopped_by: why it ended before its last epoch, if it did.
        final_metrics: the last stored epoch's, NaN and infinities as they are; None where nothing is stored.
        culprit: where the first value was that was not finite, if the run was stopped by one.
        error: why the run failed, if it was sent from elsewhere and did.
    """

    seed: int
    epochs_done: int
    ended: bool
    stopped_by: StoppedBy | None
    final_metrics: Mapping[str, float] | None
    culprit: Culprit | None
    error: str | None = None


@dataclass(frozen=True)
class Experiment:
    """A submitted spec, with its status. Times are UTC.

    Attributes:
        revision: rises with every change that a reader can see.
        attempt: how many times a worker has claimed it.
        worker: who trains it, or did so last.
        lease_until: when its worker counts as dead unless it writes before; of a training elsewhere, when whoever
            sends it counts as silent unless something is heard before.
        cancel_requested: the worker will stop at its next chunk.
        error: the last failure, kept even if a later attempt succeeded.
        versions: of the software that trained it.
        compiled: whether XLA compiled the training; None before the first chunk.
        runs: one per seed, in the order of the spec.
    """

    id: UUID
    spec: ExperimentSpec | ExternalSpec
    status: Status
    revision: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempt: int
    worker: str | None
    lease_until: datetime | None
    cancel_requested: bool
    error: str | None
    versions: Mapping[str, str] | None
    compiled: bool | None
    runs: tuple[RunRecord, ...]

    @property
    def epochs_done(self) -> int:
        """Epochs stored, all runs together."""
        return sum(run.epochs_done for run in self.runs)

    @property
    def epochs_total(self) -> int:
        """Epochs asked for, all runs together; a run that diverges ends before."""
        return len(self.spec.seeds) * self.spec.epochs

    @property
    def is_external(self) -> bool:
        """Whether it is trained elsewhere, and its series are sent."""
        return source_of(self.spec) == EXTERNAL

    def own_spec(self, why: str) -> ExperimentSpec:
        """The spec of a training of our own.

        Args:
            why: what needs one, for the refusal: "a treatment trains the spec again".

        Raises:
            Conflict: the experiment is trained elsewhere.
        """
        if isinstance(self.spec, ExternalSpec):
            raise Conflict(f"The experiment is trained elsewhere, and how is not known here: {why}.")
        return self.spec

    def sent_spec(self) -> ExternalSpec:
        """The spec of a training elsewhere. Raises Conflict: the experiment is trained by this service."""
        if isinstance(self.spec, ExternalSpec):
            return self.spec
        raise Conflict(TRAINED_HERE)

    @property
    def stopped_by(self) -> StoppedBy | None:
        """Why a run ended before its last epoch, if one did."""
        return next((run.stopped_by for run in self.runs if run.stopped_by), None)


@dataclass(frozen=True)
class Claim:
    """A worker's right to train an experiment: good for as long as `attempt` is the row's own."""

    experiment_id: UUID
    attempt: int
    spec: ExperimentSpec
    checkpoint: Checkpoint | None


@dataclass(frozen=True)
class Attempt:
    """One worker's go at an experiment.

    Attributes:
        number: counted from 1.
        outcome: the status it gave the experiment, "released" if it gave it back, "lost" if its worker died; None as
            long as it lasts.
        error: what went wrong, if something did.
    """

    number: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    error: str | None


@dataclass(frozen=True)
class Page:
    """Some experiments, newest first; `next` is the `before` of the page that follows, if one does."""

    experiments: tuple[Experiment, ...]
    next: int | None


class Rows(NamedTuple):
    """What is stored of one kind of series of one run.

    Attributes:
        epochs: (rows,) int64, rising; 0 is the state before the first update.
        values: (rows, ...) float32, read-only: row i was measured in epochs[i].
    """

    epochs: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Summary:
    """One tensor's mean absolute gradient over the epochs of a run that has ended or was broken off, from epoch 1.

    Attributes:
        last, minimum, maximum: of the finite values; None where there is none.
        first_nonfinite_epoch: the first epoch whose value is not finite, if there is one.
    """

    last: float | None
    minimum: float | None
    maximum: float | None
    first_nonfinite_epoch: int | None


@dataclass(frozen=True)
class Place:
    """The experiment in which something about a trial is being found out.

    Attributes:
        id, status, revision: of the experiment.
        epochs_done, epochs_total: all its runs together.
        seconds: from its start to its end; None before.
        error: why it failed.
    """

    id: UUID
    status: Status
    revision: int
    epochs_done: int
    epochs_total: int
    seconds: float | None
    error: str | None


@dataclass(frozen=True)
class TreatmentRecord:
    """A treatment as it is kept. Times are UTC.

    Attributes:
        experiment_id: of the experiment that is treated.
        request: what was asked for.
        revision: rises with every change.
        error: why it failed.
        treatment: its trials, with what is known of them.
        triaged_in, trained_in: for each trial, where; None where there is no such experiment, or no more.
    """

    id: UUID
    experiment_id: UUID
    request: TreatmentRequest
    status: TreatmentStatus
    revision: int
    created_at: datetime
    finished_at: datetime | None
    error: str | None
    treatment: Treatment
    triaged_in: tuple[Place | None, ...]
    trained_in: tuple[Place | None, ...]


@dataclass(frozen=True)
class TreatmentPage:
    """Some treatments of an experiment, newest first; `next` is the `before` of the page that follows, if one does."""

    treatments: tuple[TreatmentRecord, ...]
    next: int | None
