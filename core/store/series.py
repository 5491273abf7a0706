"""Series as packed little-endian float32: one row per run, kind and chunk.

All bits are kept, those of NaN and infinities too. One database row per value, in the smallest form, takes 10 times the
space and 50 times the time to read (`python -m bench.store`). Row i of a block is from epoch first_epoch + i·every.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from core.records import Summary
from core.store import tables
from gradlab.measurement.history import History, Layout, without_gradient
from gradlab.measurement.rows import Rows

METRICS, GRADIENTS = "metrics", "gradients"
FLOAT32 = np.dtype("<f4")
# The statistic that summaries reduce: the size of a gradient as one number.
SUMMARISED = "mean_abs"
# The largest epoch that the database can hold.
LAST_EPOCH = 2**31 - 1
_BLOCKS = tables.series.c
# Made once: SQLAlchemy takes longer to make it than the database to answer it.
_ROWS = (
    select(_BLOCKS.run, _BLOCKS.first_epoch, _BLOCKS.epochs, _BLOCKS.data)
    .where(_BLOCKS.kind == bindparam("kind"), _BLOCKS.run.in_(bindparam("runs", expanding=True)))
    .where(_BLOCKS.first_epoch + (_BLOCKS.epochs - 1) * bindparam("every") >= bindparam("from_epoch"))
    .where(_BLOCKS.first_epoch <= bindparam("to_epoch"))
    .order_by(_BLOCKS.run, _BLOCKS.first_epoch)
)


def pack(values: np.ndarray) -> bytes:
    """Return the values as little-endian float32 bytes, last axis fastest."""
    return np.ascontiguousarray(values, FLOAT32).tobytes()


def unpack(data: bytes, rows: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return packed bytes as an array (rows, *shape), float32, read-only."""
    return np.frombuffer(data, FLOAT32).reshape(rows, *shape)


def row_shape(layout: Layout, kind: str) -> tuple[int, ...]:
    """Return the shape of one epoch of a kind of series. Raises KeyError if the kind is not recorded."""
    return (len(layout.metrics),) if kind == METRICS else layout[kind].shape


def interval(layout: Layout, kind: str) -> int:
    """Return the number of epochs between two rows of a kind of series."""
    return 1 if kind == METRICS else layout[kind].every


def write(connection: Connection, histories: Iterable[tuple[int, History]]) -> None:
    """Append each run's history to its stored epochs."""
    if blocks := [{"run": run, **block} for run, history in histories for block in _blocks(history)]:
        connection.execute(insert(tables.series), blocks)


def _blocks(history: History) -> Iterator[dict[str, object]]:
    recorded = [(METRICS, history.first_epoch, history.metrics)]
    for kind, values in history.series.items():
        if epochs := history.epochs_of(kind):
            recorded.append((kind, epochs[0], values))
    for kind, first_epoch, values in recorded:
        yield {"kind": kind, "first_epoch": first_epoch, "epochs": len(values), "data": pack(values)}


def truncate(connection: Connection, run: int, first_epoch: int, layout: Layout) -> None:
    """Drop a run's series from `first_epoch` on. A block that begins before is cut."""
    blocks, connected = tables.series.c, tables.series.c.run == run
    for kind in (METRICS, *(series.kind for series in layout.series)):
        every = interval(layout, kind)
        last = blocks.first_epoch + (blocks.epochs - 1) * every
        straddling = and_(connected, blocks.kind == kind, blocks.first_epoch < first_epoch, last >= first_epoch)
        for block in connection.execute(select(tables.series).where(straddling)).all():
            epochs = len(range(block.first_epoch, first_epoch, every))
            kept = block.data[: len(block.data) // block.epochs * epochs]
            this = and_(connected, blocks.kind == kind, blocks.first_epoch == block.first_epoch)
            connection.execute(update(tables.series).where(this).values(epochs=epochs, data=kept))
    connection.execute(delete(tables.series).where(connected, blocks.first_epoch >= first_epoch))
    connection.execute(delete(tables.summaries).where(tables.summaries.c.run == run))


def forget(connection: Connection, runs: Sequence[int]) -> None:
    """Drop all series and summaries of runs."""
    for table in (tables.series, tables.summaries):
        connection.execute(delete(table).where(table.c.run.in_(runs)))


def read(
    connection: Connection, runs: Sequence[int], kind: str, layout: Layout, from_epoch: int, to_epoch: int | None
) -> dict[int, Rows]:
    """Return the rows of one kind by run number, from `from_epoch` to `to_epoch`, both included.

    Values have the shape (rows, *row_shape).
    """
    every, shape = interval(layout, kind), row_shape(layout, kind)
    values = {"kind": kind, "runs": runs, "every": every, "from_epoch": from_epoch}
    values |= {"to_epoch": LAST_EPOCH if to_epoch is None else to_epoch}
    blocks_of: dict[int, list[tuple[range, bytes]]] = {run: [] for run in runs}
    for run, first_epoch, epochs, data in connection.execute(_ROWS, values):
        blocks_of[run].append((range(first_epoch, first_epoch + epochs * every, every), data))
    return {run: _cut(_join(parts, shape), from_epoch, to_epoch) for run, parts in blocks_of.items()}


def _join(parts: list[tuple[range, bytes]], shape: tuple[int, ...]) -> Rows:
    epochs = np.concatenate([np.array(part, np.int64) for part, _ in parts] or [np.zeros(0, np.int64)])
    return Rows(epochs, unpack(b"".join(data for _, data in parts), len(epochs), shape))


def _cut(rows: Rows, from_epoch: int, to_epoch: int | None) -> Rows:
    """Restrict rows to a range of epochs. Epochs rise, so that this is one slice without a copy."""
    begin = int(np.searchsorted(rows.epochs, from_epoch))
    end = None if to_epoch is None else max(begin, int(np.searchsorted(rows.epochs, to_epoch, side="right")))
    return Rows(rows.epochs[begin:end], rows.values[begin:end])


def summarise(gradients: Rows, layout: Layout) -> list[Summary]:
    """Return one summary per tensor of a run's gradients, values (epochs, tensors, statistics)."""
    sizes = gradients.values[:, :, layout[GRADIENTS].columns.index(SUMMARISED)]
    none = without_gradient(layout[GRADIENTS], gradients.values)
    summaries = [_summary(gradients.epochs, values) for values in sizes.T]
    # A tensor without a gradient has only NaN: that is no first epoch of a failure.
    pairs = zip(summaries, none, strict=True)
    return [replace(each, first_nonfinite_epoch=None) if missing else each for each, missing in pairs]


def _summary(epochs: np.ndarray, values: np.ndarray) -> Summary:
    finite, bad = values[np.isfinite(values)], epochs[~np.isfinite(values)]
    last, minimum, maximum = map(float, (finite[-1], finite.min(), finite.max())) if len(finite) else (None,) * 3
    return Summary(last, minimum, maximum, first_nonfinite_epoch=int(bad[0]) if len(bad) else None)


def write_summaries(connection: Connection, run: int, layout: Layout) -> None:
    """Store the summaries of a run whose series is complete.

    Epoch 0 is left out: its gradient is over all samples, those of later epochs are of mini-batches.
    """
    connection.execute(delete(tables.summaries).where(tables.summaries.c.run == run))
    if GRADIENTS not in layout:
        return
    gradients = read(connection, [run], GRADIENTS, layout, 1, None)[run]
    rows = [{"run": run, "tensor": tensor, **vars(each)} for tensor, each in enumerate(summarise(gradients, layout))]
    if rows and len(gradients.epochs):
        connection.execute(insert(tables.summaries), rows)
