"""StudySpec: everything that decides which experiments a study trains, and what it measures of them."""

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from gradlab.frozen import Frozen, Name, impossible
from gradlab.measurement.kinds import BY_NAME
from gradlab.spec.experiment import MAX_SEEDS, ExperimentSpec
from gradlab.spec.problems import among, at_most
from gradlab.spec.study.axes import Axis
from gradlab.spec.study.searches import Grid, Pruner, Search, Tpe

# Axes of one study: as many as parallel coordinates show side by side.
MAX_AXES = 8
# Cells of one study: its page and its table are answered within a second.
MAX_CELLS = 10_000
MAX_MEASURES = 20
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
Seeds = Annotated[tuple[Seed, ...], Field(strict=False, min_length=1, max_length=MAX_SEEDS), at_most(MAX_SEEDS)]


class StudyMeasure(Frozen):
    """Recorded statistic of a cell's networks at one epoch, reduced to one number a seed.

    Of weights and gradients the kernels are read, of activations and signals the hidden layers, input side first.
    """

    name: Name
    """The column's name in the table."""
    series: Literal["gradients", "weights", "activations", "signals"]
    """The kind of series that the statistic belongs to."""
    statistic: Name
    """The statistic's name, as in the catalogue."""
    epoch: Annotated[int, Field(ge=0, le=10_000_000)] | Literal["last"] = "last"
    """The recorded epoch: 0 is the state before the first update; "last" is the last one that is recorded."""
    reduce: Literal["first", "last", "mean", "ratio", "growth"] = "mean"
    """The number of a network. first, last, mean: of its tensors; ratio: the first tensor's over the last one's, the
    share of the signal that arrives; growth: that ratio's (n − 1)-th root for n tensors, the factor for each layer on
    the way back."""

    @model_validator(mode="after")
    def _check_statistic(self) -> "StudyMeasure":
        names = [each.name for each in BY_NAME[self.series].statistics]
        if self.statistic not in names:
            raise impossible("statistic", among(names, self.statistic), repr(self.statistic))
        return self


class Budget(Frozen):
    """Bounds of a study. A training is the run of one seed of one cell."""

    trainings: int | None = Field(default=None, ge=1, le=1_000_000)
    """The number of trainings, at most. A search other than a grid needs it."""
    seconds: float | None = Field(default=None, gt=0, le=1e9)
    """Seconds that workers train for it, all together. Once they are spent, no further cell begins."""


class StudyFields(Frozen):
    """Fields that a study's request and its spec share."""

    name: Name = "untitled"
    """A title for people."""
    axes: Annotated[tuple[Axis, ...], Field(strict=False, min_length=1, max_length=MAX_AXES), at_most(MAX_AXES)]
    """The fields that change. Those that change what another one names come first."""
    search: Search = Grid()
    """The points that are trained: an object, or a kind's name."""
    seeds: Seeds | None = None
    """The seeds of every cell; by default those of the base spec."""
    budget: Budget = Budget()
    """Bounds on trainings and seconds; none by default."""
    metric: Name | None = None
    """The metric by which cells are compared, such as `val_accuracy`, as the median over a run's last five epochs; by
    default the one by which treatments compare."""
    objective: Literal["metric", "failing_share"] = "metric"
    """The best cell has the best median of the metric, or the smallest share of failing seeds; `tpe` proposes by it."""
    measures: Annotated[
        tuple[StudyMeasure, ...], Field(strict=False, max_length=MAX_MEASURES), at_most(MAX_MEASURES)
    ] = ()
    """Recorded statistics for the table, besides the metric and the failing share."""

    @model_validator(mode="after")
    def _check_fields(self) -> "StudyFields":
        labels = [*(axis.label for axis in self.axes), *(measure.name for measure in self.measures)]
        if repeated := next((label for i, label in enumerate(labels) if label in labels[:i]), None):
            raise impossible("axes", "axes and measures of different names", f"{repeated!r} twice")
        if self.seeds and len(set(self.seeds)) < len(self.seeds):
            raise impossible("seeds", "each seed once: equal seeds give equal runs", "a seed twice")
        for i, axis in enumerate(self.axes):
            if axis.pointer and axis.pointer.split("/")[1] in ("seeds", "name"):
                expected = "a field of the training: the study has `seeds` of its own, and names its cells"
                raise impossible(f"axes[{i}].pointer", expected, axis.pointer)
            if axis.listed is None and self.search.kind == "grid":
                expected = "`values` or a `range`, of which a grid takes each"
                raise impossible(f"axes[{i}].{axis.choice}", expected, "a distribution")
        if self.search.kind != "grid" and self.budget.trainings is None:
            raise impossible("budget.trainings", f"the number of trainings: {self.search.kind} has no end", "nothing")
        if self.pruner is not None and self.objective != "metric":
            expected = "metric, where cells are pruned: which seeds fail is known once they have ended"
            raise impossible("objective", expected, self.objective)
        return self

    @property
    def pruner(self) -> Pruner | None:
        """The pruner of its search; None if every cell is trained to its end."""
        return self.search.pruner if isinstance(self.search, Tpe) else None


