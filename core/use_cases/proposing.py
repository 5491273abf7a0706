"""Points that Optuna proposes: its tree-structured Parzen estimator, on a study in memory made of our rows.

Optuna stores nothing. Whenever cells are drawn, its study is made anew from the cells, so that a service that restarts
goes on where it was. It is imported at the first proposal: it is an extra of the service.
"""

from collections.abc import Sequence
from typing import Any

from core.study import Cell, by_position, objective_of, outcomes_of
from gradlab.spec.study import Axis, Point, StudySpec, Tpe, drawn
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
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    placed = by_position(cells)
    sampler = optuna.samplers.TPESampler(
        # Each proposal has a seed of its own: one for all would draw the same point again and again.
        seed=(search.seed + len(placed)) % 2**32,
        n_startup_trials=search.startup,
        multivariate=True,
        constant_liar=True,
    )
    study = optuna.create_study(sampler=sampler)
    space = {axis.label: _distribution(axis, optuna.distributions) for axis in spec.axes}
    for batches in placed:
        study.add_trial(_trial(spec, batches, space, optuna.trial))
    taken = [batches[0].point for batches in placed]
    points: list[Point] = []
    while len(points) < count and (point := _new(spec, search, study, space, [*taken, *points])):
        points.append(point)
    return points


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


def _trial(spec: StudySpec, batches: Sequence[Cell], space: dict[str, Any], trial: Any) -> Any:
    """Return a cell as a trial of Optuna's: complete with its objective, running, or failed."""
    values = zip(spec.axes, batches[0].point, strict=True)
    parameters = {axis.label: _parameter(axis, value) for axis, value in values}
    objective = objective_of(spec, outcomes_of(batches))
    if objective is not None:
        return trial.create_trial(params=parameters, distributions=space, value=objective)
    is_over = all(batch.status.is_finished for batch in batches)
    state = trial.TrialState.FAIL if is_over else trial.TrialState.RUNNING
    return trial.create_trial(params=parameters, distributions=space, state=state)
