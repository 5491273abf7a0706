"""Properties of a training at its beginning, and the options of its Watch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gradlab.spec.external import ExternalLoss


@dataclass(eq=False)
class Options:
    """Options that a user gave to a Watch."""

    name: str
    intervals: Mapping[str, int]
    every: int | None
    data: Any
    validation_data: Any
    resumes: bool = False
    samples_batches: bool = False


@dataclass(eq=False)
class Plan:
    """Properties of a training at its beginning.

    Attributes:
        model: the Keras model.
        optimizers: the optimisers that update it; None for those that are its attributes.
        loss: the loss by its name; None if it is unknown.
        loss_function: (x, y, prediction) -> the mean loss; None if it is unknown.
        own_loss: the loss as it was given to Keras, or to the Watch.
        epochs, initial_epoch: as in `model.fit`.
        steps_per_epoch: batches in an epoch; None if it is unknown.
        has_metrics: True if the model computes metrics that it was compiled with.
        is_fit: True if Keras's own step trains the model.
        fit: identifies the call of `fit`, the same for all of its callbacks; None for a loop of the user's own.
    """

    model: Any
    optimizers: list[Any] | None = None
    loss: ExternalLoss | None = None
    loss_function: Callable[[Any, Any, Any], Any] | None = None
    own_loss: Any = None
    epochs: int = 1
    initial_epoch: int = 0
    steps_per_epoch: int | None = None
    batch_size: int | None = None
    has_metrics: bool = False
    is_fit: bool = True
    fit: object = None
