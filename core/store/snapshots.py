"""Networks before the first update of each run and after its last, as the bytes of their variables."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, insert, select

from core.store.large import Kept
from core.store.tables import architectures, snapshots
from gradlab.errors import NotFound
from gradlab.measurement.history import Architecture, Snapshot, Variable


def describe(connection: Connection, experiment: int, architecture: Architecture) -> None:
    """Store the architecture of an experiment's snapshots; each attempt replaces it."""
    connection.execute(delete(architectures).where(architectures.c.experiment == experiment))
    variables = [[each.path, list(each.shape), each.dtype] for each in architecture.variables]
    values: dict[str, Any] = {"config": architecture.config, "keras_version": architecture.keras_version}
    connection.execute(insert(architectures).values(experiment=experiment, variables=variables, **values))


def write(connection: Connection, taken: Iterable[tuple[int, int, Kept]]) -> None:
    """Store snapshots: the run, the epoch, and the packed variables of each."""
    rows = [{"run": run, "epoch": epoch, "data": kept.data, "blob": kept.blob} for run, epoch, kept in taken]
    if rows:
        connection.execute(insert(snapshots), rows)


def drop(connection: Connection, runs: Sequence[int], from_epoch: int = 0) -> None:
    """Drop the snapshots of runs from an epoch on."""
    connection.execute(delete(snapshots).where(snapshots.c.run.in_(runs), snapshots.c.epoch >= from_epoch))


def architecture(connection: Connection, experiment: int) -> Architecture:
    """Return the architecture of an experiment's snapshots. Raises NotFound if none is stored."""
    row = connection.execute(select(architectures).where(architectures.c.experiment == experiment)).one_or_none()
    if row is None:
        raise NotFound(
            "No network of this experiment is kept: its training has not begun, or an earlier version of the service "
            "trained it."
        )
    variables = tuple(Variable(path, tuple(shape), dtype) for path, shape, dtype in row.variables)
    return Architecture(row.config, variables, row.keras_version)


def read(connection: Connection, run: int, epoch: int | None) -> tuple[int, Kept]:
    """Return a run's network after an epoch, by default after its last, packed. Raises NotFound if it is not kept."""
    kept = connection.execute(select(snapshots.c.epoch).where(snapshots.c.run == run)).scalars().all()
    target = max(kept, default=0) if epoch is None else epoch
    if target not in kept or (epoch is None and target == 0):
        there = f"kept is that of epoch {' and '.join(map(str, sorted(kept)))}" if kept else "none is kept yet"
        which = "after the last epoch, which is kept when a run has ended" if epoch is None else f"of epoch {epoch}"
        raise NotFound(f"This run has no network {which}: {there}.")
    this = (snapshots.c.run == run) & (snapshots.c.epoch == target)
    row = connection.execute(select(snapshots.c.data, snapshots.c.blob).where(this)).one()
    return target, Kept(row.data, row.blob)


def pack(snapshot: Snapshot) -> bytes:
    """Return the bytes of a snapshot's variables, one after another, little-endian."""
    return b"".join(np.ascontiguousarray(each, each.dtype.newbyteorder("<")).tobytes() for each in snapshot.values)


def unpack(data: bytes, variables: Sequence[Variable]) -> tuple[np.ndarray, ...]:
    """Return the variables whose bytes were packed."""
    values, begin = [], 0
    for variable in variables:
        dtype, count = np.dtype(variable.dtype).newbyteorder("<"), math.prod(variable.shape)
        values.append(np.frombuffer(data, dtype, count, begin).reshape(variable.shape))
        begin += count * dtype.itemsize
    return tuple(values)
