"""Storing chunks: each is appended to what is stored of its runs."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from core.records import Claim, WorkerCommand
from core.store import facts_rows, series, snapshots
from core.store.claims import fence, forget
from core.store.tables import checkpoints, experiments, runs
from gradlab.facts import Facts
from gradlab.measurement.history import Architecture, Checkpoint, Chunk, RunChunk


def is_last_before_new(chunk: Chunk) -> bool:
    """Return True if the next chunk may need compilation: it is the first after epoch 0, or another group's."""
    return chunk.ended or all(run.history.last_epoch == 0 for run in chunk.runs)


def append(
    connection: Connection,
    claim: Claim,
    chunk: Chunk,
    checkpoint: Checkpoint | None,
    architecture: Architecture | None,
    until: datetime,
    facts: Facts | None = None,
) -> WorkerCommand:
    """Append a chunk to its runs. Rows that an earlier attempt stored from the chunk's first epoch on are dropped."""
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
    snapshots.write(connection, [(records[run.seed].number, run.snapshot) for run in chunk.runs])
    if facts:
        facts_rows.put(connection, row.number, facts)
    if architecture:
        snapshots.describe(connection, row.number, architecture)
    for run in chunk.runs:
        _record(connection, records[run.seed].number, run)
    if checkpoint:
        _keep(connection, row.number, checkpoint, {seed: record.position for seed, record in records.items()})
    return WorkerCommand.cancel if row.cancel_requested else WorkerCommand.continue_


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


def _keep(connection: Connection, number: int, checkpoint: Checkpoint, positions: dict[int, int]) -> None:
    """Replace the checkpoint. A later one than before resets the count of stalled attempts."""
    this = checkpoints.c.experiment == number
    before = connection.execute(select(checkpoints.c.seed, checkpoints.c.epoch).where(this)).one_or_none()
    values = {"seed": checkpoint.seed, "epoch": checkpoint.epoch, "state": checkpoint.state}
    if before:
        connection.execute(update(checkpoints).where(this).values(values))
    else:
        connection.execute(insert(checkpoints).values(experiment=number, **values))
    reached = (positions[checkpoint.seed], checkpoint.epoch)
    if before is None or reached > (positions[before.seed], before.epoch):
        connection.execute(update(experiments).where(experiments.c.number == number).values(stalled_attempts=0))