class StudySpec(StudyFields):
    """Everything that decides which experiments a study trains."""

    base: ExperimentSpec
    """The spec that every cell has but for the values of the axes, the seeds and the name."""

    @property
    def run_seeds(self) -> tuple[int, ...]:
        """The seeds of every cell."""
        return self.seeds or self.base.seeds

    @property
    def cell_count(self) -> int:
        """The number of cells, as far as the trainings of the budget allow."""
        if self.search.kind != "grid":
            return (self.budget.trainings or 0) // len(self.run_seeds)
        return math.prod(len(axis.listed or ()) for axis in self.axes)

    @model_validator(mode="after")
    def _check_measured(self) -> "StudySpec":
        layout = self.base.layout
        if self.metric is not None and self.metric not in layout.metrics:
            raise impossible("metric", among(layout.metrics, self.metric), repr(self.metric))
        if any(axis.pointer and axis.pointer.startswith("/record") for axis in self.axes):
            return self  # the cells record other series than the base
        for i, measure in enumerate(self.measures):
            if measure.series not in layout:
                recorded = ", ".join(each.kind for each in layout.series) or "nothing"
                raise impossible(
                    f"measures[{i}].series", f"a series that the base spec records: {recorded}", measure.series
                )
            if measure.epoch != "last" and measure.epoch % (every := layout[measure.series].every):
                raise impossible(
                    f"measures[{i}].epoch", f"a multiple of {every}, the interval of records", str(measure.epoch)
                )
        return self

    @model_validator(mode="after")
    def _check_warmup(self) -> "StudySpec":
        """Check that cells can be pruned before they end, unless an axis decides when that is."""
        if self.pruner is None or any(axis.pointer == "/training/epochs" for axis in self.axes):
            return self
        first, epochs = self.pruner.epochs(0).start, self.base.training.epochs
        if first >= epochs:
            field = "warmup_epochs" if self.pruner.warmup_epochs else "interval"
            expected = f"a first comparison before the end of the training, at epoch {epochs:,}"
            raise impossible(f"search.pruner.{field}", expected, f"{first:,}")
        return self

    @model_validator(mode="after")
    def _check_count(self) -> "StudySpec":
        """Count the cells before any is made."""
        count, seeds = self.cell_count, len(self.run_seeds)
        if count > MAX_CELLS:
            raise impossible("axes", f"at most {MAX_CELLS:,} cells in one study", f"{count:,} cells")
        limit = self.budget.trainings
        if not count:
            raise impossible("budget.trainings", f"at least {seeds}: one cell has {seeds} seeds", str(limit))
        if limit is not None and count * seeds > limit:
            expected = f"at least {count * seeds:,}, or fewer values or seeds: the grid has {count:,} cells"
            raise impossible("budget.trainings", f"{expected} of {seeds} seeds", f"{limit:,}")
        return self
