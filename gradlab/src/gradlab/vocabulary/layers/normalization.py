"""Layers that normalise their inputs to mean 0 and variance 1."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from gradlab.vocabulary.initializers import Initializer, Ones, Zeros
from gradlab.vocabulary.layers.layer import LayerSpec, Shape


class Normalization(LayerSpec):
    """A layer that normalises its inputs, then applies a learnt factor and a learnt offset."""

    epsilon: float = Field(default=0.001, gt=0, le=1)
    """Added to the variance to keep the division finite."""
    center: bool = True
    """Learn an offset, beta."""
    scale: bool = True
    """Learn a factor, gamma."""
    beta_initializer: Initializer = Zeros()
    """Initialiser of the offset."""
    gamma_initializer: Initializer = Ones()
    """Initialiser of the factor."""

    vectorizes = True

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        learnt = {"gamma": self.scale, "beta": self.center}
        return {parameter: (shape[-1],) for parameter, is_learnt in learnt.items() if is_learnt}

    def arguments(self, keras: Any, seeds: Iterator[int]) -> dict[str, Any]:
        """Return Keras's arguments that all normalisations share."""
        return {
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": self.beta_initializer.build(keras, next(seeds)),
            "gamma_initializer": self.gamma_initializer.build(keras, next(seeds)),
        }


class BatchNormalization(Normalization):
    """gamma·(x − mean)/√(variance + epsilon) + beta over the batch (Ioffe & Szegedy 2015)."""

    kind: Literal["batch_normalization"] = "batch_normalization"
    momentum: float = Field(default=0.99, ge=0, lt=1)
    """Decay of the running mean and variance used outside training."""

    mixes_samples = True

    def state_size(self, shape: Shape) -> int:
        return 2 * shape[-1]

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        arguments = self.arguments(keras, seeds)
        return keras.layers.BatchNormalization(momentum=self.momentum, name=name, **arguments)

    def call(self, layer: Any, x: Any, training: bool) -> Any:
        return layer(x, training=training)


class LayerNormalization(Normalization):
    """gamma·(x − mean)/√(variance + epsilon) + beta over the units of each sample (Ba et al. 2016)."""

    kind: Literal["layer_normalization"] = "layer_normalization"

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        return keras.layers.LayerNormalization(name=name, **self.arguments(keras, seeds))
