"""Series as packed little-endian float32: one row per run, kind and chunk.

Bits go in and come out unchanged, NaN and infinities too. One row per value, at its leanest, takes ten times the room
and fifty times the reading (`python -m bench.store`).
"""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, and_, delete, insert, select, update

from core.history import History, Layout
from core.store import tables
from core.store.records import Summary

METRICS, GRADIENTS = "metrics", "gradients"
FLOAT32 = np.dtype("<f4")
# The statistic that summaries are about: the size of a gradient, as one number.
SUMMARISED = "mean_abs"


def pack(values: np.ndarray) -> bytes:
    """The values' bytes, last axis fastest."""
    return np.ascontiguousarray(values, FLOAT32).tobytes()


def unpack(data: bytes, rows: int, shape: tuple[int, ...]) -> np.ndarray:
    """Rows of `shape` from packed bytes: (rows, *shape) float32, read-only."""
    return np.frombuffer(data, FLOAT32).reshape(rows, *shape)


def row_shape(layout: Layout, kind: str) -> tuple[int, ...]:
    """The shape of one epoch of a kind of series."""
    return (len(layout.metrics),) if kind == METRICS else (len(layout.tensors), len(layout.statistics))


def write(connection: Connection, run: int, history: History) -> None:
    """Add a chunk's epochs behind those that are stored."""
    kinds = {METRICS: history.metrics, GRADIENTS: history.gradients}
    common = {"run": run, "first_epoch": history.first_epoch, "epochs": len(history)}
    connection.execute(
        insert(tables.series), [{"kind": kind, "data": pack(values), **common} for kind, values in kinds.items()]
    )


def truncate(connection: Connection, run: int, first_epoch: int) -> None:
    """Drop a run's series from `first_epoch` on; a block that reaches over it is cut."""
    blocks, connected = tables.series.c, tables.series.c.run == run
    straddling = and_(connected, blocks.first_epoch < first_epoch, blocks.first_epoch + blocks.epochs > first_epoch)
    for block in connection.execute(select(tables.series).where(straddling)).all():
        epochs = first_epoch - block.first_epoch
        kept = block.data[: len(block.data) // block.epochs * epochs]
        this = and_(connected, blocks.kind == block.kind, blocks.first_epoch == block.first_epoch)
        connection.execute(update(tables.series).where(this).values(epochs=epochs, data=kept))
    connection.execute(delete(tables.series).where(connected, blocks.first_epoch >= first_epoch))
    connection.execute(delete(tables.summaries).where(tables.summaries.c.run == run))


def read(
    connection: Connection, runs: Sequence[int], kind: str, layout: Layout, from_epoch: int, to_epoch: int | None
) -> dict[int, np.ndarray]:
    """Run number -> (epochs, *row_shape) float32, from `from_epoch` to `to_epoch`, both included."""
    blocks = tables.series.c
    query = select(blocks.run, blocks.first_epoch, blocks.epochs, blocks.data)
    query = query.order_by(blocks.run, blocks.first_epoch)
    query = query.where(blocks.kind == kind, blocks.run.in_(runs), blocks.first_epoch + blocks.epochs > from_epoch)
    if to_epoch is not None:
        query = query.where(blocks.first_epoch <= to_epoch)
    found: dict[int, list[tuple[int, int, bytes]]] = {run: [] for run in runs}
    for run, first_epoch, epochs, data in connection.execute(query):
        found[run].append((first_epoch, epochs, data))
    shape = row_shape(layout, kind)
    cut = {}
    for run, parts in found.items():
        begin = parts[0][0] if parts else from_epoch
        rows = unpack(b"".join(data for _, _, data in parts), sum(epochs for _, epochs, _ in parts), shape)
        cut[run] = rows[max(0, from_epoch - begin) : None if to_epoch is None else max(0, to_epoch + 1 - begin)]
    return cut


def summarise(gradients: np.ndarray, layout: Layout) -> list[Summary]:
    """One summary per tensor from a run's (epochs, tensors, statistics)."""
    return [_summary(values) for values in gradients[:, :, layout.statistics.index(SUMMARISED)].T]


def _summary(values: np.ndarray) -> Summary:
    finite = values[np.isfinite(values)]
    (bad,) = np.nonzero(~np.isfinite(values))
    last, minimum, maximum = map(float, (finite[-1], finite.min(), finite.max())) if len(finite) else (None,) * 3
    return Summary(last, minimum, maximum, first_nonfinite_epoch=int(bad[0]) + 1 if len(bad) else None)


def write_summaries(connection: Connection, run: int, layout: Layout) -> None:
    """Sum up a run whose series will not grow any more."""
    gradients = read(connection, [run], GRADIENTS, layout, 1, None)[run]
    connection.execute(delete(tables.summaries).where(tables.summaries.c.run == run))
    rows = [{"run": run, "tensor": tensor, **vars(each)} for tensor, each in enumerate(summarise(gradients, layout))]
    if rows and len(gradients):
        connection.execute(insert(tables.summaries), rows)
