"""The copying problem: letters to be repeated long after they were seen."""

from typing import Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from gradlab.vocabulary.datasets.dataset import SequenceDataset, Shape
from gradlab.vocabulary.targets import Target


class CopyMemory(SequenceDataset):
    """Some letters, a delay of blanks whose last is a delimiter, then blanks at which the letters are to be repeated in
    order; before, blanks are the right answer. Blank is 0, letters count from 1, the delimiter comes after the last.

    Hochreiter & Schmidhuber (1997), in the form of Arjovsky, Shah & Bengio (2016). Who answers blank throughout and a
    letter by lot at the end has a mean cross-entropy of symbols·log(alphabet)/length: only what is below has remembered
    anything.
    """

    kind: Literal["copy_memory"] = "copy_memory"
    symbols: int = Field(default=10, ge=1, le=100)
    """How many letters are to be remembered."""
    alphabet: int = Field(default=8, ge=2, le=100)
    """How many different letters there are."""
    length: int = Field(default=120, ge=3, le=500, validate_default=True)
    """Time steps in all: the delay is `length` − 2·`symbols`."""
    one_hot: bool = True
    """Each step as a row with a single 1, one place for each letter, the blank and the delimiter; or as one number."""

    @property
    def feature_shape(self) -> Shape:
        return (self.length, self.alphabet + 2) if self.one_hot else (self.length,)

    @property
    def target(self) -> Target:
        return Target("classes", self.alphabet + 1, (self.length,))

    @property
    def whole_below(self) -> int:
        return 2 if self.one_hot else self.alphabet + 2

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        letters = np.random.default_rng(self.seed).integers(1, self.alphabet + 1, (self.samples, self.symbols))
        x, y = np.zeros((2, self.samples, self.length), np.int64)
        x[:, : self.symbols] = y[:, -self.symbols :] = letters
        x[:, -self.symbols - 1] = self.alphabet + 1
        return (np.eye(self.alphabet + 2, dtype=np.float32)[x] if self.one_hot else x), y

    @field_validator("length")
    @classmethod
    def _a_delay_between(cls, length: int, info: ValidationInfo) -> int:
        shortest = 2 * info.data.get("symbols", 0) + 1
        if length < shortest:
            raise ValueError(f"at least {shortest} steps: the letters twice, and a delimiter between")
        return length
