"""Uses of uploaded datasets and weights: what a spec names may not be deleted."""

from typing import Any

from sqlalchemy import Column, Connection, select

from core.store.tables import experiments
from gradlab.errors import Conflict

# Experiments that a refusal names; the others are counted.
MAX_NAMED = 5


def check_unused(connection: Connection, uses: Column[Any], number: int, what: str) -> None:
    """Raise Conflict, with the first experiments, if specs name a row.

    Args:
        connection: of the transaction.
        uses: the column of a table of uses that refers to the row.
        number: of the row.
        what: the row for the message: "The dataset is".
    """
    users = select(experiments.c.id).join(uses.table, uses.table.c.experiment == experiments.c.number)
    named = connection.execute(users.where(uses == number)).scalars().all()
    if named:
        more = f" and {len(named) - MAX_NAMED} more" if len(named) > MAX_NAMED else ""
        first = ", ".join(map(str, named[:MAX_NAMED]))
        raise Conflict(f"{what} used by experiments, which have to be deleted first: {first}{more}.")
