"""People's transactions: read, page, cancel and delete experiments."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, Connection, Row, Text, case, cast, delete, func, select, update

from core.records import Experiment, Filters, Page, RunRecord, SubmittedExperiment
from core.store import layouts, series, tables, trial_rows, verdict_rows
from core.store.database import one_row
from core.store.study_tables import is_cell_of
from core.store.tables import BATCH, attempts, experiments, runs, verdicts
from gradlab.diagnosis.conclusion import VERDICTS_WORST_FIRST
from gradlab.errors import Conflict, Invalid, NotFound, Problem
from gradlab.frozen import STORED
from gradlab.measurement.history import Culprit
from gradlab.schemas.lists import Sort
from gradlab.schemas.status import Status
from gradlab.spec import ANY_SPEC, EXTERNAL, AnySpec, ExperimentSpec

ID_DIGITS = 32  # hexadecimal digits of a UUID
# Places of one verdict, or root cause, in a list that is sorted by it: more than there are experiments.
BAND = 10**15
# The lowest band of each order. A cursor has 18 digits at most: 999 bands.
LOWEST_BANDS: dict[Sort, int] = {"newest": 0, "verdict": 1, "root_cause": 100}


def find(connection: Connection, id: UUID) -> Row[Any]:
    """Return the experiment's row, locked until the end of a writing transaction. Raises NotFound."""
    return one_row(connection, select(experiments).where(experiments.c.id == id), f"There is no experiment {id}.")


def submitted(row: Row[Any]) -> SubmittedExperiment:
    """Return what each reader needs of an experiment's row: half the time of the whole experiment."""
    return SubmittedExperiment(row.id, read_any_spec(row.spec), Status(row.status), row.revision)


def get(connection: Connection, id: UUID) -> Experiment:
    """Return an experiment. Raises NotFound."""
    return _read(connection, [find(connection, id)])[0]


def page(
    connection: Connection, limit: int, before: int | None, status: Status | Collection[Status], filters: Filters
) -> Page:
    """Return a page of experiments.

    The cursor is the place of the last row of a page, so that rows added in between shift no page. The place in a list
    by verdict is that of the verdict at the time: an experiment that is diagnosed in between may be left out, or come
    again.

    Raises:
        Invalid: `before` is a place in a list with another order.
    """
    place = experiments.c.number if filters.sort == "newest" else _by_diagnosis(filters.sort)
    query = select(experiments.c.number, place.label("place")).order_by(place.desc()).limit(limit + 1)
    query = query.outerjoin(verdicts, verdicts.c.experiment == experiments.c.number)  # a database omits unused joins
    if before is not None:
        _check_position(before, filters.sort)
        query = query.where(place < before)
    if statuses := [status] if isinstance(status, Status) else list(status):
        query = query.where(experiments.c.status.in_(statuses))
    if filters.verdicts:
        query = query.where(verdicts.c.verdict.in_(filters.verdicts))
    if filters.trial is not None:
        query = query.where(trial_rows.is_trial() if filters.trial else ~trial_rows.is_trial())
    if filters.trial_of is not None:
        query = query.where(trial_rows.is_trial_of(filters.trial_of))
    if filters.cell is not None:
        query = query.where((experiments.c.priority == BATCH) == filters.cell)
    if filters.study is not None:
        query = query.where(is_cell_of(filters.study))
    if filters.root_causes:
        query = query.where(verdicts.c.root_cause.in_(filters.root_causes))
    if filters.search is not None:
        query = query.where(_name(connection).icontains(filters.search, autoescape=True))
    if filters.id_prefix is not None:
        query = query.where(experiments.c.id.between(*_ids_beginning_with(filters.id_prefix)))
    places = connection.execute(query).all()
    following = places[limit - 1].place if len(places) > limit else None
    return Page(experiments=_in_order(connection, [row.number for row in places[:limit]]), next=following)


def _by_diagnosis(sort: Sort) -> ColumnElement[int]:
    """Expression for the place in a list by verdict or root cause, which falls: the first name has the highest band."""
    column, names = verdicts.c.verdict, list[str](VERDICTS_WORST_FIRST)
    if sort == "root_cause":
        from gradlab.diagnosis.rules import RULES  # their order is the causal one; a migration needs none of them

        column, names = verdicts.c.root_cause, [rule.name for rule in RULES]
    lowest = LOWEST_BANDS[sort]
    bands = {name: band * BAND for band, name in enumerate(reversed(names), start=lowest + 1)}
    return case(bands, value=column, else_=lowest * BAND) + experiments.c.number


