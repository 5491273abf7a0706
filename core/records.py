"""Records that the store returns: frozen data without a connection to the database."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from core.treatment import Treatment
from core.treatment.trial import Role
from gradlab.diagnosis.summary import DiagnosisSummary
from gradlab.errors import Conflict
from gradlab.measurement.history import Checkpoint, Culprit, StoppedBy
from gradlab.schemas.lists import Sort
from gradlab.schemas.status import Status, TreatmentStatus
from gradlab.schemas.treatments import TreatmentRequest
from gradlab.spec import EXTERNAL, AnySpec, ExperimentSpec, ExternalSpec, source_of


class WorkerCommand(StrEnum):
    """The store's answer to a worker that has stored a chunk."""

    continue_ = "continue"
    cancel = "cancel"


@dataclass(frozen=True)
class StoredSummary:
    """The summary of a diagnosis, and the hash of the rules that made it: under other rules it is stale."""

    summary: DiagnosisSummary
    rules: str


@dataclass(frozen=True)
class Filters:
    """Restrictions and order of a list of experiments.

    Attributes:
        search: a text that the name contains.
        id_prefix: hexadecimal digits that the id begins with.
        verdicts: the verdict of the last diagnosis is one of these; () for all.
        trial: True for trials of treatments, False for all others, None for both.
        trial_of: it is a trial of a treatment of this experiment.
        root_causes: the rule of its root cause is one of these; () for all.
        cell: True for experiments that studies have added, False for all others, None for both.
        study: it is the experiment of a cell of this study.
        sort: ``newest`` first; or by ``verdict``, the worst first; or by ``root_cause``, in causal order. Those without
            one come last, and of each the newest first.
    """

    search: str | None = None
    id_prefix: str | None = None
    verdicts: Collection[str] = ()
    trial: bool | None = None
    trial_of: UUID | None = None
    root_causes: Collection[str] = ()
    cell: bool | None = None
    study: UUID | None = None
    sort: Sort = "newest"


NO_FILTERS = Filters()


@dataclass(frozen=True)
class TrialReference:
    """The trial for which an experiment was added.

    Attributes:
        experiment_id, name: of the treated experiment.
        treatment_id: of its treatment.
        role: ``untreated``, ``control`` or ``treated``.
        remedies: the applied remedies; () for an untreated trial.
    """

    experiment_id: UUID
    name: str
    treatment_id: UUID
    role: Role
    remedies: tuple[str, ...]


@dataclass(frozen=True)
class TreatmentReference:
    """The newest treatment of an experiment, and the number of experiments that its treatments added for trials."""

    id: UUID
    status: TreatmentStatus
    trials: int


@dataclass(frozen=True)
class RunRecord:
    """The progress of one run.

    Attributes:
        seed: of the run.
        epochs_done: trained and stored epochs; epoch 0, before the first update, does not count.
        ended: True if no epoch follows.
        stopped_by: why it ended before its last epoch; None if it did not.
        final_metrics: of the last stored epoch, with NaN and infinities; None if no epoch is stored.
        culprit: place of the first value that was not finite; None if none stopped the run.
        error: why a run of an external training failed; None if it did not.
    """

    seed: int
    epochs_done: int
    ended: bool
    stopped_by: StoppedBy | None
    final_metrics: Mapping[str, float] | None
    culprit: Culprit | None
    error: str | None = None


@dataclass(frozen=True)
class SubmittedExperiment:
    """A submitted spec with its status.

    Attributes:
        revision: rises with every change that a reader can see.
    """

    id: UUID
    spec: AnySpec
    status: Status
    revision: int

    @property
    def is_external(self) -> bool:
        """True if it is trained elsewhere and its series are sent."""
        return source_of(self.spec) == EXTERNAL

    def own_spec(self, why: str) -> ExperimentSpec:
        """Return the spec of a training in this service. Raises Conflict, with the reason `why`, if it has none."""
        if isinstance(self.spec, ExternalSpec):
            raise Conflict(f"The experiment is trained elsewhere, and the service does not know how: {why}.")
        return self.spec

    def sent_spec(self) -> ExternalSpec:
        """Return the spec of a training elsewhere. Raises Conflict if the experiment is trained by this service."""
        if isinstance(self.spec, ExternalSpec):
            return self.spec
        raise Conflict("The experiment is trained by this service: it accepts series only with `source: external`.")


