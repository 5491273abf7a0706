"""Rows of the experiments that treatments have added for their trials, and the newest treatments of experiments."""

import json
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, exists, func, insert, select

from core.records import TreatmentReference, TrialReference
from core.store.tables import experiments, treatments, trial_experiments, trials
from gradlab.schemas.status import TreatmentStatus


def add(connection: Connection, experiment_id: UUID, treatment: int, position: int) -> int:
    """Note that an experiment was added for a trial. Return the experiment's number."""
    number = connection.execute(_number_of(experiment_id)).scalar_one()
    row = {"experiment": number, "treatment": treatment, "position": position}
    connection.execute(insert(trial_experiments).values(row))
    return number


def trials_of(connection: Connection, numbers: Sequence[int]) -> dict[int, TrialReference]:
    """Return the trials for which experiments were added, by the experiments' numbers."""
    treated = experiments.alias("treated")
    same_trial = (trials.c.treatment == trial_experiments.c.treatment) & (
        trials.c.position == trial_experiments.c.position
    )
    columns = (trial_experiments.c.experiment, treated.c.id.label("treated"), treatments.c.id, treatments.c.base)
    query = select(*columns, trials.c.role, trials.c.remedies).join(trials, same_trial)
    query = query.join(treatments, treatments.c.number == trial_experiments.c.treatment)
    query = query.join(treated, treated.c.number == treatments.c.experiment)
    rows = connection.execute(query.where(trial_experiments.c.experiment.in_(numbers)))
    return {
        row.experiment: TrialReference(row.treated, json.loads(row.base)["name"], row.id, row.role, tuple(row.remedies))
        for row in rows
    }


def treatments_of(connection: Connection, numbers: Sequence[int]) -> dict[int, TreatmentReference]:
    """Return the newest treatment of each experiment that has one, by the experiments' numbers."""
    newest = select(func.max(treatments.c.number)).where(treatments.c.experiment.in_(numbers))
    newest = newest.group_by(treatments.c.experiment)
    columns = (treatments.c.experiment, treatments.c.id, treatments.c.status)
    rows = connection.execute(select(*columns).where(treatments.c.number.in_(newest))).all()
    if not rows:
        return {}
    count = select(treatments.c.experiment, func.count().label("trials")).join(trial_experiments)
    count = count.where(treatments.c.experiment.in_(numbers)).group_by(treatments.c.experiment)
    counts = {row.experiment: row.trials for row in connection.execute(count)}
    return {
        row.experiment: TreatmentReference(row.id, TreatmentStatus(row.status), counts.get(row.experiment, 0))
        for row in rows
    }


def treatment_of(connection: Connection, experiment_id: UUID) -> TreatmentReference | None:
    """Return the newest treatment of the experiment with this id; None if it has none."""
    number = connection.execute(_number_of(experiment_id)).scalar()
    return treatments_of(connection, [number]).get(number) if number is not None else None


def is_trial() -> ColumnElement[bool]:
    """Return the condition that an experiment was added for a trial."""
    return exists().where(trial_experiments.c.experiment == experiments.c.number)


def is_trial_of(experiment_id: UUID) -> ColumnElement[bool]:
    """Return the condition that an experiment was added for a trial of a treatment of the experiment with this id."""
    treated = _number_of(experiment_id).scalar_subquery()
    mine = select(trial_experiments.c.experiment).join(treatments).where(treatments.c.experiment == treated)
    return experiments.c.number.in_(mine)


def _number_of(experiment_id: UUID) -> Select[int]:
    return select(experiments.c.number).where(experiments.c.id == experiment_id)
