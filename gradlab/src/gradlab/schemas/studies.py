"""Requests and responses of studies. Numbers that are not finite are null."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, JsonValue, model_validator

from gradlab.diagnosis.conclusion import Verdict
from gradlab.frozen import Frozen, Name, impossible
from gradlab.schemas.html import table
from gradlab.schemas.response_model import ResponseModel
from gradlab.schemas.status import CellStatus, StudyStatus
from gradlab.schemas.trials import Rate
from gradlab.spec.experiment import ExperimentSpec
from gradlab.spec.study import Budget, StudyFields, StudySpec
from gradlab.spec.study.axes import MAX_VALUES
from gradlab.spec.study.placing import shown
from gradlab.spec.study.study import MAX_AXES, Seeds

# Rows of a table in a notebook.
MAX_HTML_ROWS = 50

StudyStop = Literal["all cells", "seconds", "no new points"]


class StudyRequest(StudyFields):
    """Study to begin: axes over a base spec, which is sent or is that of an experiment."""

    base: ExperimentSpec | None = None
    """The spec that every cell has but for the values of the axes, the seeds and the name."""
    base_experiment: Annotated[UUID, Field(strict=False)] | None = None
    """An experiment of this service whose spec is the base, in place of `base`."""

    @model_validator(mode="after")
    def _check_base(self) -> "StudyRequest":
        if (self.base is None) == (self.base_experiment is None):
            raise impossible("base", "`base` or `base_experiment`", "neither" if self.base is None else "both")
        return self


class StudyExtensionRequest(Frozen):
    """Extension of a study; what it has trained stays."""

    seeds: Seeds | None = None
    """Further seeds of every cell."""
    values: dict[Name, Annotated[list[JsonValue], Field(min_length=1, max_length=MAX_VALUES)]] | None = Field(
        default=None, min_length=1, max_length=MAX_AXES
    )
    """Further values of axes with `values` or a `range`, by the axis's name."""
    budget: Budget | None = None
    """Its new bounds, in place of the old ones."""

    @model_validator(mode="after")
    def _check_any(self) -> "StudyExtensionRequest":
        if self.seeds is None and self.values is None and self.budget is None:
            raise impossible("", "`seeds`, `values` or `budget`", "none of them")
        return self


class StudyProgressResponse(ResponseModel):
    """Progress of a study. A training is the run of one seed of one cell."""

    cells: int = Field(description="number of cells; of a random or tpe search as many as its budget allows")
    cells_by_status: dict[CellStatus, int] = Field(
        description="number of cells in each state; states without any left out"
    )
    cells_reused: int = Field(description="cells whose trainings had been done before, by any request, or are shared")
    trainings: int
    trainings_done: int = Field(description="trainings of finished cells")
    seconds: float = Field(description="seconds that workers have trained its finished cells, all together")


class AxisResponse(ResponseModel):
    """Axis of a study's table."""

    name: str
    knob: str | None
    pointer: str | None
    values: list[JsonValue] | None = Field(description="all values in order; null for a distribution")
    low: float | None = Field(description="lowest number of a distribution")
    high: float | None = Field(description="highest number of a distribution")
    scale: Literal["linear", "log", "names"] = Field(
        description="scale of a chart: names where a value is no number; log where ratios are even"
    )


class SpreadResponse(ResponseModel):
    """Spread of a number over a cell's seeds."""

    median: float
    low: float = Field(description="lower quartile")
    high: float = Field(description="upper quartile")
    count: int = Field(description="seeds with a finite value")


class PrunedResponse(ResponseModel):
    """Epoch and value at which a cell was pruned."""

    epoch: int = Field(description="epoch at which it was worse than others; its training went on for a few more")
    value: float | None = Field(description="the study's metric at that epoch, as the median over the seeds")


