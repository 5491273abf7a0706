"""Registry of the architectures, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np


@dataclass(frozen=True)
class Architecture:
    """A network in plain Keras.

    Attributes:
        build: makes the model, with new weights.
        refused: the reason that its refusal names; "" for one that is translated.
        tokens: True if its inputs are whole numbers below 50, where 0 stands for nothing.
    """

    build: Callable[[], Any]
    refused: str = ""
    tokens: bool = False

    def model(self) -> Any:
        """The model, with new weights and the names that its layers have in a new process."""
        keras.utils.clear_session()
        return self.build()

    def samples(self, model: Any, count: int = 5) -> list[np.ndarray]:
        """An array of samples for each input of the model."""
        draw = np.random.default_rng(3)
        shapes = [(count, *each.shape[1:]) for each in model.inputs]
        if self.tokens:
            return [draw.integers(0, 50, shape).astype("float32") for shape in shapes]
        return [draw.normal(size=shape).astype("float32") for shape in shapes]


ARCHITECTURES: dict[str, Architecture] = {}


def architecture(build: Callable[[], Any]) -> Callable[[], Any]:
    """Register a network that is translated."""
    ARCHITECTURES[build.__name__] = Architecture(build)
    return build


def of_tokens(build: Callable[[], Any]) -> Callable[[], Any]:
    """Register a network of texts that is translated."""
    ARCHITECTURES[build.__name__] = Architecture(build, tokens=True)
    return build


def refused(reason: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Register a network that is refused, with a part of the reason."""

    def register(build: Callable[[], Any]) -> Callable[[], Any]:
        ARCHITECTURES[build.__name__] = Architecture(build, reason)
        return build

    return register
