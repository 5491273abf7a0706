"""Profile of samples that a user brought: numbers about each column, a proposal, and warnings. It holds no sample.

The commonest categories of a column and the names of columns are the only texts of the user's in it.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gradlab.facts.model import Count
from gradlab.facts.numbers import bounded
from gradlab.frozen import Frozen

# The bound of a profile as JSON. It is stored in the dataset's row and answered whole.
MAX_PROFILE_BYTES = 256_000
# Bars of a histogram: what a column of a page shows, 300 pixels, at ten pixels each.
MAX_BINS = 32
# Categories that are listed with their counts, commonest first.
MAX_COMMONEST = 10
# Distinct values that are counted exactly; of more, only that there are more.
MAX_DISTINCT = 10_000
# Columns that a warning lists by name.
MAX_NAMED = 20
# Names that people give to the weights of samples.
WEIGHTS = ("sample_weight", "sample_weights")

ColumnType = Literal["number", "integer", "category", "boolean", "text", "date", "array"]
Task = Literal["classes", "labels", "values", "inputs"]
SplitKind = Literal["random", "stratified", "in_order", "by_column"]
# The steps of a preparation, as a spec names them.
Step = Literal["impute", "one_hot", "ordinal", "log", "clip", "standardise", "min_max"]
WarningKind = Literal[
    "constant_columns", "missing_values", "infinite_values", "target_leak", "duplicated_rows", "few_samples",
    "divided_labels", "shifted_labels", "text_labels", "raw_pixels", "one_hot_beside_integers", "feature_scales",
    "unequal_classes", "ordered_by_class", "target_scale", "identifiers", "label_noise", "contradicting_labels",
    "few_rows",
]  # fmt: skip

# Names of columns come from files; `Table` bounds them. A profile repeats them as they are.
ColumnName = Annotated[str, Field(min_length=1, max_length=1_000)]
ColumnNames = Annotated[tuple[ColumnName, ...], Field(strict=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class Histogram(Frozen):
    """Counts of a column's finite values in bins of equal width."""

    low: float
    """Lower edge of the first bin."""
    high: float
    """Upper edge of the last bin, which belongs to it."""
    counts: Annotated[tuple[Count, ...], Field(strict=False, max_length=MAX_BINS)]
    """Number of values in each bin."""


class Commonest(Frozen):
    """A category and how often it occurs."""

    value: Annotated[str, Field(max_length=200)]
    """The category; a longer one is cut."""
    count: Count
    """Number of its rows."""


class ColumnProfile(Frozen):
    """Numbers about one column of a table, or about one array."""

    name: ColumnName
    """Name of the column or of the array."""
    type: ColumnType
    """``array`` where a row has more than one number, else what its values are."""
    dtype: Annotated[str, Field(max_length=40)]
    """NumPy's name for the type of a stored number."""
    rows: Count
    """Number of rows."""
    shape: Annotated[tuple[Count, ...], Field(strict=False)] = ()
    """Shape of one row; () for a column of a table."""
    missing: Count = 0
    """Number of NaN, and of missing categories."""
    infinite: Count = 0
    """Number of infinite values."""
    distinct: Count | None = None
    """Number of distinct values, missing ones apart; null for more than 10,000, and for arrays with a shape."""
    zeros: Share | None = None
    """Share of zeros among all numbers; null for categories and texts."""
    minimum: float | None = None
    """Smallest finite value; null for categories and texts, and where no value is finite."""
    maximum: float | None = None
    """Largest finite value."""
    mean: float | None = None
    """Mean of the finite values."""
    std: float | None = None
    """Standard deviation of the finite values."""
    histogram: Histogram | None = None
    """Histogram of the finite values; null for categories, and where the profile would get too large."""
    commonest: Annotated[tuple[Commonest, ...], Field(strict=False, max_length=MAX_COMMONEST)] = ()
    """The commonest categories of a column of categories or booleans, in falling order."""


class LeftOut(Frozen):
    """A column that is no feature of the proposal."""

    column: ColumnName
    """Its name."""
    reason: str
    """The reason why it is left out, in a sentence."""
    determines_target: bool = False
    """True if it is left out because of the proposed target, which it determines alone."""


class PreparationProposal(Frozen):
    """One step of a proposed preparation."""

    step: Step
    """Its name in a spec."""
    each: Literal["number", "channel", "all"] = "number"
    """The parts of an array with a mean and a size of their own; as in a spec."""
    columns: ColumnNames
    """The columns that it changes."""
    reason: str
    """The reason, in a sentence."""


class SplitProposal(Frozen):
    """A division of the rows into training and validation samples."""

    kind: SplitKind
    """Its name in a spec."""
    column: ColumnName | None = None
    """The column that says to which part a row belongs, for ``by_column``."""
    train: ColumnNames = ()
    """Its values in training rows, for ``by_column``."""
    reason: str
    """The reason, in a sentence."""


class Proposal(Frozen):
    """A way to train on the samples. Null stands for what they do not show."""

    target: ColumnNames = ()
    """The columns of the target, or the one array; () for the task ``inputs``, and where none can be proposed."""
    target_reason: str
    """The reason, in a sentence."""
    task: Task | None = None
    """The task: ``classes``, ``labels``, ``values``, or ``inputs``, the inputs themselves."""
    task_reason: str
    """The reason, in a sentence."""
    classes: Count | None = None
    """Number of classes, or of labels, of the target; null for values."""
    features: ColumnNames = ()
    """The columns, or the one array, that the target is learnt from."""
    left_out: Annotated[tuple[LeftOut, ...], Field(strict=False, max_length=MAX_NAMED)] = ()
    """The first columns that are neither features nor targets, with the reasons."""
    left_out_count: Count = 0
    """Number of all of them."""
    split: SplitProposal | None = None
    """The division into training and validation samples; null where the file has validation samples of its own."""
    prepare: Annotated[tuple[PreparationProposal, ...], Field(strict=False)] = ()
    """The steps of the preparation, in order."""


class DataWarning(Frozen):
    """Something about the samples that breaks trainings."""

    kind: WarningKind
    """Its name."""
    columns: Annotated[tuple[ColumnName, ...], Field(strict=False, max_length=MAX_NAMED)] = ()
    """The first columns that it concerns."""
    column_count: Count = 0
    """Number of all of them."""
    sentence: str
    """The fault and its remedy, for people."""
    evidence: dict[str, float] = Field(default_factory=dict)
    """The numbers that it rests on, by name."""


class Profile(Frozen):
    """Numbers about the columns of samples, a way to train on them, and warnings of faults that break trainings."""

    version: Literal[1] = 1
    """Version of these fields."""
    rows: Count
    """Number of rows, without those of validation samples."""
    column_count: Count
    """Number of columns."""
    columns: Annotated[tuple[ColumnProfile, ...], Field(strict=False)]
    """The columns in the file's order: all of them, or as many of the first ones as the size of a profile allows."""
    proposal: Proposal
    """The way to train on the samples."""
    warnings: Annotated[tuple[DataWarning, ...], Field(strict=False)] = ()
    """The faults that break trainings, gravest first."""

    @model_validator(mode="after")
    def _small(self) -> "Profile":
        return bounded(self, MAX_PROFILE_BYTES)
