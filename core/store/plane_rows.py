"""Rows of the decision boundaries of trainings elsewhere: the outputs of each run's network over a plane."""

import numpy as np
from sqlalchemy import Connection, delete, insert, select

from core.store.series import pack, unpack
from core.store.tables import runs, series
from gradlab.measurement.kinds.boundary import PLANE_POINTS
from gradlab.measurement.plane import Plane

# One row of a run's series, which no layout has: both axes, then the outputs. A run that goes on from before it drops
# it with all series behind that epoch.
KIND = "plane"
POINTS = PLANE_POINTS**2


def put(connection: Connection, run: int, epoch: int, plane: Plane) -> None:
    """Store the plane of a run after an epoch in place of the one that was stored."""
    connection.execute(delete(series).where(series.c.run == run, series.c.kind == KIND))
    data = pack(np.concatenate([plane.x, plane.y, plane.outputs.reshape(-1)]))
    connection.execute(insert(series).values(run=run, kind=KIND, first_epoch=epoch, epochs=1, data=data))


def get(connection: Connection, number: int) -> dict[int, tuple[int, Plane]]:
    """Return the planes of an experiment's runs by seed, each with its epoch, without runs that have none."""
    query = select(runs.c.seed, series.c.first_epoch, series.c.data).join(runs, runs.c.number == series.c.run)
    query = query.where(runs.c.experiment == number, series.c.kind == KIND).order_by(runs.c.position)
    return {row.seed: (row.first_epoch, _read(row.data)) for row in connection.execute(query)}


def _read(data: bytes) -> Plane:
    x, y, outputs = np.split(unpack(data, 1, (-1,))[0], [PLANE_POINTS, 2 * PLANE_POINTS])
    return Plane(x, y, outputs.reshape(-1, PLANE_POINTS, PLANE_POINTS))
