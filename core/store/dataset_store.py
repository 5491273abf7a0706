"""The store of uploaded datasets. Each method is one transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, Update, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from core.samples.limits import THE_FILE
from core.samples.record import Checked, DatasetClaim, DatasetPage, DatasetRecord
from core.samples.summary import TableSummary
from core.store import dataset_rows
from core.store.database import page_of, reading, writing
from core.store.dataset_rows import RECORDED
from core.store.dataset_tables import dataset_uses, datasets
from core.store.uses import check_unused
from gradlab.errors import Conflict, Problem
from gradlab.profile import Profile
from gradlab.schemas.datasets import FileFormat
from gradlab.schemas.status import DatasetStatus

# Checks of one file by checkers that died: it may be the file that they died of.
MAX_CHECKS = 3


class DatasetStore:
    """Repository of uploaded datasets. Their bytes are blobs, which rows name by hash.

    Every method raises Unavailable while the database does not answer.

    Args:
        engine: the engine of the database.
        clock: returns the current time in UTC.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine, self._clock = engine, clock

    def add(
        self, id: str, name: str, format: FileFormat, size: int, *, lost: str | None = None
    ) -> tuple[DatasetRecord, bool]:
        """Add a dataset whose bytes are stored, to be checked. Return it, and True if it has to be checked.

        One that is there stays as it is, unless it was refused, or its table is `lost`: then it is checked again.

        Args:
            id: of the dataset.
            name: of a new one.
            format: of the file.
            size: of the file, in bytes.
            lost: the hash of a table that is no longer in the storage.
        """
        try:
            return self._add(id, name, format, size, lost)
        except IntegrityError:
            return self._add(id, name, format, size, lost)  # another request has added it since it was looked for

    def _add(self, id: str, name: str, format: FileFormat, size: int, lost: str | None) -> tuple[DatasetRecord, bool]:
        now = self._clock()
        fresh: dict[str, Any] = {
            "status": DatasetStatus.checking,
            "format": format,
            "updated_at": now,
            "checked_until": None,
            "checks": 0,
            **dict.fromkeys(("problems", "contents", "summary", "profile", "blob")),
        }
        with writing(self._engine) as connection:
            row = connection.execute(_named(id).with_for_update()).one_or_none()
            is_due = row is None or row.status == DatasetStatus.refused or (lost is not None and row.blob == lost)
            if row is None:
                connection.execute(insert(datasets).values(id=id, name=name, bytes=size, created_at=now, **fresh))
            elif is_due:
                connection.execute(update(datasets).where(datasets.c.id == id).values(fresh))
            return dataset_rows.record(dataset_rows.find(connection, id)), is_due

    def get(self, id: str) -> DatasetRecord:
        """Return a dataset. Raises NotFound."""
        with reading(self._engine) as connection:
            return dataset_rows.record(dataset_rows.find(connection, id))

    def find(self, id: str) -> DatasetRecord | None:
        """Return a dataset, None if there is none."""
        with reading(self._engine) as connection:
            row = connection.execute(_named(id)).one_or_none()
        return dataset_rows.record(row) if row else None

    def summary(self, id: str, field: str = "dataset.id") -> TableSummary:
        """Return what a spec needs to know of the columns of a dataset; `field` is the one that names it.

        Raises:
            Invalid: there is no such dataset, or it was refused.
            Conflict: it is not ready yet.
        """
        with reading(self._engine) as connection:
            row = dataset_rows.find_ready(connection, id, field, datasets.c.summary)
        return TableSummary.model_validate_json(row.summary)

    def profile(self, id: str) -> Profile:
        """Return the profile of a dataset.

        Raises:
            NotFound: there is no such dataset.
            Conflict: it is not ready.
        """
        with reading(self._engine) as connection:
            row = dataset_rows.find(connection, id, datasets.c.profile)
        if row.profile is None:
            raise Conflict(f"The dataset is {row.status}: there is a profile once it is ready.")
        return Profile.model_validate_json(row.profile)

    def page(self, *, limit: int, before: int | None = None) -> DatasetPage:
        """Return a page of datasets, newest first; `before` is `next` of the preceding page."""
        query, number, read = select(*RECORDED), datasets.c.number, dataset_rows.record
        with reading(self._engine) as connection:
            records, following = page_of(connection, query, number, read, limit=limit, before=before)
        return DatasetPage(tuple(records), following)

    def delete(self, id: str) -> str | None:
        """Delete a dataset. Return the hash of its blob if no other dataset has it.

        Raises:
            NotFound: there is no such dataset.
            Conflict: specs name it; the message names their experiments.
        """
        with writing(self._engine) as connection:
            row = dataset_rows.find(connection, id)
            check_unused(connection, dataset_uses.c.dataset, row.number, "The dataset is")
            connection.execute(delete(datasets).where(datasets.c.number == row.number))
            others = connection.execute(select(datasets.c.number).where(datasets.c.blob == row.blob).limit(1)).first()
        blob: str | None = row.blob
        return None if others else blob

    # For checkers.

    def due(self) -> list[str]:
        """Return the datasets that wait for a check, or whose checker is dead, oldest first."""
        with reading(self._engine) as connection:
            query = select(datasets.c.id).where(_is_due(self._clock())).order_by(datasets.c.number)
            return list(connection.execute(query).scalars())

    def claim(self, id: str, *, lease: timedelta) -> DatasetClaim | None:
        """Claim the check of a dataset. Return None if it is not due, or no longer there.

        One on which `MAX_CHECKS` checkers died is refused.
        """
        now = self._clock()
        due = update(datasets).where(datasets.c.id == id, _is_due(now))
        change = {"checked_until": now + lease, "checks": datasets.c.checks + 1, "claims": datasets.c.claims + 1}
        with writing(self._engine) as connection:
            row = connection.execute(due.values(change).returning(*RECORDED)).one_or_none()
        if row is None:
            return None
        claim = DatasetClaim(dataset_rows.record(row), row.number, row.claims)
        if row.checks > MAX_CHECKS:
            died = Problem(THE_FILE, "a file that can be read", "one on which the service ended every time")
            self.refuse(claim, [died])
            return None
        return claim

    def renew(self, claim: DatasetClaim, *, lease: timedelta) -> None:
        """Extend a claim, unless it is lost."""
        self._change(claim, {"checked_until": self._clock() + lease})

    def release(self, claim: DatasetClaim) -> None:
        """Give back the claim on a check that could not be made: it is due at once."""
        self._change(claim, {"checked_until": None, "checks": datasets.c.checks - 1})

    def accept(self, claim: DatasetClaim, checked: Checked) -> bool:
        """Store what a check has found: the dataset is ready. Return False if the claim is lost."""
        change = {
            "status": DatasetStatus.ready,
            "updated_at": self._clock(),
            "checked_until": None,
            "contents": checked.contents.to_json(),
            "summary": checked.summary.model_dump_json(),
            "profile": checked.profile.model_dump_json(),
            "blob": checked.blob,
        }
        return self._change(claim, change)

    def refuse(self, claim: DatasetClaim, problems: Sequence[Problem]) -> bool:
        """Refuse a dataset for its problems. Return False if the claim is lost."""
        change = {
            "status": DatasetStatus.refused,
            "updated_at": self._clock(),
            "checked_until": None,
            "problems": dataset_rows.write_problems(problems),
        }
        return self._change(claim, change)

    def _change(self, claim: DatasetClaim, change: dict[str, Any]) -> bool:
        """Change a claimed dataset. Return False if it was deleted, checked or claimed by another meanwhile."""
        with writing(self._engine) as connection:
            return bool(connection.execute(_held(claim).values(change)).rowcount)


def _named(id: str) -> Select[Any]:
    return select(*RECORDED).where(datasets.c.id == id)


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Condition on a row: its check waits for a checker, or the last one's lease has expired."""
    is_free = or_(datasets.c.checked_until.is_(None), datasets.c.checked_until < now)
    return and_(datasets.c.status == DatasetStatus.checking, is_free)


def _held(claim: DatasetClaim) -> Update:
    is_its_row = datasets.c.number == claim.upload, datasets.c.claims == claim.number
    return update(datasets).where(*is_its_row, datasets.c.status == DatasetStatus.checking)
