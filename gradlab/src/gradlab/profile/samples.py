"""Samples: the columns with their proposal, and what several warnings read of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from gradlab.facts.learnable import Neighbours
from gradlab.profile.columns import Column
from gradlab.profile.model import MAX_NAMED, DataWarning, Proposal, WarningKind
from gradlab.profile.proposing import VALIDATION
from gradlab.profile.rows import Repetition, neighbours_in, repetition_of


@dataclass(frozen=True)
class Samples:
    """The columns with their proposal.

    Attributes:
        columns: all columns by name.
        rows: number of rows.
        proposal: how they may be trained on.
        leaks: columns that determine the target: name -> how.
    """

    columns: dict[str, Column]
    rows: int
    proposal: Proposal
    leaks: dict[str, str]

    @cached_property
    def features(self) -> list[Column]:
        """The proposed features."""
        return [self.columns[name] for name in self.proposal.features]

    @cached_property
    def target(self) -> list[Column]:
        """The proposed target."""
        return [self.columns[name] for name in self.proposal.target]

    @property
    def classes(self) -> Column | None:
        """The column of the classes; None for another task."""
        return self.target[0] if self.proposal.task == "classes" and len(self.target) == 1 else None

    @cached_property
    def repetition(self) -> Repetition | None:
        """The repetition of rows; None for targets that are the inputs."""
        if self.proposal.task in ("inputs", None):
            return None
        validation = [
            each for name in self.proposal.features if (each := self.columns.get(f"{name}{VALIDATION}")) is not None
        ]
        return repetition_of(self.features, self.target, validation, self.proposal.split)

    @cached_property
    def neighbours(self) -> Neighbours:
        """The agreement of neighbours with the classes."""
        return Neighbours() if self.classes is None else neighbours_in(self.features, self.classes)


def warning(kind: WarningKind, columns: Sequence[Column], sentence: str, **evidence: float) -> DataWarning:
    """Return a warning; the first of its columns are listed, and stand for COLUMNS in the sentence."""
    names = [each.name for each in columns]
    return DataWarning(
        kind=kind,
        columns=tuple(names[:MAX_NAMED]),
        column_count=len(names),
        sentence=sentence.replace("COLUMNS", listed(names)),
        evidence={name: float(value) for name, value in evidence.items()},
    )


def listed(names: Sequence[str]) -> str:
    if len(names) <= 3:
        return " and ".join(", ".join(names).rsplit(", ", 1))
    return f"{names[0]}, {names[1]} and {len(names) - 2} more columns"
