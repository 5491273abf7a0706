"""Registry of the splits: which rows of an uploaded dataset are for training, and which for validation."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from gradlab.frozen import Frozen, Name, one_of

# Values of a column that stand for training: more are a list that nobody reads.
MAX_PARTS = 1_000


class Split(Frozen):
    """A division of rows into a training and a validation part."""

    kind: str


class ShareOfRows(Split):
    """A division by the share of the rows that is for training."""

    train: float = Field(default=0.8, gt=0, lt=1)
    """Share of the rows that is for training, rounded to whole rows; each part has at least one."""

    def train_count(self, rows: int) -> int:
        """Return the number of training rows among `rows`, two or more."""
        return max(1, min(rows - 1, round(self.train * rows)))


class RandomSplit(ShareOfRows):
    """Rows in a random order from the dataset's seed; the first share is for training."""

    kind: Literal["random"] = "random"


class StratifiedSplit(ShareOfRows):
    """Random rows of each class: both parts have each class in the share that it has in the file."""

    kind: Literal["stratified"] = "stratified"


class SplitInOrder(ShareOfRows):
    """Rows in the file's order: the first ones are for training. For series over time."""

    kind: Literal["in_order"] = "in_order"


class SplitByColumn(Split):
    """A column of the file says which rows are for training; all others are for validation. It is no feature."""

    kind: Literal["by_column"] = "by_column"
    column: Name
    """The column that names each row's part."""
    train: Annotated[tuple[Name, ...], Field(strict=False, min_length=1, max_length=MAX_PARTS)] = ("train",)
    """The values of training rows, as texts: `true` and `1` for a column of truth values and of numbers."""


SPLITS: tuple[type[Split], ...] = (RandomSplit, StratifiedSplit, SplitInOrder, SplitByColumn)

if TYPE_CHECKING:
    AnySplit = Split
else:
    AnySplit = one_of(SPLITS)
