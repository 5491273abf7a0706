"""Rows of the facts about an experiment's data, and of the wiring of runs that are trained elsewhere."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from core.store.tables import facts, runs, wirings
from gradlab.facts import Facts, Wiring


def get(connection: Connection, number: int) -> Facts | None:
    """Return the facts of an experiment; None if there are none yet."""
    text = connection.execute(select(facts.c.facts).where(facts.c.experiment == number)).scalar()
    return None if text is None else Facts.model_validate_json(text)


def put(connection: Connection, number: int, value: Facts) -> None:
    """Store the facts of an experiment in place of those that were stored."""
    this, text = facts.c.experiment == number, value.model_dump_json()
    if not connection.execute(update(facts).where(this).values(facts=text, requested_at=None)).rowcount:
        connection.execute(insert(facts).values(experiment=number, facts=text))


def request(connection: Connection, number: int, now: datetime, again_after: timedelta) -> bool:
    """Mark facts as requested from a worker. Return True if a message about it is due: none was sent lately."""
    row = connection.execute(select(facts).where(facts.c.experiment == number)).one_or_none()
    if row is None:
        connection.execute(insert(facts).values(experiment=number, requested_at=now))
        return True
    if row.facts is not None or (row.requested_at is not None and now - row.requested_at < again_after):
        return False
    connection.execute(update(facts).where(facts.c.experiment == number).values(requested_at=now))
    return True


def is_requested(connection: Connection, number: int) -> bool:
    """Return True if facts were requested from a worker, and are not there yet."""
    row = connection.execute(select(facts).where(facts.c.experiment == number)).one_or_none()
    return row is not None and row.facts is None and row.requested_at is not None


def get_wirings(connection: Connection, number: int) -> dict[int, Wiring]:
    """Return the wiring of an experiment's runs by seed, without runs that have none."""
    query = select(runs.c.seed, wirings.c.wiring).join(runs, runs.c.number == wirings.c.run)
    rows = connection.execute(query.where(runs.c.experiment == number)).all()
    return {row.seed: Wiring.model_validate_json(row.wiring) for row in rows}


def put_wiring(connection: Connection, run: int, value: Wiring) -> None:
    """Store the wiring of a run in place of the one that was stored."""
    text = value.model_dump_json(exclude_none=True)
    if not connection.execute(update(wirings).where(wirings.c.run == run).values(wiring=text)).rowcount:
        connection.execute(insert(wirings).values(run=run, wiring=text))
