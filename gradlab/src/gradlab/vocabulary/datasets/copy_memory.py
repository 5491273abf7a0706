"""The copying problem: letters to be repeated after a long delay."""

from typing import Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from gradlab.vocabulary.datasets.dataset import SequenceDataset, Shape
from gradlab.vocabulary.targets import Target


class CopyMemory(SequenceDataset):
    """Letters to be repeated after a delay (Hochreiter & Schmidhuber 1997; Arjovsky, Shah & Bengio 2016).

    A sequence has some letters, a delay of blanks that ends with a delimiter, and as many blanks as letters. At these
    last blanks the target is the letters in order; before, it is blank. Blank is 0, letters are 1 to `alphabet`, the
    delimiter is `alphabet` + 1. A prediction of blanks, then of random letters, has a mean cross-entropy of
    symbols·log(alphabet)/length. Only a lower one shows that the network has remembered something.
    """

    kind: Literal["copy_memory"] = "copy_memory"
    symbols: int = Field(default=10, ge=1, le=100)
    """Letters to remember."""
    alphabet: int = Field(default=8, ge=2, le=100)
    """Number of different letters."""
    length: int = Field(default=120, ge=3, le=500, validate_default=True)
    """Time steps in all. The delay has `length` − 2·`symbols` of them."""
    one_hot: bool = True
    """True for a one-hot row at each step, over the blank, the letters and the delimiter; false for one number."""

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
            raise ValueError(f"at least {shortest} steps: twice the number of `symbols`, and a delimiter")
        return length
