"""Samples of the lines of `bench.sizes` that no kind of dataset draws: brought by a user, as it were.

Their numbers can be learnt a little, so that no unit dies and no gradient becomes so small that arithmetic slows down.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradlab.vocabulary.datasets import Dataset

# Standard deviation of the classes' centres, in units of that of their samples.
SPREAD = 0.3
# Share of a text's words that come from its class's own part of the words.
OWN_WORDS = 0.1


@dataclass(frozen=True)
class Brought:
    """Samples of some classes.

    Attributes:
        shape: of one sample.
        classes: number of classes.
        train, validation: numbers of samples.
        words: number of different words, for samples of whole numbers; None for samples of real ones.
    """

    shape: tuple[int, ...]
    classes: int
    train: int
    validation: int
    words: int | None = None

    def part(self, train: int) -> "Brought":
        """Return fewer samples of the same form, so many of them for training."""
        return replace(self, train=train, validation=max(1, self.validation * train // self.train))

    def dataset(self, name: str) -> dict[str, Any]:
        """Return the fields of an uploaded dataset with these samples."""
        samples = {
            "train_count": self.train,
            "val_count": self.validation,
            "feature_shape": self.shape,
            "target": {"kind": "classes", "count": self.classes},
            "classes": [str(each) for each in range(self.classes)],
            "whole_below": self.words,
        }
        identity = f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
        return {"kind": "uploaded", "id": identity, "task": "classes", "samples": samples}

    def draw(self) -> Dataset:
        """Draw the samples."""
        random = np.random.default_rng(0)
        count = self.train + self.validation
        y = random.integers(0, self.classes, count)
        x = self._points(random, y) if self.words is None else self._texts(random, y, self.words)
        n = self.train
        return Dataset(train_x=x[:n], train_y=y[:n], val_x=x[n:], val_y=y[n:])

    def _points(self, random: np.random.Generator, y: np.ndarray) -> np.ndarray:
        centres = SPREAD * random.standard_normal((self.classes, *self.shape), np.float32)
        x = random.standard_normal((len(y), *self.shape), np.float32)
        x += centres[y]
        return x

    def _texts(self, random: np.random.Generator, y: np.ndarray, words: int) -> np.ndarray:
        x = random.integers(0, words, (len(y), *self.shape), dtype=np.int32)
        own = random.random(x.shape, np.float32) < OWN_WORDS
        # The words of a class are those that leave its number when divided by the number of classes.
        x = np.where(own, x - x % self.classes + y[:, None], x)
        return np.minimum(x, words - 1).astype(np.float32)
