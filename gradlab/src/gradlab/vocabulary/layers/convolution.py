"""Convolutions over time and over images, channels last."""

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from gradlab.vocabulary.activations import Activation, Linear
from gradlab.vocabulary.layers.layer import Shape, ShapeMismatch, expect_rank
from gradlab.vocabulary.layers.weighted import WeightedLayer

Size = Annotated[int, Field(ge=1, le=1000)]
Pair = Annotated[tuple[Size, Size], Field(strict=False)]


def along(size: int, kernel: int, stride: int, padding: str, dilation: int = 1) -> int:
    """Return the number of positions of a window of `kernel` along an axis of `size`.

    Raises:
        ShapeMismatch: the window does not fit.
    """
    if padding != "valid":
        return -(-size // stride)
    reach = dilation * (kernel - 1) + 1
    if reach > size:
        raise ShapeMismatch(f"at least {reach} positions along each axis, for padding valid", str(size))
    return (size - reach) // stride + 1


def pair(size: int | tuple[int, int]) -> tuple[int, int]:
    """Return the sizes along two axes, from one size for both or a pair."""
    return (size, size) if isinstance(size, int) else size


class Convolution(WeightedLayer):
    """A layer whose kernel slides over positions."""

    filters: int = Field(ge=1, le=100_000)
    """Number of output channels."""
    activation: Activation = Linear()
    """Activation, applied to the convolution + bias."""

    @property
    def function(self) -> Activation:
        return self.activation

    def operations(self, shape: Shape) -> float:
        return math.prod(self.output_shape(shape)[:-1]) * super().operations(shape)

    def arguments(self, keras: Any, seeds: Iterator[int], *fields: str) -> dict[str, Any]:
        """Return Keras's arguments: those of the weights, and the values of `fields`."""
        named = {field: getattr(self, field) for field in ("filters", "kernel_size", "strides", "padding", *fields)}
        return {**named, "activation": self.activation.build(keras), **self.weight_arguments(keras, seeds)}


class Conv1D(Convolution):
    """activation(kernel ∗ x + bias) over time, (time, channels) -> (time', filters)."""

    kind: Literal["conv1d"] = "conv1d"
    kernel_size: Size
    """Time steps that the kernel covers."""
    strides: Size = 1
    """Time steps from one position to the next."""
    padding: Literal["valid", "same", "causal"] = "valid"
    """valid: only where the kernel fits; same: zeros at both ends; causal: zeros before the beginning."""
    dilation_rate: Size = 1
    """Distance between the time steps that the kernel covers."""

    @model_validator(mode="after")
    def _check_dilation(self) -> "Conv1D":
        if self.strides > 1 and self.dilation_rate > 1:
            raise ValueError("strides of 1 or a dilation_rate of 1: Keras has no convolution with both above 1")
        return self

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, "time", "channels")
        return along(shape[0], self.kernel_size, self.strides, self.padding, self.dilation_rate), self.filters

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        tensors: dict[str, Shape] = {"kernel": (self.kernel_size, shape[-1], self.filters)}
        return tensors | {"bias": (self.filters,)} if self.use_bias else tensors

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        return keras.layers.Conv1D(name=name, **self.arguments(keras, seeds, "dilation_rate"))


class Conv2D(Convolution):
    """activation(kernel ∗ x + bias) over an image, (height, width, channels) -> (height', width', filters)."""

    kind: Literal["conv2d"] = "conv2d"
    kernel_size: Size | Pair
    """Height and width of the kernel."""
    strides: Size | Pair = 1
    """Pixels from one position to the next."""
    padding: Literal["valid", "same"] = "valid"
    """valid: only where the kernel fits; same: zeros around the image."""

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, "height", "width", "channels")
        sizes = zip(shape, pair(self.kernel_size), pair(self.strides), strict=False)
        return (*(along(size, kernel, stride, self.padding) for size, kernel, stride in sizes), self.filters)

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        tensors: dict[str, Shape] = {"kernel": (*pair(self.kernel_size), shape[-1], self.filters)}
        return tensors | {"bias": (self.filters,)} if self.use_bias else tensors

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        return keras.layers.Conv2D(name=name, **self.arguments(keras, seeds))
