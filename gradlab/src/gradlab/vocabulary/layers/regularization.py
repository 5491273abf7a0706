"""Layers that apply random changes to their inputs while training."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from gradlab.frozen import Tightened
from gradlab.vocabulary.layers.layer import LayerSpec, Shape


class Disturbance(LayerSpec):
    """A layer that draws random numbers while training."""

    def state_size(self, shape: Shape) -> int:
        return 2  # the two words of Keras's seed generator

    def call(self, layer: Any, x: Any, training: bool) -> Any:
        return layer(x, training=training)


class Dropout(Disturbance):
    """Set a random share of the inputs to zero while training, and scale up the rest (Srivastava et al. 2014)."""

    kind: Literal["dropout"] = "dropout"
    rate: float = Field(ge=0, lt=1)
    """The share of inputs that is set to zero."""

    def state_size(self, shape: Shape) -> int:
        return 2 if self.rate else 0  # a rate of 0 draws nothing, and Keras makes no generator

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        return keras.layers.Dropout(self.rate, seed=next(seeds), name=name)


class GaussianNoise(Disturbance):
    """Add normal noise of mean 0 to the inputs while training."""

    kind: Literal["gaussian_noise"] = "gaussian_noise"
    stddev: Annotated[float, Field(ge=0, le=1), Tightened]
    """Standard deviation of the noise; at most 1, Keras's own bound."""

    def state_size(self, shape: Shape) -> int:
        return 2 if self.stddev else 0

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        return keras.layers.GaussianNoise(self.stddev, seed=next(seeds), name=name)
