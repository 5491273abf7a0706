"""Transactions of trainings elsewhere: store the epochs that they send, end their runs, and let them go on."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Connection, Row, select, update

from core.store import layouts, plane_rows, series, verdict_rows
from core.store.submissions import change_row, find, submitted
from core.store.tables import runs
from gradlab.errors import Conflict, Misplaced, NotFound, Problem
from gradlab.measurement.history import History, Layout
from gradlab.measurement.plane import Plane
from gradlab.schemas.status import Status
from gradlab.spec import ExternalSpec


def receive(connection: Connection, id: UUID, seed: int, history: History, until: datetime) -> None:
    """Store the new epochs of `history`.

    Args:
        connection: a writing transaction.
        id: of the experiment.
        seed: of the run.
        history: epochs that follow the stored ones, overlap with them, or none at all.
        until: when the sender counts as silent unless it sends before.

    Raises:
        NotFound: there is no such experiment or seed.
        Conflict: the experiment is trained by this service, was cancelled, or has ended.
        Misplaced: the epochs would leave a gap, or differ from those that are stored.
    """
    row = find(connection, id)
    run, spec = run_row(connection, row, seed), submitted(row).sent_spec()
    if row.status == Status.cancelled:
        raise Conflict("The experiment was cancelled: it accepts no more epochs. Stop the training, or send no more.")
    layout = layouts.get(connection, row.number)
    done = run.epochs_done if run.final_metrics is not None else None
    following = (spec.first_epoch, spec.first_epoch + 1) if done is None else (done + 1,)
    if done is None or history.first_epoch > done:
        _check_place(history, following)
        new = history
    else:
        _compare(connection, run.number, layout, history, done)
        new = _after(history, done)
        if len(history) and not len(new):
            return  # a repeated request, whose response was lost
    if run.ended or Status(row.status).is_finished:
        what = f"The run with the seed {seed}" if run.ended else "The experiment"
        raise Conflict(f"{what} has ended: it accepts no more epochs.")
    if len(new):
        series.write(connection, [(run.number, new)])
        progress = {"epochs_done": new.last_epoch, "final_metrics": series.pack(new.metrics[-1])}
        connection.execute(update(runs).where(runs.c.number == run.number).values(progress))
    change_row(connection, row.number, {"lease_until": until})


def receive_plane(connection: Connection, id: UUID, seed: int, epoch: int, plane: Plane) -> None:
    """Store the outputs of a run's network over the plane, in place of earlier ones.

    Raises:
        NotFound: there is no such experiment or seed.
        Conflict: the experiment is trained by this service.
        Misplaced: the epoch is not stored, or another run has other axes or outputs.
    """
    row = find(connection, id)
    run, spec = run_row(connection, row, seed), submitted(row).sent_spec()
    if run.final_metrics is None or not spec.first_epoch <= epoch <= run.epochs_done:
        expected = "an epoch of the run that is stored"
        expected += "; none is" if run.final_metrics is None else f", the last of which is {run.epochs_done}"
        raise Misplaced(Problem("epoch", expected, str(epoch)))
    for other, (_, stored) in plane_rows.get(connection, row.number).items():
        if other == seed:
            continue
        for name in ("x", "y"):
            if not np.array_equal(getattr(stored, name), getattr(plane, name)):
                raise Misplaced(Problem(name, f"the axis of the run with the seed {other}", "another axis"))
        if len(stored.outputs) != len(plane.outputs):
            expected = f"{len(stored.outputs)} outputs, as another run"
            raise Misplaced(Problem("values", expected, f"{len(plane.outputs)}"))
    plane_rows.put(connection, run.number, epoch, plane)
    change_row(connection, row.number, {})


def end(connection: Connection, id: UUID, seed: int, error: str | None, now: datetime, silence: timedelta) -> None:
    """End a run; the last one ends the experiment.

    Raises:
        NotFound: there is no such experiment or seed.
        Conflict: the run has ended with another outcome, or the experiment has.
    """
    row = find(connection, id)
    run, spec = run_row(connection, row, seed), submitted(row).sent_spec()
    if run.ended:
        if (run.error is None) == (error is None):
            return  # a repeated request, whose response was lost
        ended = "completed" if run.error is None else "failed"
        raise Conflict(f"The run with the seed {seed} has ended already, as {ended}.")
    if Status(row.status).is_finished:
        raise Conflict(f"The experiment is {row.status} already: there is no run left to end.")
    layout = layouts.get(connection, row.number)
    values = {"ended": True, "error": error, "stopped_by": None if error else _stopped_by(run, spec, layout)}
    connection.execute(update(runs).where(runs.c.number == run.number).values(values))
    if run.final_metrics is not None:
        series.write_summaries(connection, run.number, layout)
    query = select(runs.c.seed, runs.c.ended, runs.c.error).where(runs.c.experiment == row.number)
    all_runs = connection.execute(query.order_by(runs.c.position)).all()
    change: dict[str, Any] = {"lease_until": now + silence}
    if failed := [f"seed {each.seed}: {each.error}" for each in all_runs if each.error is not None]:
        change["error"] = "; ".join(failed)
    if all(each.ended for each in all_runs):
        status = Status.failed if failed else Status.completed
        change |= {"status": status, "finished_at": now, "lease_until": None}
    change_row(connection, row.number, change)


def resume(connection: Connection, id: UUID, seed: int, after: int | None, epochs: int | None, until: datetime) -> None:
    """Let a run go on after one of its epochs, whether or not it has ended. What is stored of later epochs is dropped.

    Args:
        connection: a writing transaction.
        id: of the experiment.
        seed: of the run.
        after: the epoch whose state the training goes on from; None for the last stored one.
        epochs: the last epoch that is planned from now on; None if that stays. No run has fewer than are stored.
        until: when the sender counts as silent unless it sends before.

    Raises:
        NotFound: there is no such experiment or seed.
        Conflict: the experiment is trained by this service, or was cancelled.
        Misplaced: the epoch is not stored.
    """
    row = find(connection, id)
    run, spec = run_row(connection, row, seed), submitted(row).sent_spec()
    if row.status == Status.cancelled:
        raise Conflict("The experiment was cancelled: it does not go on. Send the training as a new experiment.")
    layout = layouts.get(connection, row.number)
    kept = _cut_to(connection, run, layout, spec.first_epoch, after)
    kept |= {"ended": False, "stopped_by": None, "error": None}
    connection.execute(update(runs).where(runs.c.number == run.number).values(kept))
    query = select(runs.c.seed, runs.c.epochs_done, runs.c.error).where(runs.c.experiment == row.number)
    all_runs = connection.execute(query.order_by(runs.c.position)).all()
    planned = max(epochs or spec.epochs, *(each.epochs_done for each in all_runs), spec.first_epoch + 1)
    longer = spec.model_copy(update={"epochs": planned})
    change = {
        "status": Status.running,
        "finished_at": None,
        "lease_until": until,
        "error": "; ".join(f"seed {each.seed}: {each.error}" for each in all_runs if each.error is not None) or None,
        "spec": longer.canonical(),
        "fingerprint": longer.fingerprint(),
    }
    change_row(connection, row.number, change)
    verdict_rows.drop(connection, row.number)  # that of the training before: the sweep computes one at the new end


def _cut_to(connection: Connection, run: Row[Any], layout: Layout, first: int, after: int | None) -> dict[str, Any]:
    """Drop a run's epochs behind `after`, and its summaries. Return its progress."""
    done = run.epochs_done if run.final_metrics is not None else None
    last = first if done is None else done
    after = last if after is None else after
    if not first <= after <= last:
        expected = f"an epoch from {first} to {last}, the last stored one" if done is not None else f"{first}"
        raise Misplaced(Problem("after", expected, str(after)))
    series.truncate(connection, run.number, after + 1, layout)
    rows = series.read(connection, [run.number], series.METRICS, layout, after, after)[run.number]
    if not len(rows.epochs):  # the first stored epoch comes later
        return {"epochs_done": 0, "final_metrics": None}
    return {"epochs_done": after, "final_metrics": series.pack(rows.values[-1])}


