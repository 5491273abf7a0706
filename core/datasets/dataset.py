"""What every dataset is: two blocks of arrays, made from a spec and a seed."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from core.frozen import Frozen

Bounds = Annotated[
    tuple[Annotated[float, Field(ge=-1e6, le=1e6)], Annotated[float, Field(ge=-1e6, le=1e6)]], Field(strict=False)
]


Noise = Field(default=0.1, ge=0, le=1e6)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples to train on and samples to validate on, which are also the test samples.

    Attributes:
        train_x: (train, features) float32.
        train_y: (train,) int64, classes counted from 0.
        val_x: (validation, features) float32.
        val_y: (validation,) int64.
    """

    train_x: np.ndarray
    train_y: np.ndarray
    val_x: np.ndarray
    val_y: np.ndarray


class DatasetSpec(Frozen):
    """What every dataset can be asked for. Samples are drawn, then scaled all together, then split in order."""

    kind: str
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    """Seeds the draw, or the order of a fixed set of samples."""
    scale: Bounds | Literal["standard"] | None = None
    """Each feature mapped to [low, high] by its own minimum and maximum over all samples; "standard": to mean 0 and
    standard deviation 1; none: left as drawn."""

    @property
    def train_count(self) -> int:
        """Samples to train on; the others validate."""
        raise NotImplementedError

    @property
    def sample_count(self) -> int:
        """Training and validation samples together."""
        raise NotImplementedError

    @property
    def feature_count(self) -> int:
        """Inputs per sample."""
        raise NotImplementedError

    @property
    def class_count(self) -> int:
        """Classes to tell apart."""
        raise NotImplementedError

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        """All samples in their final order: (samples, features) float64 and (samples,) int64."""
        raise NotImplementedError

    def load(self) -> Dataset:
        """Draw, scale and split."""
        x, y = self.draw()
        if self.scale == "standard":
            x = StandardScaler().fit_transform(x)
        elif self.scale is not None:
            x = MinMaxScaler(feature_range=self.scale).fit_transform(x)
        x, y, n = x.astype(np.float32), y.astype(np.int64), self.train_count
        return Dataset(train_x=x[:n], train_y=y[:n], val_x=x[n:], val_y=y[n:])

    @field_validator("scale")
    @classmethod
    def _low_below_high(cls, scale: tuple[float, float] | str | None) -> tuple[float, float] | str | None:
        if isinstance(scale, tuple) and scale[0] >= scale[1]:
            raise ValueError("two numbers, the lower one first")
        return scale


def _half_by_default(size: int | None, samples: int) -> int:
    if size is None:
        return samples // 2
    if size >= samples:
        raise ValueError(f"fewer than the {samples} samples there are, so that some are left to validate on")
    return size


class GeneratedDataset(DatasetSpec):
    """A dataset drawn from a formula, as large as one likes."""

    samples: int = Field(default=1000, ge=4, le=10_000_000)
    """Training and validation samples together."""
    train_size: int | None = Field(default=None, ge=1, validate_default=True)
    """The first so many samples train, the rest validate; half of them by default."""

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


class BundledDataset(DatasetSpec):
    """A real dataset that comes with scikit-learn, in an order drawn from the seed (the files are sorted by class)."""

    shape: ClassVar[tuple[int, int]]
    classes: ClassVar[int]
    train_size: int | None = Field(default=None, ge=1, validate_default=True)
    """The first so many samples train, the rest validate; half of them by default."""

    @property
    def train_count(self) -> int:
        return self.train_size or self.sample_count // 2

    @property
    def sample_count(self) -> int:
        return self.shape[0]

    @property
    def feature_count(self) -> int:
        return self.shape[1]

    @property
    def class_count(self) -> int:
        return self.classes

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """The file as it is: (samples, features) and (samples,)."""
        raise NotImplementedError

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        x, y = self.read()
        order = np.random.default_rng(self.seed).permutation(len(x))
        return x[order], y[order]

    @field_validator("train_size")
    @classmethod
    def _some_left_to_validate_on(cls, size: int | None) -> int:
        return _half_by_default(size, cls.shape[0])
