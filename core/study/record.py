"""Records of studies: frozen data without a connection to the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.study.result import CellResult
from gradlab.schemas.status import CellStatus, StudyStatus
from gradlab.schemas.studies import StudyStop
from gradlab.spec import ExperimentSpec
from gradlab.spec.study import Point, StudySpec


@dataclass(frozen=True, slots=True)
class CellPlace:
    """A cell's place in its study: position, and number of the batch of seeds."""

    position: int
    batch: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """Epoch and value at which a cell was pruned.

    Attributes:
        epoch: the epoch whose value was worse than others'.
        value: the study's metric at that epoch, as the median over the seeds; None if it was not finite.
    """

    epoch: int
    value: float | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One batch of seeds of one point of a study.

    Attributes:
        place: its place.
        point: a value for each axis.
        seeds: its seeds.
        status: its state; of one whose experiment has ended, and was not read yet, ``running``.
        experiment_id: its experiment; None if it has none, or that was deleted.
        is_over: True if its experiment has ended or was deleted, and its result was not read yet.
        reused: True if the experiment was there before.
        seeds_done: seeds whose training has ended.
        result: what it shows; None before.
        seconds: from the start to the end of its training.
        error: why it failed or was refused.
        pruned: where it was pruned; its training may still have to stop. None if it was not.
    """

    place: CellPlace
    point: Point
    seeds: tuple[int, ...]
    status: CellStatus
    experiment_id: UUID | None = None
    is_over: bool = False
    reused: bool = False
    seeds_done: int = 0
    result: CellResult | None = None
    seconds: float | None = None
    error: str | None = None
    pruned: Pruned | None = None

    @property
    def is_under_way(self) -> bool:
        """True if it has an experiment that was not read yet."""
        return self.status in (CellStatus.queued, CellStatus.running)


@dataclass(frozen=True)
class Drawn:
    """A cell that is to be trained next.

    Attributes:
        place: its place: that of a waiting cell, or a new one.
        point: a value for each axis.
        seeds: its seeds.
        spec: its spec; None if its fields do not take the values.
        error: why not.
    """

    place: CellPlace
    point: Point
    seeds: tuple[int, ...]
    spec: ExperimentSpec | None
    error: str | None = None


@dataclass(frozen=True)
class StudyRecord:
    """A stored study. Times are UTC.

    Attributes:
        spec: its spec, with what it was extended by.
        revision: rises with every change of the study or of one of its cells.
        state: changes with the revision, and with every change of the experiments that its cells wait for.
        stopped: why no further cell begins; None while cells wait.
        error: why it failed; None if it did not.
        cells: the number of cells, each counted once; of a random or tpe search as many as its budget allows.
        drawn: the number of cells whose points are known.
        counts: the number of batches of cells by state.
        trainings, trainings_done: seeds of all cells, and of finished ones.
        reused: batches of cells whose experiment was there before.
        seconds: of the trainings of finished cells, without reused ones.
    """

    id: UUID
    spec: StudySpec
    status: StudyStatus
    revision: int
    state: tuple[int, int]
    stopped: StudyStop | None
    created_at: datetime
    finished_at: datetime | None
    error: str | None
    cells: int
    drawn: int
    counts: Mapping[CellStatus, int]
    trainings: int
    trainings_done: int
    reused: int
    seconds: float

    @property
    def under_way(self) -> int:
        """The number of batches of cells that have an experiment which was not read yet."""
        return self.counts.get(CellStatus.queued, 0) + self.counts.get(CellStatus.running, 0)

    @property
    def is_over(self) -> bool:
        """True if nothing changes unless somebody continues or extends it."""
        return self.status.is_final and not self.under_way


@dataclass(frozen=True)
class StudyPage:
    """A page of studies, newest first; `next` is the `before` of the following page, or None."""

    studies: tuple[StudyRecord, ...]
    next: int | None
