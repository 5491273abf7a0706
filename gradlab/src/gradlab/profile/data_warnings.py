"""Warnings: what about the samples breaks trainings."""

from collections.abc import Mapping, Sequence

from gradlab.profile.columns import Column
from gradlab.profile.model import MAX_NAMED, DataWarning, Proposal, WarningKind


def warnings_of(columns: Mapping[str, Column], rows: int, proposal: Proposal) -> tuple[DataWarning, ...]:
    """Return what about the samples breaks trainings, gravest first."""
    return tuple(each for each in (_constant(columns, proposal),) if each is not None)


def warning(kind: WarningKind, names: Sequence[str], sentence: str, **evidence: float) -> DataWarning:
    """Return a warning about columns, the first of which are listed."""
    return DataWarning(
        kind=kind, columns=tuple(names[:MAX_NAMED]), column_count=len(names), sentence=sentence, evidence=evidence
    )


def _constant(columns: Mapping[str, Column], proposal: Proposal) -> DataWarning | None:
    names = [name for name, each in columns.items() if each.profile.distinct is not None and each.profile.distinct < 2]
    if not names:
        return None
    return warning("constant_columns", names, f"{len(names)} columns have one value: nothing can be learnt from them.")
