"""UploadedDataset: samples that a user has brought as a file, known by the hash of its bytes.

The spec names columns and says how they are prepared. What follows from the file, shapes and classes, stands in
`samples`, so that a spec is checked, counted and estimated without reading the file.
"""

import itertools
import math
import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from gradlab.frozen import UPLOAD_ID, ByName, Frozen, Name, impossible, of_name, or_by_name
from gradlab.vocabulary.datasets.arrays import Dataset
from gradlab.vocabulary.datasets.dataset import DatasetSpec, Shape
from gradlab.vocabulary.datasets.uploaded_columns import listed, problems_of
from gradlab.vocabulary.datasets.uploaded_samples import MAX_COUNT, Samples
from gradlab.vocabulary.preparations import MAX_COLUMNS, AnyPreparation
from gradlab.vocabulary.splits import AnySplit
from gradlab.vocabulary.targets import Target

# Steps of a preparation: each kind on each column of a wide table would be fewer.
MAX_STEPS = 1_000
# Texts that stand for truth values.
TRUTHS = {"false": False, "true": True}
# Rows of a window: several times those of the longest sequences of this vocabulary.
MAX_WINDOW = 10_000


def _is_hash(text: str) -> str:
    if not re.fullmatch(UPLOAD_ID, text):
        raise ValueError('the id of an uploaded dataset: "sha256:" and 64 hexadecimal digits in lower case')
    return text


DatasetId = Annotated[str, Field(max_length=200), AfterValidator(_is_hash)]
Names = Annotated[tuple[Name, ...], Field(strict=False, min_length=1, max_length=MAX_COLUMNS)]
Task = Literal["classes", "labels", "values", "inputs"]
if TYPE_CHECKING:
    Features = Names | ByName[Names]
    Targets = Name | Names | ByName[Name | Names | None]
    Tasks = Task | ByName[Task]
else:
    Features, Targets, Tasks = or_by_name(Names), or_by_name(Name | Names | None), or_by_name(Task)


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


class UploadedDataset(DatasetSpec):
    """Samples from an uploaded file: the columns of a table (CSV, Parquet), or arrays (NPZ).

    Rows are split, then prepared, then cut into windows. Text classes become numbers in sorted order.
    """

    # The target's column has the name that the form of targets has in all datasets.
    model_config = ConfigDict(serialize_by_alias=True)

    kind: Literal["uploaded"] = "uploaded"
    id: DatasetId
    """The dataset: the SHA-256 of the file's bytes, as `POST /datasets` returns it."""
    features: Features | None = None
    """The input columns in this order, or one array. Null: `x` of arrays, else every column that is no target, weight
    or part. For a network with several inputs an object with the columns of each; null: arrays of their names."""
    target_columns: Targets | None = Field(default=None, alias="target")
    """The column to predict; several for labels, values or one-hot classes. Null: `y` of arrays, and for inputs. For a
    network with several outputs an object with the columns of each; null: arrays of their names. An output with the
    task "inputs" is given the name of one of several inputs."""
    task: Tasks
    """"classes", one of several; "labels", each 0 or 1; "values", numbers; "inputs", the prepared inputs themselves.
    For a network with several outputs also an object by output."""
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
        shape = self.ready.feature_shape
        if shape is None:
            raise LookupError(f"several inputs: {', '.join(self.input_names)}; each has a shape of its own")
        return shape

    @property
    def target(self) -> Target:
        target = self.ready.target
        if target is None:
            raise LookupError(f"several outputs: {', '.join(self.output_names)}; each has a target of its own")
        return target.form

    @property
    def whole_below(self) -> int | None:
        return self.ready.whole_below

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.ready.classes

    def class_values_of(self, name: str) -> tuple[bool, ...] | tuple[float, ...]:
        columns = listed(of_name(self.target_columns, name))
        names = () if len(columns) > 1 else self.class_names_of(name)
        if all(name in TRUTHS for name in names):
            return tuple(TRUTHS[name] for name in names)
        try:
            numbers = tuple(int(name) if name.lstrip("-").isdigit() else float(name) for name in names)
        except ValueError:
            return ()
        are_numbers = all(map(math.isfinite, numbers)) and [*numbers] == sorted(numbers)  # else texts: "inf", "10"
        return numbers if are_numbers else ()

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of several inputs, in the network's order; () with one."""
        return tuple(self.ready.input_forms)

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of several outputs, in the network's order; () with one."""
        return tuple(self.ready.output_forms)

    def shape_of(self, name: str) -> Shape:
        several = self.ready.input_forms
        return several[name].shape if several else self.feature_shape

    def whole_below_of(self, name: str) -> int | None:
        several = self.ready.input_forms
        return several[name].whole_below if several else self.whole_below

    def target_of(self, name: str) -> Target:
        several = self.ready.output_forms
        return several[name].target.form if several else self.target

    def class_names_of(self, name: str) -> tuple[str, ...]:
        several = self.ready.output_forms
        return several[name].classes if several else self.class_names

    @property
    def value_count(self) -> int:
        several = self.ready.inputs
        return sum(math.prod(each.shape) for each in several) if several else super().value_count

    @property
    def in_plane(self) -> bool:
        return not self.has_several and super().in_plane

    @property
    def has_boundary(self) -> bool:
        return not self.has_several and super().has_boundary

    @property
    def has_several(self) -> bool:
        return bool(self.ready.inputs or self.ready.outputs)

    @property
    def has_weights(self) -> bool:
        return self.sample_weight is not None

    @property
    def targets(self) -> tuple[str, ...]:
        """The target's columns by name, those of several outputs one after another; () for none, and for inputs."""
        named = self.target_columns
        if named is None:
            return ()
        several = named.items() if isinstance(named, ByName) else [("", named)]
        columns = (listed(each) for name, each in several if self.task_of(name) != "inputs")
        return tuple(dict.fromkeys(itertools.chain(*columns)))

    @property
    def feature_columns(self) -> tuple[str, ...] | None:
        """The input columns, those of several inputs one after another; None if the spec names none."""
        if not isinstance(self.features, ByName):
            return self.features
        return tuple(dict.fromkeys(itertools.chain(*self.features.values())))

    def task_of(self, name: str) -> Task:
        """Return the task of an output of that name."""
        return of_name(self.task, name)

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
        for field, expected, received in problems_of(self):
            raise impossible(field, expected, received)
        return self
