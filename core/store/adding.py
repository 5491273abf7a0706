"""Transactions that add experiments, one or several at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, insert, select

from core.plan.architecture import architecture_hash
from core.records import Experiment, RunRecord
from core.store import dataset_rows, layouts, submissions, weights_rows
from core.store.dataset_tables import dataset_uses
from core.store.tables import ORDINARY, experiments, runs
from core.store.weights_tables import weights_uses
from gradlab.errors import Conflict, LabError
from gradlab.schemas.status import Status
from gradlab.spec import AnySpec, ExperimentSpec, ExternalSpec, source_of


@dataclass(frozen=True)
class Submission:
    """A spec that somebody submits, with an idempotency key or without one."""

    spec: AnySpec
    idempotency_key: str | None = None


# The experiment, and True if it is new; or why it was not added.
Outcome = tuple[Experiment, bool] | Exception


@dataclass(frozen=True)
class Prepared:
    """A submission's columns, and those of its layout, that need no database: too slow to write in a transaction."""

    spec: AnySpec
    columns: dict[str, Any]
    layout: dict[str, Any]


@dataclass(frozen=True)
class _New:
    """An experiment without a row: all its columns, and the numbers of the uploaded files that its spec names."""

    row: dict[str, Any]
    spec: AnySpec
    layout: dict[str, Any]
    datasets: set[int]
    weights: int | None


def prepare(submission: Submission, priority: str = ORDINARY) -> Prepared:
    """Return the columns of a submission that follow from it alone, before its transaction begins."""
    spec = submission.spec
    columns: dict[str, Any] = {
        "id": uuid4(),
        "spec": spec.canonical(),
        "source": source_of(spec),
        "fingerprint": spec.fingerprint(),
        "idempotency_key": submission.idempotency_key,
        "priority": priority,
    }
    if isinstance(spec, ExternalSpec):
        columns |= {"versions": spec.versions or None, "run_epochs": None, "architecture": None, "training_key": None}
    else:
        columns |= {"versions": None, "run_epochs": spec.training.epochs}
        columns |= {"architecture": architecture_hash(spec), "training_key": training_key(spec)}
    return Prepared(spec, columns, layouts.columns(spec.layout))


def add(connection: Connection, spec: ExperimentSpec, now: datetime, priority: str = ORDINARY) -> UUID:
    """Insert an experiment of a treatment or a study, which is queued. Return its id.

    Raises:
        Invalid: the spec names a dataset that is not there or was refused, or weights that are not there or do not fit.
        Conflict: it names one that is not ready yet.
    """
    new = _new(connection, prepare(Submission(spec), priority), now, timedelta())
    _insert(connection, [new])
    made: UUID = new.row["id"]
    return made


def add_all(
    connection: Connection, submitted: Sequence[Prepared], now: datetime, silence: timedelta
) -> list[Outcome | UUID]:
    """Insert experiments with their runs and layouts. They are queued, or running where they are trained elsewhere.

    One that is refused with Invalid or Conflict leaves nothing, and does not hinder the others. Where an idempotency
    key was used before for the same spec, the outcome is the id of the experiment of that time. It is not read here:
    whoever holds its row would hold up the whole group.

    Args:
        connection: of a writing transaction.
        submitted: what to add. Of two with one new key the database refuses the second, and the transaction.
        now: the time of all of them.
        silence: the sender of a training elsewhere counts as silent after this long without a request.
    """
    earlier = _added_with(connection, submitted)
    outcomes: list[Outcome | UUID] = []
    added = []
    for each in submitted:
        try:
            if (row := earlier.get(each.columns["idempotency_key"])) is not None:
                outcomes.append(_repeated(row, each))
                continue
            new = _new(connection, each, now, silence)
        except LabError as refusal:
            outcomes.append(refusal)
            continue
        added.append(new)
        outcomes.append((_experiment(new), True))
    if added:
        _insert(connection, added)
    return outcomes


def training_key(spec: ExperimentSpec) -> str:
    """Return the fingerprint of a spec without its name, by which a training is the same."""
    return spec.model_copy(update={"name": "untitled"}).fingerprint()


def _added_with(connection: Connection, submitted: Sequence[Prepared]) -> dict[str, Row[Any]]:
    """Return the rows of the experiments that were added with the keys of submissions, by key."""
    keys = [key for each in submitted if (key := each.columns["idempotency_key"])]
    if not keys:
        return {}
    columns = (experiments.c[name] for name in ("id", "idempotency_key", "fingerprint", "spec"))
    rows = connection.execute(select(*columns).where(experiments.c.idempotency_key.in_(keys)))
    return {row.idempotency_key: row for row in rows}


def _repeated(row: Row[Any], submission: Prepared) -> UUID:
    """Return the id of the experiment that was added with the key of a submission. Raises Conflict for another spec."""
    # An earlier version stored fewer fields: its spec is compared with this version's defaults filled in.
    is_same = row.fingerprint == submission.columns["fingerprint"]
    if not is_same and submissions.read_any_spec(row.spec) != submission.spec:
        key = submission.columns["idempotency_key"]
        raise Conflict(f"The idempotency key {key!r} was used for another spec: take a new key.")
    earlier: UUID = row.id
    return earlier


def _new(connection: Connection, submission: Prepared, now: datetime, silence: timedelta) -> _New:
    """Return what is inserted for a submission. The rows of what it names are locked against deletion.

    Raises:
        Invalid, Conflict: see `add`.
    """
    spec, row = submission.spec, submission.columns | {"created_at": now}
    if isinstance(spec, ExternalSpec):  # no message about it, and no worker claims it
        row |= {"status": Status.running, "started_at": now, "lease_until": now + silence}
        row |= {"published_at": None, "publications": 0}
    else:
        row |= {"status": Status.queued, "started_at": None, "lease_until": None}
        row |= {"published_at": now, "publications": 1}  # if publishing fails, the sweep does it
    datasets, weights = dataset_rows.uses(connection, spec), weights_rows.use(connection, spec)
    return _New(row, spec, submission.layout, datasets, weights)


def _experiment(new: _New) -> Experiment:
    """Return the experiment as a reader gets it, without reading it."""
    return Experiment(
        **{name: new.row[name] for name in ("id", "status", "created_at", "started_at", "lease_until", "versions")},
        spec=new.spec,
        revision=1,
        finished_at=None,
        attempt=0,
        worker=None,
        cancel_requested=False,
        error=None,
        compiled=None,
        runs=tuple(RunRecord(seed, 0, False, None, None, None) for seed in new.spec.seeds),
    )


def _insert(connection: Connection, added: Sequence[_New]) -> None:
    query = insert(experiments).returning(experiments.c.number, sort_by_parameter_order=True)
    numbers = connection.execute(query, [each.row for each in added]).scalars().all()
    numbered = list(zip(numbers, added, strict=True))
    places = [
        {"experiment": number, "position": position, "seed": seed}
        for number, each in numbered
        for position, seed in enumerate(each.spec.seeds)
    ]
    connection.execute(insert(runs), places)
    layouts.add(connection, {number: each.layout for number, each in numbered})
    if used := [{"experiment": number, "dataset": file} for number, each in numbered for file in each.datasets]:
        connection.execute(insert(dataset_uses), used)
    if begun := [{"experiment": number, "weights": each.weights} for number, each in numbered if each.weights]:
        connection.execute(insert(weights_uses), begun)
