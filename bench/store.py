"""Packed series against one row per value: size, writing and reading, on SQLite and PostgreSQL.

    python -m bench.store

200 epochs × 40 tensors × 7 statistics of one run's gradients, written in chunks of one epoch and of 50. "Packed" is all
of `ExperimentStore.append`: claim check, progress, lease, and metrics too. "One row per value" writes the values alone:
run, epoch, tensor, statistic, number. Both take turns, so that a change of the machine's speed affects both.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table as Report
from sqlalchemy import Column, Double, Engine, Integer, MetaData, Table, insert, select, text

from core.store import ExperimentStore
from core.store.database import connect, reading, writing
from core.store.migrate import upgrade
from gradlab.measurement.history import History
from tests.builders import a_chunk, a_spec, measured
from tests.servers import PostgreSQL

EPOCHS, LAYERS, LONG_CHUNK, ROUNDS = 200, 20, 50, 3
SPEC = a_spec(epochs=EPOCHS, layers=LAYERS, record="lean")
HISTORY = measured(SPEC, 0, 1, EPOCHS)
GRADIENTS = HISTORY.series["gradients"]

rows = Table(
    "one_row_per_value",
    MetaData(),
    *(Column(name, Integer, primary_key=True, autoincrement=False) for name in ("run", "epoch", "tensor", "statistic")),
    Column("value", Double),
)


def part(first_epoch: int, epochs: int) -> History:
    """Return some epochs of the run."""
    rows = slice(first_epoch - 1, first_epoch - 1 + epochs)
    return History(SPEC.layout, first_epoch, HISTORY.metrics[rows], {"gradients": GRADIENTS[rows]})


class Packed:
    """The store's own layout: packed series."""

    name = "packed"

    def __init__(self, url: str) -> None:
        upgrade(url)
        self.store = ExperimentStore(url, lease=timedelta(minutes=1), max_attempts=1)

    def begin(self) -> None:
        """Begin a new run."""
        self.id = self.store.add(SPEC)[0].id
        self.claim = self.store.claim(self.id, worker="bench")

    def write(self, first_epoch: int, epochs: int) -> None:
        """Write one chunk in one transaction."""
        assert self.claim
        self.store.append(self.claim, a_chunk(SPEC, history=part(first_epoch, epochs), run_ended=False))

    def read(self) -> np.ndarray:
        """Return the whole run: (epochs, tensors, statistics)."""
        return self.store.series(self.id, "gradients")[0].values


class Rows:
    """A table with one row per value."""

    name = "one row per value"

    def __init__(self, url: str) -> None:
        self.engine = connect(url)
        rows.metadata.create_all(self.engine)
        self.run = 0

    def begin(self) -> None:
        """Begin a new run."""
        self.run += 1

    def write(self, first_epoch: int, epochs: int) -> None:
        """Write one chunk in one transaction."""
        block = part(first_epoch, epochs).series["gradients"]
        values = [
            {"run": self.run, "epoch": first_epoch + e, "tensor": t, "statistic": s, "value": float(value)}
            for (e, t, s), value in np.ndenumerate(block)
        ]
        with writing(self.engine) as connection:
            connection.execute(insert(rows), values)

    def read(self) -> np.ndarray:
        """Return the whole run: (epochs, tensors, statistics)."""
        query = select(rows.c.value).where(rows.c.run == self.run)
        with reading(self.engine) as connection:
            measured = connection.execute(query.order_by(rows.c.epoch, rows.c.tensor, rows.c.statistic)).scalars().all()
        return np.array(measured, np.float32).reshape(GRADIENTS.shape)


def seconds(action: Callable[[], object]) -> float:
    """Return the seconds that an action takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def write_run(layout: Packed | Rows, length: int) -> float:
    """Write a run in chunks of `length` epochs; return the median seconds of a chunk."""
    layout.begin()
    return median(seconds(partial(layout.write, first, length)) for first in range(1, EPOCHS + 1, length))


def size(engine: Engine) -> int:
    """Return the size of the database in bytes."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    with closing(engine.raw_connection()) as raw, closing(raw.cursor()) as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # outside of any transaction
    return Path(str(engine.url.database)).stat().st_size


def measure(url_for: Callable[[str], str]) -> dict[str, list[float]]:
    """Measure both layouts: name -> KiB per run; milliseconds per short chunk, per long chunk, and to read a run."""
    packed, one_each = Packed(url_for("packed")), Rows(url_for("rows"))
    layouts: tuple[Packed | Rows, ...] = packed, one_each
    engines = packed.store._engine, one_each.engine
    measured: dict[str, list[list[float]]] = {layout.name: [] for layout in layouts}
    for _ in range(ROUNDS):
        for layout, engine in zip(layouts, engines, strict=True):
            before = size(engine)
            short = write_run(layout, 1)
            grown = size(engine) - before
            long = write_run(layout, LONG_CHUNK)
            assert layout.read().tobytes() == GRADIENTS.tobytes()
            read = median(seconds(layout.read) for _ in range(5))
            measured[layout.name].append([grown / 1024, 1000 * short, 1000 * long, 1000 * read])
    for engine in engines:
        engine.dispose()
    return {name: [median(column) for column in zip(*rounds, strict=True)] for name, rounds in measured.items()}


@contextmanager
def databases() -> Iterator[dict[str, Callable[[str], str]]]:
    """Yield database -> a function that returns the URL of a new one; PostgreSQL only where it is installed."""
    with tempfile.TemporaryDirectory() as folder:
        urls: dict[str, Callable[[str], str]] = {"SQLite": lambda name: f"sqlite:///{folder}/{name}.db"}
        try:
            server = PostgreSQL()
        except pytest.skip.Exception as missing:
            print(missing)
            yield urls
            return
        try:
            yield urls | {"PostgreSQL": server.create}
        finally:
            server.remove()


def main() -> None:
    """Measure and print."""
    report = Report(title=f"{EPOCHS} epochs × {2 * LAYERS} tensors × {GRADIENTS.shape[2]} statistics")
    columns = ("size, KiB", "write 1 epoch, ms", f"write {LONG_CHUNK} epochs, ms", "read all, ms")
    for column in ("database", "layout", *columns):
        report.add_column(column, justify="left" if column in ("database", "layout") else "right")
    with databases() as available:
        for database, url_for in available.items():
            measured = measure(url_for)
            for name, numbers in measured.items():
                report.add_row(database, name, *(f"{number:,.2f}" for number in numbers))
            packed, one_each = measured.values()
            ratios = (f"{b / a:,.0f} ×" for a, b in zip(packed, one_each, strict=True))
            report.add_row(database, "packed is better by", *ratios, style="bold", end_section=True)
    Console(width=120).print(report)


if __name__ == "__main__":
    main()
