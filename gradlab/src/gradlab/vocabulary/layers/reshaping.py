"""Layers that move, repeat, cut or pad the numbers of a sample."""

import math
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from gradlab.vocabulary.layers.convolution import POSITIONS, Pair, Size, Triple, sizes_along
from gradlab.vocabulary.layers.layer import AxisNumber, LayerSpec, Shape, ShapeMismatch, expect_rank

Side = Annotated[int, Field(ge=0, le=1000)]
Sides = Annotated[tuple[Side, Side], Field(strict=False)]
TwoSides = Annotated[tuple[Sides, Sides], Field(strict=False)]
ThreeSides = Annotated[tuple[Sides, Sides, Sides], Field(strict=False)]
# One number for both sides of an axis.
TwoWidths = Annotated[tuple[Side, Side], Field(strict=False)]
ThreeWidths = Annotated[tuple[Side, Side, Side], Field(strict=False)]


def both_sides(widths: Any, axes: int) -> tuple[tuple[int, int], ...]:
    """Return the widths before and behind each axis, from one number, one for each axis, or a pair for each axis."""
    if isinstance(widths, int):
        return ((widths, widths),) * axes
    if axes == 1:
        return (tuple(widths),)
    return tuple((each, each) if isinstance(each, int) else tuple(each) for each in widths)


class Rearrangement(LayerSpec):
    """A layer without weights whose outputs are inputs, or zeros."""

    vectorizes = True

    axes: ClassVar[int] = 1
    """Number of axes of positions, before the channels."""

    def operations(self, shape: Shape) -> float:
        return float(math.prod(self.output_shape(shape)))

    def _sides(self, field: str) -> tuple[tuple[int, int], ...]:
        """Return a field's widths before and behind each axis."""
        return both_sides(getattr(self, field), self.axes)


class IdentityLayer(LayerSpec):
    """x: the inputs as they are."""

    kind: Literal["identity"] = "identity"
    keras_name = "Identity"
    vectorizes = True


class Permute(Rearrangement):
    """The axes in another order."""

    kind: Literal["permute"] = "permute"
    dims: Annotated[tuple[AxisNumber, ...], Field(strict=False, min_length=1, max_length=4)]
    """The input's axes in the order of the output, counted from 1."""

    def output_shape(self, shape: Shape) -> Shape:
        if sorted(self.dims) != list(range(1, len(shape) + 1)):
            raise ShapeMismatch(f"inputs with {len(self.dims)} axes, each named once in dims {self.dims}", str(shape))
        return tuple(shape[axis - 1] for axis in self.dims)


class RepeatVector(Rearrangement):
    """The same features at each of n time steps, (features,) -> (n, features)."""

    kind: Literal["repeat_vector"] = "repeat_vector"
    n: int = Field(ge=1, le=100_000)
    """Number of time steps."""

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, "features")
        return self.n, *shape


class Cropping(Rearrangement):
    """A layer that cuts off positions at both ends of each axis."""

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, *POSITIONS[self.axes], "channels")
        cut = self._sides("cropping")
        left = tuple(size - sum(sides) for size, sides in zip(shape, cut, strict=False))
        if min(left) < 1:
            least = tuple(sum(sides) + 1 for sides in cut)
            raise ShapeMismatch(f"at least {least} positions, more than are cut off", str(shape[:-1]))
        return *left, shape[-1]


class Cropping1D(Cropping):
    """Without the first and the last time steps, (time, channels) -> (time', channels)."""

    kind: Literal["cropping1d"] = "cropping1d"
    cropping: Side | Sides = (1, 1)
    """Time steps that are cut off: one number for both ends, or two."""
    axes = 1


class Cropping2D(Cropping):
    """An image without its edges, (height, width, channels) -> (height', width', channels)."""

    kind: Literal["cropping2d"] = "cropping2d"
    cropping: Side | TwoWidths | TwoSides = ((0, 0), (0, 0))
    """Pixels that are cut off: one number, one for each axis, or a pair for each axis."""
    axes = 2


class Cropping3D(Cropping):
    """A volume without its edges, (depth, height, width, channels) -> (depth', height', width', channels)."""

    kind: Literal["cropping3d"] = "cropping3d"
    cropping: Side | ThreeWidths | ThreeSides = ((1, 1), (1, 1), (1, 1))
    """Voxels that are cut off: one number, one for each axis, or a pair for each axis."""
    axes = 3


class ZeroPadding(Rearrangement):
    """A layer that adds zeros at both ends of each axis."""

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, *POSITIONS[self.axes], "channels")
        more = self._sides("padding")
        return *(size + sum(sides) for size, sides in zip(shape, more, strict=False)), shape[-1]


class ZeroPadding1D(ZeroPadding):
    """Zeros before the first and behind the last time step, (time, channels) -> (time', channels)."""

    kind: Literal["zero_padding1d"] = "zero_padding1d"
    padding: Side | Sides = 1
    """Zeros that are added: one number for both ends, or two."""
    axes = 1


class ZeroPadding2D(ZeroPadding):
    """Zeros around an image, (height, width, channels) -> (height', width', channels)."""

    kind: Literal["zero_padding2d"] = "zero_padding2d"
    padding: Side | TwoWidths | TwoSides = (1, 1)
    """Zeros that are added: one number, one for each axis, or a pair for each axis."""
    axes = 2


class ZeroPadding3D(ZeroPadding):
    """Zeros around a volume, (depth, height, width, channels) -> (depth', height', width', channels)."""

    kind: Literal["zero_padding3d"] = "zero_padding3d"
    padding: Side | ThreeWidths | ThreeSides = ((1, 1), (1, 1), (1, 1))
    """Zeros that are added: one number, one for each axis, or a pair for each axis."""
    axes = 3


class UpSampling(Rearrangement):
    """A layer that repeats each position."""

    if TYPE_CHECKING:  # a field of each kind
        size: int | tuple[int, ...]

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, *POSITIONS[self.axes], "channels")
        factors = sizes_along(self.size, self.axes)
        return *(size * factor for size, factor in zip(shape, factors, strict=False)), shape[-1]


class UpSampling1D(UpSampling):
    """Each time step several times, (time, channels) -> (time', channels)."""

    kind: Literal["up_sampling1d"] = "up_sampling1d"
    size: Size = 2
    """Number of times that each step is repeated."""
    axes = 1


class UpSampling2D(UpSampling):
    """A larger image, (height, width, channels) -> (height', width', channels)."""

    kind: Literal["up_sampling2d"] = "up_sampling2d"
    size: Size | Pair = (2, 2)
    """Factors of height and width."""
    interpolation: Literal["nearest", "bilinear"] = "nearest"
    """nearest: each pixel is repeated; bilinear: pixels between are means of their neighbours."""
    axes = 2


class UpSampling3D(UpSampling):
    """Each voxel several times, (depth, height, width, channels) -> (depth', height', width', channels)."""

    kind: Literal["up_sampling3d"] = "up_sampling3d"
    size: Size | Triple = (2, 2, 2)
    """Factors of depth, height and width."""
    axes = 3
