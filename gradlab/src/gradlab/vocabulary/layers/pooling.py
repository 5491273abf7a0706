"""Pooling layers, and layers that only change the shape."""

import math
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from gradlab.vocabulary.layers.convolution import Pair, Size, along, pair
from gradlab.vocabulary.layers.layer import LayerSpec, Shape, ShapeMismatch, expect_rank


class Pooling(LayerSpec):
    """A layer that reduces each window of positions to one number per channel."""

    keras_name: ClassVar[str]
    padding: Literal["valid", "same"] = "valid"
    """valid: only positions where the window fits; same: the last window may reach beyond the end."""

    def operations(self, shape: Shape) -> float:
        return float(math.prod(shape))

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        fields = {field: getattr(self, field) for field in ("pool_size", "strides", "padding")}
        return getattr(keras.layers, self.keras_name)(name=name, **fields)


class Pooling1D(Pooling):
    """Pooling over time, (time, channels) -> (time', channels)."""

    pool_size: Size = 2
    """Time steps in a window."""
    strides: Size | None = None
    """Time steps from one window to the next; the window's length by default."""

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, "time", "channels")
        return along(shape[0], self.pool_size, self.strides or self.pool_size, self.padding), shape[1]


class Pooling2D(Pooling):
    """Pooling over an image, (height, width, channels) -> (height', width', channels)."""

    pool_size: Size | Pair = 2
    """Height and width of a window."""
    strides: Size | Pair | None = None
    """Pixels from one window to the next; the window's size by default."""

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, "height", "width", "channels")
        sizes = zip(shape, pair(self.pool_size), pair(self.strides or self.pool_size), strict=False)
        return (*(along(size, window, stride, self.padding) for size, window, stride in sizes), shape[2])


class MaxPooling1D(Pooling1D):
    """Maximum of each window of time steps, (time, channels) -> (time', channels)."""

    kind: Literal["max_pooling1d"] = "max_pooling1d"
    keras_name = "MaxPooling1D"


class AveragePooling1D(Pooling1D):
    """Mean of each window of time steps, (time, channels) -> (time', channels)."""

    kind: Literal["average_pooling1d"] = "average_pooling1d"
    keras_name = "AveragePooling1D"


class MaxPooling2D(Pooling2D):
    """Maximum of each window of pixels, (height, width, channels) -> (height', width', channels)."""

    kind: Literal["max_pooling2d"] = "max_pooling2d"
    keras_name = "MaxPooling2D"


class AveragePooling2D(Pooling2D):
    """Mean of each window of pixels, (height, width, channels) -> (height', width', channels)."""

    kind: Literal["average_pooling2d"] = "average_pooling2d"
    keras_name = "AveragePooling2D"


class GlobalPooling(LayerSpec):
    """A layer that reduces all positions to one number per channel."""

    keras_name: ClassVar[str]
    axes: ClassVar[tuple[str, ...]]

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, *self.axes)
        return (shape[-1],)

    def operations(self, shape: Shape) -> float:
        return float(math.prod(shape))

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        return getattr(keras.layers, self.keras_name)(name=name)


class GlobalMaxPooling1D(GlobalPooling):
    """Maximum over all time steps, (time, channels) -> (channels,)."""

    kind: Literal["global_max_pooling1d"] = "global_max_pooling1d"
    keras_name = "GlobalMaxPooling1D"
    axes = ("time", "channels")


class GlobalAveragePooling1D(GlobalPooling):
    """Mean over all time steps, (time, channels) -> (channels,)."""

    kind: Literal["global_average_pooling1d"] = "global_average_pooling1d"
    keras_name = "GlobalAveragePooling1D"
    axes = ("time", "channels")


class GlobalMaxPooling2D(GlobalPooling):
    """Maximum over the whole image, (height, width, channels) -> (channels,)."""

    kind: Literal["global_max_pooling2d"] = "global_max_pooling2d"
    keras_name = "GlobalMaxPooling2D"
    axes = ("height", "width", "channels")


class GlobalAveragePooling2D(GlobalPooling):
    """Mean over the whole image, (height, width, channels) -> (channels,)."""

    kind: Literal["global_average_pooling2d"] = "global_average_pooling2d"
    keras_name = "GlobalAveragePooling2D"
    axes = ("height", "width", "channels")


class Flatten(LayerSpec):
    """All numbers of a sample in one axis, (...,) -> (n,)."""

    kind: Literal["flatten"] = "flatten"
    vectorizes = True

    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        return keras.layers.Flatten(name=name)


class Reshape(LayerSpec):
    """The same numbers in another shape."""

    kind: Literal["reshape"] = "reshape"
    target_shape: Annotated[
        tuple[Annotated[int, Field(ge=1, le=10_000_000)], ...], Field(strict=False, min_length=1, max_length=4)
    ]
    """The output's shape, without the batch axis."""

    def output_shape(self, shape: Shape) -> Shape:
        if math.prod(shape) != math.prod(self.target_shape):
            count = math.prod(self.target_shape)
            raise ShapeMismatch(f"{count} numbers to make {self.target_shape}", f"{math.prod(shape)}, of shape {shape}")
        return self.target_shape

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        return keras.layers.Reshape(self.target_shape, name=name)
