"""Pooling layers, and layers that only change the shape."""

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from gradlab.vocabulary.layers.convolution import POSITIONS, Pair, Size, Triple, along, sizes_along
from gradlab.vocabulary.layers.layer import LayerSpec, Shape, ShapeMismatch, expect_rank


class Pooling(LayerSpec):
    """A layer that reduces each window of positions to one number per channel."""

    padding: Literal["valid", "same"] = "valid"
    """valid: only positions where the window fits; same: the last window may reach beyond the end."""

    axes: ClassVar[int]

    if TYPE_CHECKING:  # fields of each kind, of their own types
        pool_size: int | tuple[int, ...]
        strides: int | tuple[int, ...] | None

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, *POSITIONS[self.axes], "channels")
        windows = sizes_along(self.pool_size, self.axes)
        strides = sizes_along(self.strides or self.pool_size, self.axes)
        ways = zip(shape, windows, strides, strict=False)
        return *(along(size, window, stride, self.padding) for size, window, stride in ways), shape[-1]

    def operations(self, shape: Shape) -> float:
        return float(math.prod(shape))


class Pooling1D(Pooling):
    """Pooling over time, (time, channels) -> (time', channels)."""

    pool_size: Size = 2
    """Time steps in a window."""
    strides: Size | None = None
    """Time steps from one window to the next; the window's length by default."""
    axes = 1


class Pooling2D(Pooling):
    """Pooling over an image, (height, width, channels) -> (height', width', channels)."""

    pool_size: Size | Pair = 2
    """Height and width of a window."""
    strides: Size | Pair | None = None
    """Pixels from one window to the next; the window's size by default."""
    axes = 2


class Pooling3D(Pooling):
    """Pooling over a volume, (depth, height, width, channels) -> (depth', height', width', channels)."""

    pool_size: Size | Triple = 2
    """Depth, height and width of a window."""
    strides: Size | Triple | None = None
    """Voxels from one window to the next; the window's size by default."""
    axes = 3


class MaxPooling1D(Pooling1D):
    """Maximum of each window of time steps, (time, channels) -> (time', channels)."""

    kind: Literal["max_pooling1d"] = "max_pooling1d"


class AveragePooling1D(Pooling1D):
    """Mean of each window of time steps, (time, channels) -> (time', channels)."""

    kind: Literal["average_pooling1d"] = "average_pooling1d"


class MaxPooling2D(Pooling2D):
    """Maximum of each window of pixels, (height, width, channels) -> (height', width', channels)."""

    kind: Literal["max_pooling2d"] = "max_pooling2d"


class AveragePooling2D(Pooling2D):
    """Mean of each window of pixels, (height, width, channels) -> (height', width', channels)."""

    kind: Literal["average_pooling2d"] = "average_pooling2d"


class MaxPooling3D(Pooling3D):
    """Maximum of each window of voxels, (depth, height, width, channels) -> (depth', height', width', channels)."""

    kind: Literal["max_pooling3d"] = "max_pooling3d"


class AveragePooling3D(Pooling3D):
    """Mean of each window of voxels, (depth, height, width, channels) -> (depth', height', width', channels)."""

    kind: Literal["average_pooling3d"] = "average_pooling3d"


class GlobalPooling(LayerSpec):
    """A layer that reduces all positions to one number per channel."""

    axes: ClassVar[tuple[str, ...]]

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, *self.axes)
        return (shape[-1],)

    def operations(self, shape: Shape) -> float:
        return float(math.prod(shape))


class GlobalMaxPooling1D(GlobalPooling):
    """Maximum over all time steps, (time, channels) -> (channels,)."""

    kind: Literal["global_max_pooling1d"] = "global_max_pooling1d"
    axes = ("time", "channels")


class GlobalAveragePooling1D(GlobalPooling):
    """Mean over all time steps, (time, channels) -> (channels,)."""

    kind: Literal["global_average_pooling1d"] = "global_average_pooling1d"
    axes = ("time", "channels")


class GlobalMaxPooling2D(GlobalPooling):
    """Maximum over the whole image, (height, width, channels) -> (channels,)."""

    kind: Literal["global_max_pooling2d"] = "global_max_pooling2d"
    axes = ("height", "width", "channels")


class GlobalAveragePooling2D(GlobalPooling):
    """Mean over the whole image, (height, width, channels) -> (channels,)."""

    kind: Literal["global_average_pooling2d"] = "global_average_pooling2d"
    axes = ("height", "width", "channels")


class GlobalMaxPooling3D(GlobalPooling):
    """Maximum over the whole volume, (depth, height, width, channels) -> (channels,)."""

    kind: Literal["global_max_pooling3d"] = "global_max_pooling3d"
    axes = ("depth", "height", "width", "channels")


class GlobalAveragePooling3D(GlobalPooling):
    """Mean over the whole volume, (depth, height, width, channels) -> (channels,)."""

    kind: Literal["global_average_pooling3d"] = "global_average_pooling3d"
    axes = ("depth", "height", "width", "channels")


class Flatten(LayerSpec):
    """All numbers of a sample in one axis, (...,) -> (n,)."""

    kind: Literal["flatten"] = "flatten"
    vectorizes = True

    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)


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
