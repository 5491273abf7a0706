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
class _New:
    """An experiment without a row: its columns, and the numbers of the uploaded files that its spec names."""

    row: dict[str, Any]
    spec: AnySpec
    datasets: set[int]
    weights: int | None


def add(connection: Connection, spec: ExperimentSpec, now: datetime, priority: str = ORDINARY) -> UUID:
    """Insert an experiment of a treatment or a study, which is queued. Return its id.

    Raises:
        Invalid: the spec names a dataset that is not there or was refused, or weights that are not there or do not fit.
        Conflict: it names one that is not ready yet.
    """
    new = _new(connection, Submission(spec), now, timedelta(), priority)
    _insert(connection, [new])
    made: UUID = new.row["id"]
    return made


def add_all(
    connection: Connection, submitted: Sequence[Submission], now: datetime, silence: timedelta
) -> list[Outcome]:
    """Insert experiments with their runs and layouts. They are queued, or running where they are trained elsewhere.

    One that is refused with Invalid or Conflict leaves nothing, and does not hinder the others. An idempotency key that
    was used before for the same spec stands for the experiment of that time.

    Args:
        connection: of a writing transaction.
        submitted: what to add. Of two with one new key the database refuses the second, and the transaction.
        now: the time of all of them.
        silence: the sender of a training elsewhere counts as silent after this long without a request.
    """
    earlier = _added_with(connection, [each.idempotency_key for each in submitted if each.idempotency_key])
    outcomes: list[Outcome] = []
    added = []
    for each in submitted:
        try:
            if each.idempotency_key in earlier:
                outcomes.append((_repeated(connection, earlier[each.idempotency_key], each), False))
                continue
            new = _new(connection, each, now, silence, ORDINARY)
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


def _added_with(connection: Connection, keys: Sequence[str]) -> dict[str | None, Row[Any]]:
    """Return the rows of the experiments that were added with these idempotency keys, by key."""
    if not keys:
        return {}
    rows = connection.execute(select(experiments).where(experiments.c.idempotency_key.in_(keys)))
    return {row.idempotency_key: row for row in rows}


def _repeated(connection: Connection, row: Row[Any], submission: Submission) -> Experiment:
    """Return the experiment that was added with the key of a submission. Raises Conflict for another spec."""
    spec = submission.spec
    # An earlier version stored fewer fields: its spec is compared with this version's defaults filled in.
    if row.fingerprint != spec.fingerprint() and submissions.read_any_spec(row.spec) != spec:
        key = submission.idempotency_key
        raise Conflict(f"The idempotency key {key!r} was used for another spec: take a new key.")
    return submissions.get(connection, row.id)


def _new(connection: Connection, submission: Submission, now: datetime, silence: timedelta, priority: str) -> _New:
    """Return what is inserted for a submission. The rows of what it names are locked against deletion.

    Raises:
        Invalid, Conflict: see `add`.
    """
    spec = submission.spec
    row: dict[str, Any] = {
        "id": uuid4(),
        "spec": spec.canonical(),
        "source": source_of(spec),
        "fingerprint": spec.fingerprint(),
        "idempotency_key": submission.idempotency_key,
        "created_at": now,
        "priority": priority,
    }
    if isinstance(spec, ExternalSpec):  # no message about it, and no worker claims it
        row |= {"status": Status.running, "started_at": now, "lease_until": now + silence}
        row |= {"published_at": None, "publications": 0, "versions": spec.versions or None}
        row |= {"run_epochs": None, "architecture": None, "training_key": None}
    else:
        row |= {"status": Status.queued, "started_at": None, "lease_until": None}
        row |= {"published_at": now, "publications": 1, "versions": None}  # if publishing fails, the sweep does it
        row |= {"run_epochs": spec.training.epochs}
        row |= {"architecture": architecture_hash(spec), "training_key": training_key(spec)}
    return _New(row, spec, dataset_rows.uses(connection, spec), weights_rows.use(connection, spec))


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
    layouts.add(connection, {number: each.spec.layout for number, each in numbered})
    if used := [{"experiment": number, "dataset": file} for number, each in numbered for file in each.datasets]:
        connection.execute(insert(dataset_uses), used)
    if begun := [{"experiment": number, "weights": each.weights} for number, each in numbered if each.weights]:
        connection.execute(insert(weights_uses), begun)
