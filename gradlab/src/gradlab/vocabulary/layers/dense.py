"""Layers of fully connected networks."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from gradlab.vocabulary.activations import Activation, Linear
from gradlab.vocabulary.layers.activation import Activating
from gradlab.vocabulary.layers.layer import Shape, ShapeMismatch, expect_suited
from gradlab.vocabulary.layers.weighted import WeightedLayer


class Dense(WeightedLayer):
    """Fully connected: activation(x·kernel + bias) over the last axis, (..., n) -> (..., units)."""

    kind: Literal["dense"] = "dense"
    units: int = Field(ge=1, le=1_000_000)
    """Number of output units."""
    activation: Activation = Linear()
    """Activation, applied to x·kernel + bias."""

    vectorizes = True

    def output_shape(self, shape: Shape) -> Shape:
        if not shape:
            raise ShapeMismatch("inputs with at least one axis", str(shape))
        expect_suited(self, shape)
        return (*shape[:-1], self.units)

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        tensors: dict[str, Shape] = {"kernel": (shape[-1], self.units)}
        return tensors | {"bias": (self.units,)} if self.use_bias else tensors

    def draw(self, keras: Any, shape: Shape, seeds: Iterator[int]) -> list[Any]:
        rules = [rule.build(keras, next(seeds)) for rule in (self.kernel_initializer, self.bias_initializer)]
        # Without a bias its rule is left over.
        return [rule(size, dtype="float32") for rule, size in zip(rules, self.parameters(shape).values(), strict=False)]

    def operations(self, shape: Shape) -> float:
        positions = 1.0
        for size in shape[:-1]:
            positions *= size
        return positions * super().operations(shape)

    @property
    def function(self) -> Activation:
        return self.activation


class ActivationLayer(Activating):
    """An activation as a layer of its own, for example after batch normalisation."""

    kind: Literal["activation"] = "activation"
    keras_name = "Activation"
    activation: Activation
    """The activation function."""

    @property
    def function(self) -> Activation:
        return self.activation
