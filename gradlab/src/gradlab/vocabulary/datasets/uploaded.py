"""UploadedDataset: samples that a user has brought as a file, known by the hash of its bytes.

The spec names columns and says how they are prepared. What follows from the file, shapes and classes, stands in
`samples`, so that a spec is checked, counted and estimated without reading the file.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from gradlab.frozen import Frozen, Name, impossible
from gradlab.vocabulary.datasets.dataset import Dataset, DatasetSpec, Shape
from gradlab.vocabulary.preparations import MAX_COLUMNS, AnyPreparation
from gradlab.vocabulary.splits import AnySplit, SplitByColumn
from gradlab.vocabulary.targets import Target

# Steps of a preparation: each kind on each column of a wide table would be fewer.
MAX_STEPS = 1_000
# Classes that a spec names one by one. Profiles list as many values of a column.
MAX_CLASSES = 1_000
# The largest int32: rows, and the numbers of one sample.
MAX_COUNT = 2**31 - 1
# Axes of a sample: a video has four.
MAX_AXES = 8
# Rows of a window: several times those of the longest sequences of this vocabulary.
MAX_WINDOW = 10_000


def _is_hash(text: str) -> str:
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", text):
        raise ValueError('the id of an uploaded dataset: "sha256:" and 64 hexadecimal digits in lower case')
    return text


DatasetId = Annotated[str, Field(max_length=200), AfterValidator(_is_hash)]
Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]
Names = Annotated[tuple[Name, ...], Field(strict=False, min_length=1, max_length=MAX_COLUMNS)]
Axes = Annotated[tuple[Count, ...], Field(strict=False, max_length=MAX_AXES)]


class Window(Frozen):
    """Sequences cut from the rows of a table, each with the target of one row. No window crosses the split."""

    steps: int = Field(ge=1, le=MAX_WINDOW)
    """Rows of a sequence."""
    stride: int = Field(default=1, ge=1, le=MAX_COUNT)
    """Rows from the beginning of a sequence to that of the next one."""
    horizon: int = Field(default=1, ge=0, le=MAX_COUNT)
    """Rows from the last one of a sequence to the one whose target is predicted; 0 for the last one itself."""

    def count(self, rows: int) -> int:
        """Return the number of sequences in `rows` rows in order; 0 if there are too few."""
        return max(0, (rows - self.steps - self.horizon) // self.stride + 1)


class SampleTarget(Frozen):
    """The form of each sample's target."""

    kind: Literal["classes", "labels", "values"]
    """One of several classes, any of several labels, or numbers."""
    count: Count
    """Number of classes, labels or values."""
    steps: Axes = ()
    """[] if a sample has one target; the axes over which it has one at each place, such as time."""


class Samples(Frozen):
    """Counts, shapes and classes, as they follow from the file. The service fills them in when a spec is submitted."""

    train_count: Count
    """Number of training samples."""
    val_count: Count
    """Number of validation samples."""
    feature_shape: Axes
    """Shape of one prepared sample."""
    target: SampleTarget
    """Form of a sample's target."""
    classes: Annotated[tuple[Name, ...], Field(strict=False, max_length=MAX_CLASSES)] = ()
    """The classes by name, in the order of their numbers; [] for labels and values."""
    whole_below: Annotated[int, Field(ge=1, le=2**53)] | None = None
    """The upper bound, exclusive, of inputs that are whole numbers from 0, such as tokens; null for other inputs."""


