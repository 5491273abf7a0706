"""Target: the form of a prediction for each sample: one class, any of several labels, or real numbers."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Target:
    """The form of a sample's target.

    Attributes:
        kind: ``classes``, one of `count`; ``labels``, each of `count` present or not; ``values``, `count` real numbers.
        count: number of classes, labels or values.
        steps: () if a sample has one target, (time,) if it has one at every time step, (height, width) if it has one at
            every pixel.
    """

    kind: Literal["classes", "labels", "values"]
    count: int
    steps: tuple[int, ...] = ()

    def __str__(self) -> str:
        where = f" at each of {self.steps[0]} time steps" if len(self.steps) == 1 else ""
        where = f" at each of {' × '.join(map(str, self.steps))} places" if len(self.steps) > 1 else where
        return f"{self.count} {self.kind if self.count != 1 else self.kind[:-1]}{where}"
