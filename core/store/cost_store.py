"""The store of trainings' measured costs, by machine. Each method is one transaction."""

from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, and_, delete, insert, or_, select

from core.plan.calibration import Record
from core.plan.cost import Measured, Plan
from core.store.database import reading, writing
from core.store.storable import storable
from core.store.tables import costs

# Only the latest records of a machine are kept: more would not improve the estimates, and take longer to read.
MAX_RECORDS = 50
# Older records are dropped: their machine may be gone, or have changed.
LATELY = timedelta(days=14)


class CostStore:
    """Repository of trainings' measured costs.

    Every method raises Unavailable while the database does not answer.

    Args:
        engine: the engine of the database.
        clock: returns the current time in UTC.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def add(self, record: Record) -> None:
        """Store a record. Drop the machine's oldest one beyond `MAX_RECORDS`, and all that are not recent."""
        machine, now = storable(record.machine), self._clock()
        row = {"machine": machine, "plan": asdict(record.plan), **asdict(record.measured)}
        with writing(self._engine) as connection:
            connection.execute(insert(costs).values(measured_at=now, **row))
            mine = select(costs.c.number).where(costs.c.machine == machine).order_by(costs.c.number.desc())
            surplus = connection.execute(mine.limit(1).offset(MAX_RECORDS)).scalar()
            too_many = and_(costs.c.machine == machine, costs.c.number <= (surplus or 0))
            connection.execute(delete(costs).where(or_(too_many, costs.c.measured_at < now - LATELY)))

    def recent(self) -> list[Record]:
        """Return the records of the last two weeks, oldest first."""
        query = select(costs).where(costs.c.measured_at >= self._clock() - LATELY).order_by(costs.c.number)
        with reading(self._engine) as connection:
            return [_record(row) for row in connection.execute(query)]


def _record(row: Row[Any]) -> Record:
    measured = Measured(**{field.name: getattr(row, field.name) for field in fields(Measured)})
    return Record(row.machine, Plan(**row.plan), measured)
