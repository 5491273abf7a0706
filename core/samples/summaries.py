"""Summaries of a table's columns: what a spec has to know of them, without their values."""

from core.samples.summary import different, first_listed, pieces
from core.samples.table import Column, Table
from gradlab.schemas.datasets import ColumnResponse

# Different integers of one column that are listed: classes of a target that are told apart.
MAX_INTEGERS = 1_000
# Categories and integers that are listed of all columns together, for a row of at most a few megabytes. Columns with
# few of them come first, which classes have.
MAX_LISTED = 50_000


def summarize(table: Table) -> tuple[ColumnResponse, ...]:
    """Return the summary of each column. Values of the validation part count as well."""
    integers = {name: _integers(column, table) for name, column in table.columns.items()}
    sizes = {name: len(column.categories or integers[name] or ()) for name, column in table.columns.items()}
    listed = first_listed(sizes, MAX_LISTED)
    return tuple(_summary(column, integers[name], name in listed) for name, column in table.columns.items())


def _summary(column: Column, integers: tuple[int, ...] | None, is_listed: bool) -> ColumnResponse:
    return ColumnResponse.model_construct(
        name=column.name,
        dtype=column.values.dtype.name,
        shape=column.shape,
        categories=column.categories if is_listed else None,
        integers=integers if is_listed else None,
        category_count=len(column.categories) if column.categories is not None else None,
    )


def _integers(column: Column, table: Table) -> tuple[int, ...] | None:
    """Return the different integers if they are few; None for other columns."""
    if column.categories is not None or column.values.dtype.kind not in "iub":
        return None
    beside = table.validation.columns.get(column.name) if table.validation else None
    distinct: set[int] = set()
    for values in [column.values, *([beside.values] if beside else [])]:
        for piece in pieces(values):
            distinct.update(map(int, different(piece)[0]))
            if len(distinct) > MAX_INTEGERS:
                return None
    return tuple(sorted(distinct))
