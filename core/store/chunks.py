"""Storing chunks: each is appended to what is stored of its runs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from core.records import Claim, WorkerCommand
from core.store import facts_rows, series, snapshots
from core.store.claims import fence, forget
from core.store.large import Kept, LargeBytes, owner
from core.store.tables import checkpoints, experiments, runs
from gradlab.facts import Facts
from gradlab.measurement.history import Architecture, Checkpoint, Chunk, RunChunk


def is_last_before_new(chunk: Chunk) -> bool:
    """Return True if the next chunk may need compilation: it is the first after epoch 0, or another group's."""
    return chunk.ended or any(run.history.last_epoch == 0 for run in chunk.runs)


@dataclass(frozen=True)
class Stored:
    """The large bytes of a chunk, stored before its rows.

    Attributes:
        checkpoint: the checkpoint, None if none is due.
        state: the checkpoint's state.
        snapshots: seed -> the packed network of its run.
    """

    checkpoint: Checkpoint | None
    state: Kept
    snapshots: Mapping[int, Kept]


def keep(large: LargeBytes, claim: Claim, chunk: Chunk, checkpoint: Checkpoint | None) -> Stored:
    """Store the large bytes of a chunk. Raises Unavailable while their storage does not answer."""
    mine = owner(claim.experiment_id, claim.attempt)
    state = large.keep(checkpoint.state, mine) if checkpoint else Kept(b"")
    networks = {run.seed: large.keep(snapshots.pack(run.snapshot)) for run in chunk.runs if run.snapshot}
    return Stored(checkpoint, state, networks)


def append(
    connection: Connection,
    claim: Claim,
    chunk: Chunk,
    stored: Stored,
    architecture: Architecture | None,
    until: datetime,
    facts: Facts | None = None,
) -> tuple[WorkerCommand, str | None]:
    """Append a chunk to its runs. Rows that an earlier attempt stored from the chunk's first epoch on are dropped.

    Return the command for the worker, and the blob of a checkpoint that was replaced.
    """
    compiled = chunk.compiled and experiments.c.compiled.is_not(False)
    row = fence(connection, claim, lease_until=until, compiled=compiled)
    query = select(runs).where(runs.c.experiment == row.number).order_by(runs.c.position)
    records = {run.seed: run for run in connection.execute(query)}
    for run in chunk.runs:
        _make_room(connection, records[run.seed], run)
    last = max(records[seed].position for seed in chunk.group)
    later = [run for run in records.values() if run.position > last and run.final_metrics is not None]
    if later:
        forget(connection, [run.number for run in later])
    series.write(connection, [(records[run.seed].number, run.history) for run in chunk.runs])
    taken = {run.seed: run.snapshot.epoch for run in chunk.runs if run.snapshot}
    snapshots.write(connection, [(records[seed].number, taken[seed], kept) for seed, kept in stored.snapshots.items()])
    if facts:
        facts_rows.put(connection, row.number, facts)
    if architecture:
        snapshots.describe(connection, row.number, architecture)
    for run in chunk.runs:
        _record(connection, records[run.seed].number, run)
    replaced = _keep(connection, row.number, stored, {seed: record.position for seed, record in records.items()})
    return WorkerCommand.cancel if row.cancel_requested else WorkerCommand.continue_, replaced


def _make_room(connection: Connection, record: Row[Any], run: RunChunk) -> None:
    """Drop a run's rows from the chunk's first epoch on. Raises ValueError: the chunk would leave a gap."""
    first_epoch = run.history.first_epoch
    if first_epoch > record.epochs_done + 1:
        raise ValueError(f"epoch {first_epoch} would leave a gap behind epoch {record.epochs_done}")
    if record.final_metrics is not None and first_epoch <= record.epochs_done:
        series.truncate(connection, record.number, first_epoch, run.history.layout)
        snapshots.drop(connection, [record.number], first_epoch)


def _record(connection: Connection, number: int, run: RunChunk) -> None:
    """Store a run's progress, and its summaries once it has ended."""
    progress = {
        "epochs_done": run.history.last_epoch,
        "ended": run.run_ended,
        "stopped_by": run.stopped_by,
        "culprit": asdict(run.culprit) if run.culprit else None,
        "final_metrics": series.pack(run.history.metrics[-1]),
    }
    connection.execute(update(runs).where(runs.c.number == number).values(progress))
    if run.run_ended:
        series.write_summaries(connection, number, run.history.layout)


def _keep(connection: Connection, number: int, stored: Stored, positions: dict[int, int]) -> str | None:
    """Replace the checkpoint, if one is due, and return the blob of the one before.

    A later one than before resets the count of stalled attempts.
    """
    if (checkpoint := stored.checkpoint) is None:
        return None
    this = checkpoints.c.experiment == number
    query = select(checkpoints.c.seed, checkpoints.c.epoch, checkpoints.c.blob).where(this)
    before = connection.execute(query).one_or_none()
    values = {"seed": checkpoint.seed, "epoch": checkpoint.epoch, "state": stored.state.data, "blob": stored.state.blob}
    if before:
        connection.execute(update(checkpoints).where(this).values(values))
    else:
        connection.execute(insert(checkpoints).values(experiment=number, **values))
    reached = (positions[checkpoint.seed], checkpoint.epoch)
    if before is None or reached > (positions[before.seed], before.epoch):
        connection.execute(update(experiments).where(experiments.c.number == number).values(stalled_attempts=0))
    return before.blob if before and before.blob != stored.state.blob else None