class UploadedDataset(DatasetSpec):
    """Samples from an uploaded file: the columns of a table (CSV, Parquet), or arrays (NPZ).

    Rows are split, then prepared, then cut into windows. Text classes become numbers in sorted order.
    """

    # The target's column has the name that the form of targets has in all datasets.
    model_config = ConfigDict(serialize_by_alias=True)

    kind: Literal["uploaded"] = "uploaded"
    id: DatasetId
    """The dataset: the SHA-256 of the file's bytes, as `POST /datasets` returns it."""
    features: Names | None = None
    """The input columns in this order, or one array. Null: `x` of arrays, else every column that is no target, weight
    or part."""
    target_columns: Name | Names | None = Field(default=None, alias="target")
    """The column to predict; several for labels, values or one-hot classes. Null: `y` of arrays, and for inputs."""
    task: Literal["classes", "labels", "values", "inputs"]
    """"classes", one of several; "labels", each 0 or 1; "values", numbers; "inputs", the prepared inputs themselves."""
    sample_weight: Name | None = None
    """The column with each sample's weight in the loss, 0 or more; null for equal weights."""
    validation: DatasetId | None = None
    """Another dataset with the same columns whose rows are all for validation; then all rows of this one are for
    training."""
    split: AnySplit | None = None
    """The division into training and validation rows. Null: `validation`, or `x_val` and `y_val` of arrays, else four
    in five rows at random."""
    prepare: Annotated[tuple[AnyPreparation, ...], Field(strict=False, max_length=MAX_STEPS)] = ()
    """The steps that prepare columns, in order."""
    prepare_on: Literal["train", "all"] = "train"
    """The rows that steps are fitted on: "train", the training part; "all", both parts together, as many tutorials do,
    which lets the validation part leak into the inputs."""
    window: Window | None = None
    """The sequences to cut from the rows in order; null: each row is a sample."""
    samples: Samples | None = None
    """Counts, shapes and classes, as they follow from the file. Null in a request: the service fills them in."""

    @property
    def is_drawn(self) -> bool:
        return False

    @property
    def ready(self) -> Samples:
        """`samples` once it is filled in. Raises pydantic's error, which names the field, if it is not."""
        if self.samples is None:
            raise impossible(
                "dataset.samples",
                "what follows from the file, which the service fills in: submit or validate the spec there",
                "null",
            )
        return self.samples

    @property
    def train_count(self) -> int:
        return self.ready.train_count

    @property
    def sample_count(self) -> int:
        return self.ready.train_count + self.ready.val_count

    @property
    def feature_shape(self) -> Shape:
        return self.ready.feature_shape

    @property
    def target(self) -> Target:
        form = self.ready.target
        return Target(form.kind, form.count, form.steps)

    @property
    def whole_below(self) -> int | None:
        return self.ready.whole_below

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.ready.classes

    @property
    def has_weights(self) -> bool:
        return self.sample_weight is not None

    @property
    def targets(self) -> tuple[str, ...]:
        """The target's columns by name; () if the spec names none."""
        named = self.target_columns
        return () if named is None else (named,) if isinstance(named, str) else named

    @property
    def dataset_ids(self) -> tuple[str, ...]:
        """The uploaded datasets that the samples come from."""
        return (self.id,) if self.validation in (None, self.id) else (self.id, self.validation)

    def load(self) -> Dataset:
        """Refuse to load: the samples are not in the spec. `core.samples` loads them from the file's content.

        Raises:
            LookupError: always.
        """
        raise LookupError(f"The samples of {self.id} are not in the spec: they are loaded from the uploaded file.")

    @model_validator(mode="after")
    def _check_columns(self) -> "UploadedDataset":
        for field, expected, received in (*_of_roles(self), *_of_parts(self), *_of_steps(self)):
            raise impossible(field, expected, received)
        return self


Refusal = tuple[str, str, str]


def _of_roles(dataset: UploadedDataset) -> Iterator[Refusal]:
    """Yield the problems of the columns' uses: field, expected, received."""
    targets, features = dataset.targets, dataset.features or ()
    if dataset.task == "inputs" and targets:
        yield "target", 'null: with the task "inputs" a sample\'s target is its inputs', ", ".join(targets)
    part = dataset.split.column if isinstance(dataset.split, SplitByColumn) else None
    uses = {"target": targets, "sample_weight": (dataset.sample_weight,), "split.column": (part,)}
    for field, names in (("features", features), ("target", targets)):
        if twice := next((name for name in names if names.count(name) > 1), None):
            yield field, "each column once", twice
    taken = dict.fromkeys(features, "features")
    for field, columns in uses.items():
        for column in columns:
            if column is not None and (other := taken.setdefault(column, field)) != field:
                yield field, f"another column than those of {other}", column


def _of_parts(dataset: UploadedDataset) -> Iterator[Refusal]:
    """Yield the problems of split, validation and window."""
    split, window = dataset.split, dataset.window
    if split is not None and dataset.validation is not None:
        yield "split", "null beside `validation`, whose rows are the validation part", split.kind
    if dataset.validation == dataset.id:
        yield "validation", "another dataset than the one to train on", dataset.id
    if split is not None and split.kind == "stratified" and dataset.task != "classes":
        yield (
            "split",
            'a split for this task: stratified is for "classes"',
            f'stratified with the task "{dataset.task}"',
        )
    if window is None:
        return
    if dataset.validation is None and (split is None or split.kind != "in_order"):
        received = "null" if split is None else split.kind
        yield "split", "in_order, or `validation`: windows are cut from rows in order", received
    if dataset.task == "inputs":
        yield "window", 'null with the task "inputs"', "a window"


def _of_steps(dataset: UploadedDataset) -> Iterator[Refusal]:
    """Yield the problems of the preparation: columns that no step of its kind can prepare."""
    targets, features = set(dataset.targets), dataset.features
    for place, step in enumerate(dataset.prepare):
        field = f"prepare[{place}].columns"
        for column in step.columns or ():
            if column in targets and not (step.of_targets and dataset.task == "values"):
                expected = f'columns that {step.kind} prepares; targets only of numbers, with the task "values"'
                yield field, expected, column
            elif column not in targets and features is not None and column not in features:
                yield field, "columns among features and targets", column
