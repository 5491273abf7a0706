"""Tables as uploads make them, and specs of datasets on them."""

from typing import Any

import numpy as np

from core.samples.filling import filled
from core.samples.loading import samples_of
from core.samples.summary import summary_of
from core.samples.table import Column, Table
from gradlab.vocabulary.datasets import Dataset
from gradlab.vocabulary.datasets.uploaded import UploadedDataset

ID, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def a_table(validation: Table | None = None, uncategorised: dict[str, int] | None = None, **columns: Any) -> Table:
    """A table of arrays; lists of texts, with None for a missing one, become categories."""
    made = {name: _column(name, values) for name, values in columns.items()}
    return Table(len(next(iter(made.values())).values), made, validation, uncategorised or {})


def _column(name: str, values: Any) -> Column:
    if isinstance(values, list) and any(isinstance(each, str) for each in values):
        categories = tuple(sorted({each for each in values if each is not None}))
        places = [-1 if each is None else categories.index(each) for each in values]
        return Column(name, np.array(places, np.int32), categories)
    return Column(name, np.asarray(values))


def an_uploaded(table: Table, other: Table | None = None, **fields: Any) -> UploadedDataset:
    """The spec of a dataset on a table, with what follows from it filled in."""
    given = {"kind": "uploaded", "id": ID, "validation": OTHER if other else None} | fields
    dataset = UploadedDataset.model_validate(given)
    return filled(dataset, summary_of(table), summary_of(other) if other else None)


def loaded(table: Table, other: Table | None = None, **fields: Any) -> Dataset:
    """The samples of a dataset on a table."""
    return samples_of(an_uploaded(table, other, **fields), table, other)
