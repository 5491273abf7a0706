"""The table of an uploaded dataset: named columns with one row for each sample."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

# The types that values are stored in. Readers widen the others: small integers to int32, float16 to float32.
DTYPES = ("bool", "uint8", "int32", "int64", "float32", "float64")
# Different texts of a column that are kept as categories. One-hot columns of more would fill a worker's memory.
MAX_CATEGORIES = 10_000


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a file, or one array of an NPZ file.

    Attributes:
        name: unique within its table.
        values: (rows, *shape), of one of `DTYPES`; read-only where it is mapped from a file. A missing number is NaN:
            integers and truth values with gaps are float64. A missing text is -1. Points in time are float64 seconds
            since 1970-01-01.
        categories: the different texts, sorted, where `values` (int32) are indices into them; None for numbers.
    """

    name: str
    values: np.ndarray
    categories: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.values.dtype.name not in DTYPES:
            raise ValueError(f"{self.name}: expected a type of {DTYPES}; received {self.values.dtype}")
        if self.categories is not None and (self.values.dtype != np.int32 or self.values.ndim != 1):
            raise ValueError(f"{self.name}: expected indices (rows,) of int32; received {self.values.dtype}")

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row's values: () in a CSV or Parquet file, that of an image in an NPZ file of images."""
        return self.values.shape[1:]


@dataclass(frozen=True, eq=False)
class Table:
    """The samples of a file.

    A CSV or Parquet file has one column for each of its fields, and no validation part. An NPZ file has one column for
    each of its arrays; `x_val` and `y_val` are the columns `x` and `y` of the validation part.

    Attributes:
        rows: samples; each column has as many.
        columns: by name, in the file's order.
        validation: the validation part with rows of its own, if the file has one. Its columns are among `columns`, with
            the same shapes and the same categories.
        uncategorised: text columns of the file that `columns` leaves out, with their number of different texts:
            more than `MAX_CATEGORIES`, or longer than a name.
    """

    rows: int
    columns: Mapping[str, Column]
    validation: "Table | None" = None
    uncategorised: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for name, column in self.columns.items():
            if name != column.name or len(column.values) != self.rows:
                raise ValueError(f"{name}: expected {self.rows} rows; received {len(column.values)} of {column.name}")

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The values of all columns by name."""
        return {name: column.values for name, column in self.columns.items()}

    @property
    def categories(self) -> dict[str, tuple[str, ...]]:
        """The categories of the columns of texts by name."""
        return {name: each.categories for name, each in self.columns.items() if each.categories is not None}
