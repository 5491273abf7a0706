"""Registry of the preparations: steps that turn the columns of an uploaded dataset into a network's inputs.

A step is fitted on the training part, unless the dataset says otherwise, and applied to both parts. Steps are applied
in order; each is fitted on what the one before has made.
"""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from gradlab.frozen import Frozen, Name, one_of

# Columns that one step may list: as many as a table may have.
MAX_COLUMNS = 10_000

Columns = Annotated[tuple[Name, ...], Field(strict=False, min_length=1, max_length=MAX_COLUMNS)] | None


class Preparation(Frozen):
    """A step of the preparation of columns."""

    kind: str
    columns: Columns = None
    """The columns to prepare: features, or targets that are values. Null: every feature that the step is made for, of
    numbers or of texts."""

    of_texts: ClassVar[bool] = False
    """True if it turns texts into numbers."""
    of_targets: ClassVar[bool] = False
    """True if targets that are values may be prepared by it."""
    changes_size: ClassVar[bool] = False
    """True if it changes the size of numbers, so that whole numbers do not stay what they were."""


class Scaling(Preparation):
    """A step that moves and stretches numbers."""

    of_targets = changes_size = True
    each: Literal["number", "channel", "all"] = "number"
    """The parts of an array with a mean and a size of their own: "number", each number of a sample; "channel", each
    place of the last axis; "all", the whole array."""


class Standardise(Scaling):
    """(x − mean)/standard deviation: mean 0 and standard deviation 1 over the rows it is fitted on."""

    kind: Literal["standardise"] = "standardise"


class MinMax(Scaling):
    """Map the smallest and the largest number of the rows that it is fitted on to `low` and `high`."""

    kind: Literal["min_max"] = "min_max"
    low: float = Field(default=0.0, ge=-1e6, le=1e6)
    """The number that the smallest one is mapped to."""
    high: float = Field(default=1.0, ge=-1e6, le=1e6)
    """The number that the largest one is mapped to."""

    @field_validator("high")
    @classmethod
    def _above_low(cls, high: float, info: ValidationInfo) -> float:
        if high <= info.data.get("low", high - 1):
            raise ValueError(f"a number above `low`, which is {info.data['low']:g}")
        return high


class Impute(Preparation):
    """Replace missing values: NaN in numbers, missing texts."""

    kind: Literal["impute"] = "impute"
    strategy: Literal["mean", "median", "most_frequent", "constant"] = "mean"
    """The replacement: the mean or the median of the column, its commonest value, or `fill_value`. Texts are replaced
    by their commonest value."""
    fill_value: float = Field(default=0.0, ge=-1e12, le=1e12)
    """The replacement with the strategy "constant"."""


class OneHot(Preparation):
    """One column of 0 and 1 for each value that the column has in the file, in sorted order; all 0 for another one."""

    kind: Literal["one_hot"] = "one_hot"
    of_texts = True


class Ordinal(Preparation):
    """The place of a value among those that the column has in the file, sorted, counted from 0; for another value,
    their number."""

    kind: Literal["ordinal"] = "ordinal"
    of_texts = True


class Log(Preparation):
    """log(x + offset): large numbers come near small ones."""

    kind: Literal["log"] = "log"
    of_targets = changes_size = True
    offset: float = Field(default=1.0, ge=-1e12, le=1e12)
    """Number that is added first; x + offset must be positive."""


class Clip(Preparation):
    """min(max(x, low), high): numbers beyond the bounds are moved to them."""

    kind: Literal["clip"] = "clip"
    of_targets = changes_size = True
    low: float | None = Field(default=None, ge=-1e12, le=1e12)
    """Lower bound; null for none."""
    high: float | None = Field(default=None, ge=-1e12, le=1e12)
    """Upper bound; null for none."""

    @field_validator("high")
    @classmethod
    def _above_low(cls, high: float | None, info: ValidationInfo) -> float | None:
        low = info.data.get("low")
        if high is not None and low is not None and high <= low:
            raise ValueError(f"a number above `low`, which is {low:g}")
        return high


PREPARATIONS: tuple[type[Preparation], ...] = (Standardise, MinMax, Impute, OneHot, Ordinal, Log, Clip)

if TYPE_CHECKING:
    AnyPreparation = Preparation
else:
    AnyPreparation = one_of(PREPARATIONS)
