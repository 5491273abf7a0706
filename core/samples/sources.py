"""Sources of samples: the stored tables of a dataset with the rows that train and those that validate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.samples.aligned import taken
from core.samples.preparing import Parts
from core.samples.roles import targets_of
from core.samples.splitting import Rows, shuffled, split_rows
from core.samples.table import Column, Table
from gradlab.errors import Invalid, Problem
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from gradlab.vocabulary.splits import RandomSplit, StratifiedSplit

# Columns and rows that an error names.
MAX_NAMED = 5


@dataclass(frozen=True, eq=False)
class Source:
    """A column of the training part, the same one of the validation part, and the rows of each that are used."""

    train: Column
    val: Column
    rows: Rows

    @property
    def parts(self) -> Parts:
        """The rows of both parts, as copies. Texts of another file become places in this one's categories."""
        train, val = taken(self.train.values, self.rows[0]), taken(self.val.values, self.rows[1])
        own, other = self.train.categories, self.val.categories
        if own is not None and other is not None and own != other:
            places = {text: place for place, text in enumerate(own)}
            translated = np.array([*(places.get(text, len(own)) for text in other), -1], np.int32)
            val = translated[val]  # a missing text, −1, is the last one
        return Parts(train, val)


@dataclass(frozen=True, eq=False)
class Sources:
    """The tables that the samples of a dataset come from, and their rows.

    Attributes:
        table: the table with the training rows.
        val_table: the table with the validation rows: the same one, its own validation part, or another file's.
        rows: the rows of each, in the order of the samples.
    """

    table: Table
    val_table: Table
    rows: Rows

    @classmethod
    def of(cls, dataset: UploadedDataset, table: Table, validation: Table | None) -> "Sources":
        """Divide the rows as a spec says.

        Raises:
            Invalid: the table has no validation part, and the spec divides its rows in no way.
        """
        val_table = validation if dataset.validation is not None else None if dataset.split else table.validation
        if val_table is not None:
            rows = np.arange(table.rows), np.arange(val_table.rows)
        elif dataset.split is not None:
            val_table = table
            rows = split_rows(dataset.split, table, classes=_classes(dataset, table), seed=dataset.seed)
        else:
            raise Invalid(Problem("dataset.split", "a split: the file has no validation part", "null"))
        if dataset.window is None and not isinstance(dataset.split, RandomSplit | StratifiedSplit):
            rows = shuffled(rows[0], dataset.seed), shuffled(rows[1], dataset.seed)
        return cls(table, val_table, rows)

    def column(self, name: str, field: str) -> Source:
        """Return the source of a column. Raises Invalid, with the field of the spec that names it, without one."""
        for table in (self.table, self.val_table):
            if name not in table.columns:
                raise Invalid(Problem(field, f"one of {', '.join(table.columns)}"[:500], name))
        return Source(self.table.columns[name], self.val_table.columns[name], self.rows)

    def file_rows(self, bad: Parts) -> str:
        """Return the first rows for which a truth value of a part is true, in words, as rows of their files."""
        rows = [*self.rows[0][bad.train].tolist(), *self.rows[1][bad.val].tolist()]
        return f"{listed(sorted(map(str, rows), key=int))}, counted from 0"


def listed(names: Sequence[str]) -> str:
    """Return the first names, and how many there are beside them."""
    more = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
    return f"{', '.join(names[:MAX_NAMED])}{more}"


def _classes(dataset: UploadedDataset, table: Table) -> np.ndarray | None:
    """(rows,) the class of each row for a stratified split, as any numbers; None for another split."""
    if not isinstance(dataset.split, StratifiedSplit):
        return None
    columns = [table.columns[name].values for name in targets_of(dataset, tuple(table.columns))]
    if len(columns) > 1:
        return np.asarray(np.stack(columns, axis=-1).argmax(axis=-1))
    (values,) = columns
    if values.ndim > 1:
        return np.asarray(values.argmax(axis=-1) if values.shape[-1] > 1 else values[..., 0])
    return values
