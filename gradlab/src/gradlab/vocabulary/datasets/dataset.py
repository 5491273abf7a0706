"""DatasetSpec: the specs that training and validation samples are drawn from."""

import math
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from gradlab.frozen import Frozen
from gradlab.vocabulary.datasets.arrays import Dataset
from gradlab.vocabulary.targets import Target

Shape = tuple[int, ...]

Bounds = Annotated[
    tuple[Annotated[float, Field(ge=-1e6, le=1e6)], Annotated[float, Field(ge=-1e6, le=1e6)]], Field(strict=False)
]


Noise = Field(default=0.1, ge=0, le=1e6)


@contextmanager
def needs_scikit_learn() -> Iterator[None]:
    """Replace the error of a missing scikit-learn by one that names the extra to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "sklearn":
            raise
        raise ModuleNotFoundError(
            "The samples need scikit-learn: install this library with its extra `datasets`.", name=error.name
        ) from error


class DatasetSpec(Frozen):
    """The spec of a dataset. Samples are drawn, then scaled all together, then split in order."""

    kind: str
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    """Seed of the random draw, or of the order of a fixed set of samples."""

    @property
    def is_drawn(self) -> bool:
        """True if the samples follow from the spec: `load` draws them."""
        return True

    @property
    @abstractmethod
    def train_count(self) -> int:
        """Number of training samples; the others are for validation."""

    @property
    @abstractmethod
    def sample_count(self) -> int:
        """Number of all samples, for training and validation."""

    @property
    @abstractmethod
    def feature_shape(self) -> Shape:
        """The shape of one sample, without the batch axis."""

    @property
    @abstractmethod
    def target(self) -> Target:
        """The form of each sample's target."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes by name, in the order of their numbers; () for labels and values."""
        return tuple(map(str, range(self.target.count))) if self.target.kind == "classes" else ()

    def class_values_of(self, name: str) -> "tuple[bool, ...] | tuple[float, ...]":
        """Return the numbers or truth values that a user's file has for the classes of an output, in rising order.

        They are () for classes with names. `name` is "" for the only output.
        """
        return ()

    @property
    def has_several(self) -> bool:
        """True if it has several inputs or targets, each with a name."""
        return False

    def shape_of(self, name: str) -> Shape:
        """Return the shape of one sample of an input, without the batch axis."""
        return self.feature_shape

    def whole_below_of(self, name: str) -> int | None:
        """Return the upper bound, exclusive, of an input that is whole numbers from 0; None for another one."""
        return self.whole_below

    def target_of(self, name: str) -> Target:
        """Return the form of each sample's target for an output."""
        return self.target

    def class_names_of(self, name: str) -> tuple[str, ...]:
        """Return the classes of an output by name, in the order of their numbers; () for labels and values."""
        return self.class_names

    @property
    def has_weights(self) -> bool:
        """True if each sample has a weight of its own in the loss."""
        return False

    @property
    def in_plane(self) -> bool:
        """True if its samples are points in a plane: two inputs and one target."""
        return self.value_count == 2 and not self.target.steps

    @property
    def has_boundary(self) -> bool:
        """True if its classes have a boundary in a plane: samples of exactly two inputs, each of one class."""
        return self.feature_shape == (2,) and self.target.kind == "classes" and not self.target.steps

    @property
    def value_count(self) -> int:
        """Number of inputs per sample."""
        return math.prod(self.feature_shape)

    @property
    def whole_below(self) -> int | None:
        """The upper bound, exclusive, of inputs that are whole numbers from 0; None for other inputs."""
        return None

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        """Draw all samples in their final order, unscaled: (samples, ...) inputs and (samples, ...) targets."""
        raise NotImplementedError

    def load(self) -> Dataset:
        """Draw, scale, reshape and split the samples.

        Raises:
            ModuleNotFoundError: scikit-learn is not installed.
        """
        with needs_scikit_learn():
            x, y = self.draw()
            x = self._scaled(x)
        target, samples, n = self.target, len(x), self.train_count
        x = x.astype(np.float32).reshape(samples, *self.feature_shape)
        with needs_scikit_learn():
            y = self._scaled_targets(y)
        y = y.astype(np.int64 if target.kind == "classes" else np.float32)
        y = y.reshape(samples, *target.steps, *(() if target.kind == "classes" else (target.count,)))
        return Dataset(train_x=x[:n], train_y=y[:n], val_x=x[n:], val_y=y[n:])

    def _scaled(self, x: np.ndarray) -> np.ndarray:
        return x

    def _scaled_targets(self, y: np.ndarray) -> np.ndarray:
        return y


