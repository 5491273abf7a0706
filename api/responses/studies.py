"""Responses about studies, and their table as flat rows."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from pydantic_core import to_json

from core.study import Cell, StudyPage, StudyRecord, by_position, failing, median_of, metric_of, outcomes_of, spread
from core.use_cases.study_checks import StudyEstimate
from gradlab.diagnosis.conclusion import VERDICTS_WORST_FIRST, Verdict
from gradlab.schemas.status import CellStatus
from gradlab.schemas.studies import (
    AxisResponse,
    CellResponse,
    StudiesResponse,
    StudyProgressResponse,
    StudyResponse,
    StudySummaryResponse,
    StudyTableResponse,
    StudyValidationResponse,
)
from gradlab.spec.study import Axis, StudySpec
from gradlab.spec.study.placing import shown

# States of a cell with several batches of seeds: the first of these that one of them is in.
IN_ORDER = (
    CellStatus.running, CellStatus.queued, CellStatus.waiting, CellStatus.failed, CellStatus.refused,
    CellStatus.cancelled, CellStatus.pruned, CellStatus.completed,
)  # fmt: skip
# Columns of the flat table besides axes and measures.
COLUMNS = (
    "status", "seeds", "seeds_done", "metric", "metric_low", "metric_high", "failing", "failing_share", "failing_low",
    "failing_high", "verdict", "root_cause", "seconds", "pruned_epoch", "pruned_value", "experiment_ids", "error",
)  # fmt: skip


def study_response(record: StudyRecord, best: Sequence[Cell]) -> StudyResponse:
    """Build the response for a study and the batches of its best cell."""
    spec = record.spec
    metric, higher = metric_of(spec)
    return StudyResponse(
        **dict(summary_response(record)),
        spec=spec,
        metric=metric,
        higher_is_better=higher,
        best=cell_response(spec, best) if best else None,
    )


def studies_response(page: StudyPage, *, next: str | None) -> StudiesResponse:
    """Build the response for a page of studies."""
    return StudiesResponse(studies=[summary_response(record) for record in page.studies], next=next)


def summary_response(record: StudyRecord) -> StudySummaryResponse:
    """Build the response for a study in a list."""
    return StudySummaryResponse(
        id=record.id,
        name=record.spec.name,
        status=record.status,
        revision=record.revision,
        axes=[axis.label for axis in record.spec.axes],
        created_at=record.created_at,
        finished_at=record.finished_at,
        stopped=record.stopped,
        error=record.error,
        progress=_progress(record),
    )


def validation_response(estimate: StudyEstimate) -> StudyValidationResponse:
    """Build the response for a valid study."""
    spec = estimate.spec
    return StudyValidationResponse(
        spec=spec,
        cells=spec.cell_count,
        trainings=spec.cell_count * len(spec.run_seeds),
        seconds=estimate.seconds,
        seconds_interval=estimate.seconds_interval,
        architectures=estimate.architectures,
        estimated_cells=estimate.estimated_cells,
    )


def table_response(record: StudyRecord, cells: Sequence[Cell]) -> StudyTableResponse:
    """Build the table of a study."""
    spec = record.spec
    metric, higher = metric_of(spec)
    return StudyTableResponse(
        study_id=record.id,
        name=spec.name,
        status=record.status,
        revision=record.revision,
        axes=[axis_response(axis) for axis in spec.axes],
        metric=metric,
        higher_is_better=higher,
        measures=[measure.name for measure in spec.measures],
        rows=[CellResponse(**row) for row in _rows(spec, cells)],
    )


def table_json(record: StudyRecord, cells: Sequence[Cell]) -> bytes:
    """Write the table of a study as JSON. Models of thousands of rows would take a third of its time."""
    fields = dict(table_response(record, ())) | {"rows": list(_rows(record.spec, cells))}
    return to_json(fields, inf_nan_mode="null")


def axis_response(axis: Axis) -> AxisResponse:
    """Build the response for an axis."""
    low, high = axis.bounds or (None, None)
    numbers = [value for value in axis.listed or () if isinstance(value, int | float) and not isinstance(value, bool)]
    is_named = axis.listed is not None and len(numbers) < len(axis.listed)
    return AxisResponse(
        name=axis.label,
        knob=axis.knob,
        pointer=axis.pointer,
        values=None if axis.listed is None else list(axis.listed),
        low=low,
        high=high,
        scale="names" if is_named else "log" if axis.is_log or _is_even_in_ratio(numbers) else "linear",
    )


def _is_even_in_ratio(numbers: Sequence[float]) -> bool:
    """True if at least three numbers above 0 rise by equal ratios, within a tenth of the first."""
    if len(numbers) < 3 or min(numbers) <= 0:
        return False
    ratios = [after / before for before, after in pairwise(numbers)]
    return ratios[0] > 1 and all(abs(ratio - ratios[0]) <= 0.1 * ratios[0] for ratio in ratios)


def cell_response(spec: StudySpec, batches: Sequence[Cell]) -> CellResponse:
    """Build the response for a cell."""
    return CellResponse(**next(_rows(spec, batches)))


def _rows(spec: StudySpec, cells: Sequence[Cell]) -> Iterator[dict[str, Any]]:
    """Yield the fields of the response for each cell."""
    axes, measures = [axis.label for axis in spec.axes], [measure.name for measure in spec.measures]
    for batches in by_position(cells):
        outcomes = outcomes_of(batches)
        results = [batch.result for batch in batches if batch.result]
        verdict: Verdict | None = min([each.verdict for each in results], key=VERDICTS_WORST_FIRST.index, default=None)
        seconds = [batch.seconds for batch in batches if batch.seconds is not None]
        first = batches[0]
        yield {
            "position": first.place.position,
            "values": dict(zip(axes, first.point, strict=True)),
            "status": min([batch.status for batch in batches], key=IN_ORDER.index),
            "experiment_ids": [batch.experiment_id for batch in batches if batch.experiment_id],
            "seeds": sum([len(batch.seeds) for batch in batches]),
            "seeds_done": sum([batch.seeds_done for batch in batches]),
            "metric": spread([outcome.metric for outcome in outcomes]),
            "failing": failing(outcomes),
            "verdict": verdict,
            "root_cause": next(
                (each.root_cause for each in results if each.verdict == verdict and each.root_cause), None
            ),
            "measures": {name: median_of([each.measures[i] for each in outcomes]) for i, name in enumerate(measures)},
            "seconds": sum(seconds) if seconds else None,
            "pruned": asdict(first.pruned) if first.pruned else None,
            "error": next((batch.error for batch in batches if batch.error), None),
        }


def flat_rows(table: StudyTableResponse) -> Iterator[tuple[Any, ...]]:
    """Yield the heads of the columns, then one row for each cell."""
    heads = [axis.name for axis in table.axes] + table.measures
    yield ("position", *(f"value of {head}" if head in ("position", *COLUMNS) else head for head in heads), *COLUMNS)
    for row in table.rows:
        values = (_flat(row.values[axis.name]) for axis in table.axes)
        yield (row.position, *values, *(row.measures[name] for name in table.measures), *_shown(row))


def _flat(value: Any) -> Any:
    """Return a value of an axis as a cell of a table: an object in a few words."""
    return value if isinstance(value, int | float | str) else shown(value)


def _shown(row: CellResponse) -> tuple[Any, ...]:
    metric, rate = row.metric, row.failing
    return (
        str(row.status),
        row.seeds,
        row.seeds_done,
        *((metric.median, metric.low, metric.high) if metric else (None,) * 3),
        *((rate.count, rate.count / rate.of, rate.low, rate.high) if rate else (None,) * 4),
        row.verdict,
        row.root_cause,
        row.seconds,
        *((row.pruned.epoch, row.pruned.value) if row.pruned else (None,) * 2),
        " ".join(map(str, row.experiment_ids)),
        row.error,
    )


def _progress(record: StudyRecord) -> StudyProgressResponse:
    return StudyProgressResponse(
        cells=record.cells,
        cells_by_status=dict(record.counts),
        cells_reused=record.reused,
        trainings=record.trainings,
        trainings_done=record.trainings_done,
        seconds=record.seconds,
    )
