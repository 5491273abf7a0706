"""Checks of studies before they are stored: the requested spec, its estimate, and extensions."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from core.plan.architecture import architecture_hash
from core.plan.bounds import check_bounds
from core.plan.estimate import estimate
from core.settings import Settings
from core.store import ExperimentStore
from core.study import Cell, CellPlace, by_position
from core.use_cases.drawing import check_search
from core.use_cases.experiments import calibration
from gradlab.errors import Invalid, Problem
from gradlab.schemas.studies import StudyExtensionRequest, StudyRequest
from gradlab.spec import ExperimentSpec
from gradlab.spec.bounds import context
from gradlab.spec.problems import invalid
from gradlab.spec.study import Axis, Point, StudySpec, checked_points, grid, place, sampled
from gradlab.spec.study.placing import described

# Points on whose specs the estimate of a study rests.
MAX_ESTIMATED = 200


@dataclass(frozen=True)
class StudyEstimate:
    """Size and estimated cost of a study.

    Attributes:
        spec: the study.
        seconds, seconds_interval: of all trainings one after another, each architecture compiled once.
        architectures: number of programs; None where not all points are known.
        estimated_cells: number of cells that the estimate rests on.
    """

    spec: StudySpec
    seconds: float
    seconds_interval: tuple[float, float]
    architectures: int | None
    estimated_cells: int


def study_of(request: StudyRequest, *, store: ExperimentStore) -> StudySpec:
    """Return the spec of a requested study.

    Raises:
        NotFound: there is no such experiment.
        Invalid: the experiment is a trial of a treatment or is trained elsewhere; or axes, metric or measures do not
            fit its spec.
    """
    fields = {name: getattr(request, name) for name in request.model_fields_set - {"base", "base_experiment"}}
    return _checked({**fields, "base": _base(request, store)})


def _checked(fields: dict[str, Any]) -> StudySpec:
    try:
        return StudySpec(**fields)
    except ValidationError as error:
        raise invalid(error, fields) from error


def _base(request: StudyRequest, store: ExperimentStore) -> ExperimentSpec:
    if request.base_experiment is None:
        assert request.base is not None  # the request has checked it
        return request.base
    experiment = store.get(request.base_experiment)
    if experiment.trial is not None or not isinstance(experiment.spec, ExperimentSpec):
        kind = "a trial of a treatment" if experiment.trial else "trained elsewhere"
        expected = "an experiment of this service that is no trial of a treatment"
        raise Invalid(Problem("base_experiment", expected, f"{experiment.id}, which is {kind}"))
    return experiment.spec


def validated(spec: StudySpec, *, store: ExperimentStore, settings: Settings) -> StudyEstimate:
    """Check a study and estimate its cost; nothing is stored.

    Raises:
        Invalid: an axis names no field, a field does not take a value, or a cell exceeds the service's bounds.
    """
    check_search(spec)
    for _ in _specs(spec, checked_points(spec), settings):
        pass
    cost, compiled = calibration(store=store), dict[str, float]()
    after, count, low, high = 0.0, 0, 1.0, 1.0
    for cell in _specs(spec, sampled(spec, MAX_ESTIMATED), settings):
        expected = estimate(cell, cost)
        compiled[architecture_hash(cell)] = expected.compile_seconds
        after += expected.seconds - expected.compile_seconds
        low, high = (end / expected.seconds for end in expected.seconds_interval)
        count += 1
    times, is_exact = spec.cell_count / count, count == spec.cell_count and spec.search.kind == "grid"
    seconds = after * times + sum(compiled.values()) * (1 if is_exact else times)
    return StudyEstimate(spec, seconds, (low * seconds, high * seconds), len(compiled) if is_exact else None, count)


def _specs(spec: StudySpec, points: Iterable[Point], settings: Settings) -> Iterator[ExperimentSpec]:
    """Yield the specs of points. Raises Invalid: one is impossible, or exceeds the service's bounds."""
    base = spec.base.model_dump(mode="json")
    for point in points:
        cell = place(base, spec.axes, point, spec.run_seeds, context(settings))
        try:
            check_bounds(cell, settings)
        except Invalid as error:
            first = error.problems[0]
            received = f"{first.received}, with {described(spec.axes, point)}"
            raise Invalid(Problem("axes", f"{first.expected} ({first.field} of the spec)", received)) from error
        yield cell


def extended(spec: StudySpec, request: StudyExtensionRequest) -> StudySpec:
    """Return a study's spec with an extension. Raises Invalid: an axis or its values cannot be extended."""
    fields = {name: getattr(spec, name) for name in type(spec).model_fields}
    axes = list(spec.axes)
    for name, values in (request.values or {}).items():
        i = next((i for i, axis in enumerate(axes) if axis.label == name), None)
        if i is None or (listed := axes[i].listed) is None:
            names = ", ".join(axis.label for axis in axes if axis.listed is not None) or "none of this study"
            raise Invalid(Problem(f"values.{name}", f"an axis with values: {names}", repr(name)))
        axes[i] = _longer(axes[i], (*listed, *values))
    fields["axes"] = tuple(axes)
    if request.seeds is not None:
        fields["seeds"] = (*spec.run_seeds, *request.seeds)
    if request.budget is not None:
        fields["budget"] = request.budget
    return _checked(fields)


def check_budget(spec: StudySpec, drawn: int) -> None:
    """Check that a search's budget has room for the cells that were drawn before. Raises Invalid."""
    seeds, limit = len(spec.run_seeds), spec.budget.trainings
    if spec.search.kind != "grid" and limit is not None and drawn * seeds > limit:
        expected = f"at least {drawn * seeds:,}: {drawn:,} cells were drawn, of {seeds} seeds each"
        raise Invalid(Problem("budget.trainings", expected, f"{limit:,}"))


def _longer(axis: Axis, values: Sequence[Any]) -> Axis:
    """Return an axis with these values. Raises Invalid: one of them is there twice."""
    try:
        return Axis(knob=axis.knob, pointer=axis.pointer, name=axis.name, values=tuple(values))
    except ValidationError as error:
        problem = invalid(error, {}).problems[0]
        raise Invalid(Problem(f"values.{axis.label}", problem.expected, problem.received)) from error


def cells_added(
    before: StudySpec, after: StudySpec, cells: Sequence[Cell]
) -> Iterator[tuple[CellPlace, Point, tuple[int, ...]]]:
    """Yield the cells that an extension adds: further seeds of each cell, then all seeds of new points of a grid."""
    placed = by_position(cells)
    if further := after.run_seeds[len(before.run_seeds) :]:
        for batches in placed:
            if batches[0].pruned is not None:
                continue  # it was worse than others; its training may still have to stop
            yield CellPlace(batches[0].place.position, len(batches)), batches[0].point, further
    if after.search.kind == "grid":
        listed = [[repr(value) for value in axis.listed or ()] for axis in before.axes]
        new = (
            point
            for point in grid(after.axes)
            if not all(repr(value) in values for value, values in zip(point, listed, strict=True))
        )
        for position, point in enumerate(new, start=len(placed)):
            yield CellPlace(position, 0), point, after.run_seeds