class ScaledFeatures(DatasetSpec):
    """A dataset whose features can be scaled."""

    scale: Bounds | Literal["standard"] | None = None
    """[low, high]: each feature is mapped to this range by its minimum and maximum over all samples; "standard": each
    has mean 0 and standard deviation 1; null: the features are not scaled."""

    def _scaled(self, x: np.ndarray) -> np.ndarray:
        if self.scale is None:
            return x
        from sklearn.preprocessing import MinMaxScaler, StandardScaler

        if self.scale == "standard":
            return np.asarray(StandardScaler().fit_transform(x))
        return np.asarray(MinMaxScaler(feature_range=self.scale).fit_transform(x))

    @field_validator("scale")
    @classmethod
    def _low_below_high(cls, scale: tuple[float, float] | str | None) -> tuple[float, float] | str | None:
        if isinstance(scale, tuple) and scale[0] >= scale[1]:
            raise ValueError("two numbers, the lower one first")
        return scale


class ScaledTargets(DatasetSpec):
    """A dataset whose targets are real numbers that can be scaled."""

    target_scale: Literal["standard"] | None = None
    """"standard": each target value has mean 0 and standard deviation 1 over all samples; null: it is not scaled."""

    def _scaled_targets(self, y: np.ndarray) -> np.ndarray:
        if self.target_scale is None:
            return y
        from sklearn.preprocessing import StandardScaler

        return np.asarray(StandardScaler().fit_transform(y.reshape(len(y), self.target.count)))


def _half_by_default(size: int | None, samples: int) -> int:
    if size is None:
        return samples // 2
    if size >= samples:
        raise ValueError(f"fewer than the {samples} samples in all: the rest is for validation")
    return size


class DrawnSamples(DatasetSpec):
    """A dataset with a chosen number of samples."""

    samples: int = Field(default=1000, ge=4, le=10_000_000)
    """Number of all samples, for training and validation."""
    train_size: int | None = Field(default=None, ge=1, le=10_000_000, validate_default=True)
    """Number of training samples, which come first; the rest is for validation. Half of all samples by default."""

    @property
    def train_count(self) -> int:
        return self.train_size or self.sample_count // 2

    @property
    def sample_count(self) -> int:
        return self.samples

    @field_validator("train_size")
    @classmethod
    def _some_left_to_validate_on(cls, size: int | None, info: ValidationInfo) -> int | None:
        return _half_by_default(size, info.data["samples"]) if "samples" in info.data else size


class GeneratedDataset(DrawnSamples, ScaledFeatures):
    """A dataset of feature vectors, drawn from a formula."""


class SequenceDataset(DrawnSamples):
    """A sequence task, drawn from a formula. Its inputs have a fixed meaning and are not scaled."""


class BundledDataset(ScaledFeatures):
    """A real dataset from scikit-learn, in a random order from the seed, because the files are sorted by class."""

    shape: ClassVar[tuple[int, int]]
    """The file's shape: (samples, features)."""
    answers: ClassVar[Target]
    """The form of each sample's target."""
    train_size: int | None = Field(default=None, ge=1, le=10_000_000, validate_default=True)
    """Number of training samples, which come first; the rest is for validation. Half of all samples by default."""

    @property
    def train_count(self) -> int:
        return self.train_size or self.sample_count // 2

    @property
    def sample_count(self) -> int:
        return self.shape[0]

    @property
    def feature_shape(self) -> Shape:
        return self.shape[1:]

    @property
    def target(self) -> Target:
        return self.answers

    @abstractmethod
    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """Read the samples in the file's order: (samples, features) inputs and (samples, ...) targets."""

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        x, y = self.read()
        order = np.random.default_rng(self.seed).permutation(len(x))
        return x[order], y[order]

    @field_validator("train_size")
    @classmethod
    def _some_left_to_validate_on(cls, size: int | None) -> int:
        return _half_by_default(size, cls.shape[0])


def at_most(count: int, bound: int, meaning: str) -> int:
    """Return `count`. Raises ValueError, with `meaning`, if it is above a bound that another field sets."""
    if count > bound:
        raise ValueError(f"at most {bound}, {meaning}")
    return count