@dataclass(frozen=True)
class Experiment(SubmittedExperiment):
    """A submitted experiment with all that is stored of its course. Times are UTC.

    Attributes:
        attempt: number of claims by workers so far.
        worker: the worker that trains it, or did so last.
        lease_until: its worker counts as dead from then on unless it stores something before; the sender of an external
            training counts as silent.
        cancel_requested: True if its worker is going to stop at its next chunk.
        error: the last failure, kept even if a later attempt succeeded.
        versions: of the software that trained it.
        compiled: True if XLA compiled the training; None before the first chunk.
        runs: one per seed, in the spec's order.
        diagnosis: the summary of the last diagnosis; None before the first one.
        trial: the trial for which it was added; None if somebody submitted it.
        treatment: its newest treatment; None if it has none.
    """

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
    diagnosis: StoredSummary | None = None
    trial: TrialReference | None = None
    treatment: TreatmentReference | None = None

    @property
    def epochs_done(self) -> int:
        """Stored epochs of all runs together."""
        return sum(run.epochs_done for run in self.runs)

    @property
    def epochs_total(self) -> int:
        """Epochs of the spec, all runs together; a run that diverges ends before its last."""
        return len(self.spec.seeds) * self.spec.epochs

    @property
    def stopped_by(self) -> StoppedBy | None:
        """Reason of the first run that ended before its last epoch; None if there is no such run."""
        return next((run.stopped_by for run in self.runs if run.stopped_by), None)


@dataclass(frozen=True)
class Claim:
    """A worker's right to train an experiment, valid while `attempt` equals that of the experiment's row."""

    experiment_id: UUID
    attempt: int
    spec: ExperimentSpec
    checkpoint: Checkpoint | None


@dataclass(frozen=True)
class Attempt:
    """One claim of an experiment by a worker.

    Attributes:
        number: counted from 1.
        outcome: the experiment's final status, "released" if it was requeued, "lost" if its worker died; None while it
            lasts.
        error: why it failed; None if it did not.
    """

    number: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    error: str | None


@dataclass(frozen=True)
class Page:
    """A page of experiments; `next` is the `before` of the following page, None on the last one."""

    experiments: tuple[Experiment, ...]
    next: int | None


@dataclass(frozen=True)
class Summary:
    """One tensor's mean absolute gradient over the epochs from 1 on of a run that has ended or broken off.

    Attributes:
        last, minimum, maximum: of the finite values; None if there is none.
        first_nonfinite_epoch: the first epoch whose value is not finite; None if all are.
    """

    last: float | None
    minimum: float | None
    maximum: float | None
    first_nonfinite_epoch: int | None


@dataclass(frozen=True)
class Place:
    """The experiment in which a trial is triaged or trained.

    Attributes:
        id, status, revision: of the experiment.
        epochs_done, epochs_total: of all its runs together.
        seconds: from its start to its end; None before it ended.
        error: why it failed; None if it did not.
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
    """A stored treatment. Times are UTC.

    Attributes:
        experiment_id: of the treated experiment.
        request: the request that began it.
        revision: rises with every change.
        error: why it failed; None if it did not.
        treatment: its trials with their results so far.
        triaged_in, trained_in: one per trial; None if there is no such experiment, or it was deleted.
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
    """A page of treatments, newest first; `next` is the `before` of the following page, or None."""

    treatments: tuple[TreatmentRecord, ...]
    next: int | None