def _check_position(before: int, sort: Sort) -> None:
    """Raise Invalid for a position in a list with another order."""
    if max((lowest, order) for order, lowest in LOWEST_BANDS.items() if lowest <= before // BAND)[1] != sort:
        raise Invalid(Problem("cursor", f"one of a list that is sorted by {sort}", "one of another order"))


def _in_order(connection: Connection, numbers: Sequence[int]) -> tuple[Experiment, ...]:
    """Return the experiments with these numbers, in this order, without those that were deleted meanwhile."""
    rows = connection.execute(select(experiments).where(experiments.c.number.in_(numbers)))
    by_number = {row.number: row for row in rows}
    return tuple(_read(connection, [by_number[number] for number in numbers if number in by_number]))


def _ids_beginning_with(prefix: str) -> tuple[UUID, UUID]:
    """Return the smallest and the largest id that begin with hexadecimal digits; an index serves the range."""
    digits = prefix.replace("-", "")[:ID_DIGITS]
    return UUID(digits.ljust(ID_DIGITS, "0")), UUID(digits.ljust(ID_DIGITS, "f"))


def _name(connection: Connection) -> ColumnElement[Any]:
    """Expression for the `name` in an experiment's spec."""
    if connection.dialect.name == "sqlite":
        return func.json_extract(experiments.c.spec, "$.name", type_=Text())
    named: ColumnElement[str] = cast(experiments.c.spec, JSON)["name"].as_string()
    return named


def cancel(connection: Connection, id: UUID, now: datetime) -> None:
    """Cancel an experiment at once if no live worker trains it, else at its worker's next chunk.

    The sender of a training elsewhere receives a conflict with its next request.

    Raises:
        NotFound: there is no such experiment.
        Conflict: it is finished.
    """
    row = find(connection, id)
    if Status(row.status).is_finished:
        raise Conflict(f"The experiment is {row.status} already: there is nothing left to cancel.")
    change: dict[str, Any] = {"cancel_requested": True}
    if row.status == Status.queued or row.source == EXTERNAL or row.lease_until < now:
        change |= {"status": Status.cancelled, "finished_at": now, "lease_until": None}
        close_attempt(connection, row.number, Status.cancelled, now)
        sum_up(connection, row.number)
    if row.status == Status.queued or not row.cancel_requested or "status" in change:
        change_row(connection, row.number, change)


def remove(connection: Connection, id: UUID) -> None:
    """Delete an experiment and all that belongs to it. Raises NotFound."""
    if not connection.execute(delete(experiments).where(experiments.c.id == id)).rowcount:
        raise NotFound(f"There is no experiment {id}.")


def change_row(connection: Connection, number: int, values: dict[str, Any]) -> None:
    """Update an experiment's row and raise its revision, by which readers notice the change."""
    raised = {"revision": experiments.c.revision + 1}
    connection.execute(update(experiments).where(experiments.c.number == number).values(values | raised))


def close_attempt(connection: Connection, number: int, outcome: str, now: datetime, error: str | None = None) -> None:
    """Store the outcome of the attempt in progress, if there is one."""
    mine = update(attempts).where(attempts.c.experiment == number, attempts.c.ended_at.is_(None))
    connection.execute(mine.values(ended_at=now, outcome=outcome, error=error))


def sum_up(connection: Connection, number: int) -> None:
    """Write summaries of the runs that broke off; runs that ended have theirs already."""
    query = select(runs.c.number).where(runs.c.experiment == number, runs.c.epochs_done > 0, ~runs.c.ended)
    if broken_off := connection.execute(query).scalars().all():
        layout = layouts.get(connection, number)
        for run in broken_off:
            series.write_summaries(connection, run, layout)


@lru_cache(maxsize=256)
def read_any_spec(canonical: str) -> AnySpec:
    """Parse a stored spec. Cached: specs are frozen, and clients poll the same ones again and again."""
    return ANY_SPEC.validate_json(canonical, context=STORED)


def read_spec(canonical: str) -> ExperimentSpec:
    """Parse the stored spec of a training in this service."""
    spec = read_any_spec(canonical)
    assert isinstance(spec, ExperimentSpec), "a training elsewhere is neither claimed nor treated"
    return spec


def _read(connection: Connection, rows: Sequence[Row[Any]]) -> list[Experiment]:
    numbers = [row.number for row in rows]
    names = tables.layouts
    query = select(runs, names.c.metrics).join(names, names.c.experiment == runs.c.experiment)
    query = query.where(runs.c.experiment.in_(numbers)).order_by(runs.c.experiment, runs.c.position)
    records: dict[int, list[RunRecord]] = {number: [] for number in numbers}
    for run in connection.execute(query):
        records[run.experiment].append(_run(run))
    summaries = verdict_rows.get(connection, numbers)
    trials, treatments = trial_rows.trials_of(connection, numbers), trial_rows.treatments_of(connection, numbers)
    return [
        replace(
            _experiment(row, tuple(records[row.number])),
            diagnosis=summaries.get(row.number),
            trial=trials.get(row.number),
            treatment=treatments.get(row.number),
        )
        for row in rows
    ]


def _run(row: Row[Any]) -> RunRecord:
    final = None
    if row.final_metrics is not None:
        values = series.unpack(row.final_metrics, 1, (len(row.metrics),))[0]
        final = dict(zip(row.metrics, map(float, values), strict=True))
    culprit = Culprit(**row.culprit) if row.culprit else None
    return RunRecord(row.seed, row.epochs_done, row.ended, row.stopped_by, final, culprit, row.error)


def _experiment(row: Row[Any], records: tuple[RunRecord, ...]) -> Experiment:
    return Experiment(
        id=row.id,
        spec=read_any_spec(row.spec),
        status=Status(row.status),
        revision=row.revision,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        attempt=row.attempt,
        worker=row.worker,
        lease_until=row.lease_until,
        cancel_requested=row.cancel_requested,
        error=row.error,
        versions=row.versions,
        compiled=row.compiled,
        runs=records,
    )