def run_row(connection: Connection, row: Row[Any], seed: int) -> Row[Any]:
    """Return the row of an experiment's run. Raises NotFound."""
    query = select(runs).where(runs.c.experiment == row.number).order_by(runs.c.position)
    run_rows = {run.seed: run for run in connection.execute(query)}
    if seed not in run_rows:
        raise NotFound(f"There is no run with the seed {seed}; the seeds are {', '.join(map(str, run_rows))}.")
    return run_rows[seed]


def _check_place(history: History, following: tuple[int, ...]) -> None:
    if history.first_epoch not in following:
        awaited = " or ".join(map(str, following))
        raise Misplaced(Problem("from_epoch", f"{awaited}, the next epoch", str(history.first_epoch)))


def _compare(connection: Connection, run: int, layout: Layout, history: History, done: int) -> None:
    """Compare sent epochs with the stored ones. Raises Misplaced if they differ."""
    last = min(done, history.last_epoch)
    sent = {series.METRICS: (np.arange(history.first_epoch, history.last_epoch + 1), history.metrics)}
    sent |= {kind: (np.array(history.epochs_of(kind)), values) for kind, values in history.series.items()}
    for kind, (epochs, values) in sent.items():
        kept = series.read(connection, [run], kind, layout, history.first_epoch, last)[run]
        sent_values = values[epochs <= last]
        if len(kept.epochs) != len(sent_values):  # the stored run begins after the first epoch that was sent
            raise Misplaced(Problem("from_epoch", f"{done + 1}, the next epoch", str(history.first_epoch)))
        same = (kept.values == sent_values) | (np.isnan(kept.values) & np.isnan(sent_values))
        if not same.all():
            epoch = int(kept.epochs[np.nonzero(~same.reshape(len(sent_values), -1).all(axis=1))[0][0]])
            expected = f"from_epoch {done + 1}, or the {kind} of epoch {epoch} as they were sent before"
            raise Misplaced(Problem(f"{kind}, epoch {epoch}", expected, "other values"))


def _after(history: History, done: int) -> History:
    """Cut a history to the epochs after `done`."""
    kept = {kind: values[np.array(history.epochs_of(kind), np.int64) > done] for kind, values in history.series.items()}
    begin = done + 1 - history.first_epoch
    return History(history.layout, done + 1, history.metrics[begin:], kept)


def _stopped_by(run: Row[Any], spec: ExternalSpec, layout: Layout) -> str | None:
    """Return why a completed run ended early: a loss that is not finite, else early stopping; None if it did not."""
    if run.final_metrics is None or run.epochs_done >= spec.epochs:
        return None
    metrics: Mapping[str, float] = dict(
        zip(layout.metrics, series.unpack(run.final_metrics, 1, (len(layout.metrics),))[0], strict=True)
    )
    return "early_stopping" if math.isfinite(metrics["loss"]) else "nonfinite"
