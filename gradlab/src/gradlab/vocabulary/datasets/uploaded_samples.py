"""Samples: what a spec knows of an uploaded file, filled in by the service when the spec is submitted."""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from gradlab.frozen import MAX_NAMED, Frozen, Name, PathName, added, impossible
from gradlab.vocabulary.targets import Target

# Classes that a spec names one by one. Profiles list as many values of a column.
MAX_CLASSES = 1_000
# The largest int32: rows, and the numbers of one sample.
MAX_COUNT = 2**31 - 1
# Axes of a sample: a video has four.
MAX_AXES = 8

Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]
Axes = Annotated[tuple[Count, ...], Field(strict=False, max_length=MAX_AXES)]
Classes = Annotated[tuple[Name, ...], Field(strict=False, max_length=MAX_CLASSES)]
Below = Annotated[int, Field(ge=1, le=2**53)]


class SampleTarget(Frozen):
    """The form of each sample's target."""

    kind: Literal["classes", "labels", "values"]
    """One of several classes, any of several labels, or numbers."""
    count: Count
    """Number of classes, labels or values."""
    steps: Axes = ()
    """[] if a sample has one target; the axes over which it has one at each place, such as time."""

    @property
    def form(self) -> Target:
        """The target, as datasets have it."""
        return Target(self.kind, self.count, self.steps)


class SampleInput(Frozen):
    """The form of one of several inputs."""

    name: PathName
    """Its name."""
    shape: Axes
    """Shape of one prepared sample."""
    whole_below: Below | None = None
    """The upper bound, exclusive, of inputs that are whole numbers from 0, such as tokens; null for other inputs."""


class SampleOutput(Frozen):
    """The form of the targets of one of several outputs."""

    name: PathName
    """Its name."""
    target: SampleTarget
    """Form of a sample's target."""
    classes: Classes = ()
    """The classes by name, in the order of their numbers; [] for labels and values."""


class Samples(Frozen):
    """Counts, shapes and classes, as they follow from the file. The service fills them in when a spec is submitted.

    With several inputs `inputs` stands for `feature_shape` and `whole_below`, with several outputs `outputs` for
    `target` and `classes`.
    """

    train_count: Count
    """Number of training samples."""
    val_count: Count
    """Number of validation samples."""
    feature_shape: Axes | None = None
    """Shape of one prepared sample; null with several inputs."""
    target: SampleTarget | None = None
    """Form of a sample's target; null with several outputs."""
    classes: Classes = ()
    """The classes by name, in the order of their numbers; [] for labels and values."""
    whole_below: Below | None = None
    """The upper bound, exclusive, of inputs that are whole numbers from 0, such as tokens; null for other inputs."""
    inputs: Annotated[tuple[SampleInput, ...], Field(strict=False, max_length=MAX_NAMED)] = added(())
    """The form of each of several inputs, in the network's order; [] with one."""
    outputs: Annotated[tuple[SampleOutput, ...], Field(strict=False, max_length=MAX_NAMED)] = added(())
    """The form of the targets of each of several outputs, in the network's order; [] with one."""

    @cached_property
    def input_forms(self) -> dict[str, SampleInput]:
        """The forms of several inputs by their names; empty with one."""
        return {each.name: each for each in self.inputs}

    @cached_property
    def output_forms(self) -> dict[str, SampleOutput]:
        """The forms of the targets of several outputs by their names; empty with one."""
        return {each.name: each for each in self.outputs}

    @model_validator(mode="after")
    def _one_form(self) -> "Samples":
        is_one = self.feature_shape is not None, self.target is not None
        for field, several, one, names in (
            ("feature_shape", "inputs", is_one[0], [each.name for each in self.inputs]),
            ("target", "outputs", is_one[1], [each.name for each in self.outputs]),
        ):
            if one == bool(names):
                raise impossible(field, f"a value, or `{several}` in its place", "both" if one else "neither")
            if len(set(names)) < len(names):
                raise impossible(several, "each name once", ", ".join(names))
        return self
