"""Optuna's proposals and prunings: its estimator and its pruners, on a study in memory made of our rows.

Optuna stores nothing. Whenever cells are drawn or compared, its study is made anew from the cells, so that a service
that restarts goes on where it was. It is imported at the first use: it is an extra of the service.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from core.study import Cell, by_position, metric_of, objective_of, outcomes_of
from gradlab.schemas.status import CellStatus
from gradlab.spec.study import Axis, PercentilePruner, Point, Pruner, StudySpec, Tpe, drawn
from gradlab.spec.study.axes import written

# Proposals until a point is new. Where the estimator insists on old ones, one is drawn at random.
MAX_PROPOSALS = 20


def proposed(spec: StudySpec, search: Tpe, cells: Sequence[Cell], count: int) -> list[Point]:
    """Return new points, as many as `count` unless the axes have no more.

    Args:
        spec: the study.
        search: its search.
        cells: its cells so far.
        count: the most points.
    """
    optuna = _optuna()
    placed = by_position(cells)
    sampler = optuna.samplers.TPESampler(
        # Each proposal has a seed of its own: one for all would draw the same point again and again.
        seed=(search.seed + len(placed)) % 2**32,
        n_startup_trials=search.startup,
        multivariate=True,
        constant_liar=True,
    )
    space = _space(spec, optuna)
    study = optuna.create_study(sampler=sampler)
    study.add_trials([_trial(spec, batches, space, optuna.trial) for batches in placed])
    taken = [batches[0].point for batches in placed]
    points: list[Point] = []
    while len(points) < count and (point := _new(spec, search, study, space, [*taken, *points])):
        points.append(point)
    return points


def pruned_at(
    spec: StudySpec,
    pruner: Pruner,
    completed: Sequence[tuple[Cell, Mapping[int, float]]],
    course: Mapping[int, float],
    after: int,
) -> int | None:
    """Return the first epoch at which a pruner ends a cell; None if it goes on.

    Args:
        spec: the study.
        pruner: its pruner.
        completed: completed cells, each with its metric by epoch.
        course: the metric of the cell by epoch.
        after: the epoch up to which it was compared before.
    """
    optuna = _optuna()
    bounds = {
        "n_startup_trials": pruner.startup_trials,
        "n_warmup_steps": pruner.warmup_epochs,
        "interval_steps": pruner.interval,
        "n_min_trials": pruner.min_trials,
    }
    if isinstance(pruner, PercentilePruner):
        its_own = optuna.pruners.PercentilePruner(pruner.percentile, **bounds)
    else:
        its_own = optuna.pruners.MedianPruner(**bounds)
    study = optuna.create_study(pruner=its_own)
    space = _space(spec, optuna)
    study.add_trials([_trial(spec, [cell], space, optuna.trial, values) for cell, values in completed])
    trial = study.ask()
    for epoch, value in sorted(course.items()):
        trial.report(_minimised(spec, value), epoch)
        if epoch > after and trial.should_prune():
            return epoch
    return None


def _optuna() -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _space(spec: StudySpec, optuna: Any) -> dict[str, Any]:
    return {axis.label: _distribution(axis, optuna.distributions) for axis in spec.axes}


def _new(spec: StudySpec, search: Tpe, study: Any, space: dict[str, Any], taken: Sequence[Point]) -> Point | None:
    seen = {written(point) for point in taken}
    for _ in range(MAX_PROPOSALS):
        parameters = study.ask(space).params
        point = tuple(_value(axis, parameters[axis.label]) for axis in spec.axes)
        if written(point) not in seen:
            return point
    return drawn(spec.axes, search.seed, taken)


def _distribution(axis: Axis, distributions: Any) -> Any:
    """Return the distribution of an axis: of a list the index, in order where the values are rising numbers."""
    if axis.bounds is not None:
        low, high = axis.bounds
        kind = distributions.IntDistribution if axis.is_whole else distributions.FloatDistribution
        return kind(low, high, log=axis.log_uniform is not None)
    values = axis.listed or ()
    if all(isinstance(value, int | float) for value in values) and list(values) == sorted(values):
        return distributions.IntDistribution(0, len(values) - 1)
    return distributions.CategoricalDistribution(range(len(values)))


def _value(axis: Axis, parameter: Any) -> Any:
    return parameter if axis.listed is None else axis.listed[parameter]


def _parameter(axis: Axis, value: Any) -> Any:
    if axis.listed is None:
        return value
    return [written(each) for each in axis.listed].index(written(value))


def _trial(
    spec: StudySpec, batches: Sequence[Cell], space: dict[str, Any], trial: Any, course: Mapping[int, float] = {}
) -> Any:
    """Return a cell as a trial of Optuna's: complete with its objective, pruned, running, or failed."""
    values = zip(spec.axes, batches[0].point, strict=True)
    fields: dict[str, Any] = {
        "params": {axis.label: _parameter(axis, value) for axis, value in values},
        "distributions": space,
        "intermediate_values": {
            epoch: _minimised(spec, value) for epoch, value in course.items() if math.isfinite(value)
        },
    }
    objective = objective_of(spec, outcomes_of(batches))
    if objective is not None:
        return trial.create_trial(value=objective, **fields)
    if batches[0].status is CellStatus.pruned and (pruned := batches[0].pruned):
        fields["intermediate_values"] = {pruned.epoch: _minimised(spec, pruned.value)}
        return trial.create_trial(state=trial.TrialState.PRUNED, **fields)
    is_over = all(batch.status.is_finished for batch in batches)
    return trial.create_trial(state=trial.TrialState.FAIL if is_over else trial.TrialState.RUNNING, **fields)


def _minimised(spec: StudySpec, value: float | None) -> float:
    """Return a value of the metric such that a lower one is better; infinity where it is not finite."""
    if value is None or not math.isfinite(value):
        return math.inf
    return -value if metric_of(spec)[1] else value