class CellResponse(ResponseModel):
    """Cell of a study: one point of its axes, trained as one experiment, or several after an extension by seeds."""

    position: int = Field(description="number of the cell in the study, from 0")
    values: dict[str, JsonValue] = Field(description="value by axis")
    status: CellStatus
    experiment_ids: list[UUID] = Field(description="experiments that train it: one for each batch of seeds")
    seeds: int
    seeds_done: int = Field(description="seeds whose training has finished")
    metric: SpreadResponse | None = Field(
        description="metric, as the median over the last five epochs; null before any seed has finished"
    )
    failing: Rate | None = Field(
        description="seeds that fail, diverge or have a confirmed failure; the 95 % Wilson interval of their share"
    )
    verdict: Verdict | None = Field(description="verdict of its diagnosis; of several experiments the worst")
    root_cause: str | None
    measures: dict[str, float | None] = Field(description="median over the seeds by measure")
    seconds: float | None = Field(description="seconds from the start to the end of its trainings")
    pruned: PrunedResponse | None = Field(default=None, description="where it was pruned; null if it was not")
    error: str | None = Field(description="why it failed, or was refused")


class StudySummaryResponse(ResponseModel):
    """Study in a list, and in its event stream."""

    id: UUID
    name: str
    status: StudyStatus
    revision: int = Field(description="rises with every change of the study or of one of its cells")
    axes: list[str] = Field(description="names of its axes")
    created_at: datetime
    finished_at: datetime | None
    stopped: StudyStop | None = Field(description="why no further cell begins; null while cells wait")
    error: str | None
    progress: StudyProgressResponse


class StudyResponse(StudySummaryResponse):
    """Study: what it asks, how far it is, and its best cell."""

    spec: StudySpec
    metric: str = Field(description="metric by which cells are compared")
    higher_is_better: bool
    best: CellResponse | None = Field(description="best finished cell by the objective")

    def _repr_html_(self) -> str:
        """Return HTML for notebooks: the number of cells in each state."""
        rows = [(status, count) for status, count in self.progress.cells_by_status.items()]
        return table(f"Study {self.name}: {self.status}", ("cells", "number"), rows)


class StudyTableResponse(ResponseModel):
    """Table of a study: one row for each cell, in the order of their positions."""

    study_id: UUID
    name: str
    status: StudyStatus
    revision: int
    axes: list[AxisResponse]
    metric: str
    higher_is_better: bool
    measures: list[str] = Field(description="names of the measures, in the order of the columns")
    rows: list[CellResponse]

    def _repr_html_(self) -> str:
        """Return HTML for notebooks: the first cells with their results."""
        heads = (*(axis.name for axis in self.axes), "result", "seeds that fail", self.metric, *self.measures)
        shown_rows = [_cells_of(row) for row in self.rows[:MAX_HTML_ROWS]]
        rest = len(self.rows) - len(shown_rows)
        notes = [f"and {rest:,} more; study_frame has them all"] if rest else []
        return table(f"Study {self.name}: {self.status}", heads, shown_rows, notes)


def _cells_of(row: CellResponse) -> tuple[object, ...]:
    """Return the values, the result and the numbers of a cell."""
    failing = f"{row.failing.count} of {row.failing.of}" if row.failing else None
    metric = row.metric.median if row.metric else None
    result = row.root_cause or row.verdict or str(row.status)
    return (*map(shown, row.values.values()), result, failing, metric, *row.measures.values())


class StudiesResponse(ResponseModel):
    """Page of studies, newest first."""

    studies: list[StudySummaryResponse]
    next: str | None = Field(description="address of the next page; null on the last")


class StudyValidationResponse(ResponseModel):
    """Size and estimated cost of a valid study."""

    spec: StudySpec
    cells: int
    trainings: int
    seconds: float = Field(description="estimated training time of all cells one after another, with compilation")
    seconds_interval: tuple[float, float] = Field(description="interval that holds four in five similar trainings")
    architectures: int | None = Field(
        description="number of programs that are compiled; null where the points are not known yet"
    )
    estimated_cells: int = Field(
        description="number of cells that the estimate rests on; the rest are taken as like them"
    )
