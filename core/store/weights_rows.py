"""Transactions of uploaded weights: which specs name them, and what their rows hold."""

import json
from typing import Any

from sqlalchemy import Connection, Row, select

from core.store.database import one_row
from core.store.weights_tables import uploaded_weights
from core.weights import WeightsRecord
from gradlab.errors import Invalid, Problem
from gradlab.spec import AnySpec, ExperimentSpec
from gradlab.spec.initial_weights import FIELD, check_fits


def use(connection: Connection, spec: AnySpec) -> int | None:
    """Return the number of the weights that a spec begins with, locked against deletion; None if it names none.

    Raises:
        Invalid: there are no such weights, or they do not fit the network.
    """
    row = find_fitting(connection, spec) if isinstance(spec, ExperimentSpec) else None
    return None if row is None else row.number


def find_fitting(connection: Connection, spec: ExperimentSpec) -> Row[Any] | None:
    """Return the row of the weights that a spec names, locked against deletion; None if it names none.

    Raises:
        Invalid: there are no such weights, or they do not fit the network.
    """
    start = spec.training.initial_weights
    if start is None:
        return None
    # Nobody deletes them before the use is stored.
    query = select(uploaded_weights).where(uploaded_weights.c.id == start.id).with_for_update(read=True, key_share=True)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise Invalid(Problem(f"{FIELD}.id", "the id of uploaded weights: POST /weights returns it", repr(start.id)))
    check_fits(start, spec.layers, record(row).shapes)
    return row


def find(connection: Connection, id: str) -> Row[Any]:
    """Return the row of uploaded weights, locked until the end of a writing transaction. Raises NotFound."""
    query = select(uploaded_weights).where(uploaded_weights.c.id == id)
    return one_row(connection, query, f"There are no weights {id}.")


def record(row: Row[Any]) -> WeightsRecord:
    """Return the record of a row."""
    shapes = {name: tuple(shape) for name, shape in json.loads(row.tensors)}
    return WeightsRecord(row.id, row.name, row.bytes, row.created_at, shapes)


def write_tensors(tensors: dict[str, tuple[int, ...]]) -> str:
    """Write names and shapes of tensors as JSON."""
    return json.dumps([[name, list(shape)] for name, shape in tensors.items()])
