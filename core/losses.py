"""Shelf: the losses, with their formulas, and what a network's output must look like for each.

y is the target, p the prediction, K the number of classes; each is averaged over the batch. Names are Keras's.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class LossFunction:
    """One loss.

    Attributes:
        kind: Keras's name.
        formula: what one sample contributes.
        single_unit: one output unit can tell two classes apart.
        one_unit_per_class: K output units, the targets one-hot.
    """

    kind: str
    formula: str
    single_unit: bool
    one_unit_per_class: bool

    def units_for(self, classes: int) -> tuple[int, ...]:
        """The numbers of output units that make sense for `classes`; empty where the loss cannot serve them."""
        single = (1,) if self.single_unit and classes == 2 else ()
        return single + ((classes,) if self.one_unit_per_class else ())


LOSSES = (
    LossFunction(
        "binary_crossentropy",
        "−y·log p − (1 − y)·log(1 − p): two classes, one sigmoid unit",
        single_unit=True,
        one_unit_per_class=False,
    ),
    LossFunction(
        "categorical_crossentropy",
        "−Σₖ yₖ·log pₖ: one softmax unit per class",
        single_unit=False,
        one_unit_per_class=True,
    ),
    LossFunction(
        "mean_squared_error",
        "mean over the units of (y − p)²: one unit for two classes, or one unit per class",
        single_unit=True,
        one_unit_per_class=True,
    ),
)

Loss = Literal["binary_crossentropy", "categorical_crossentropy", "mean_squared_error"]

BY_KIND = {loss.kind: loss for loss in LOSSES}
