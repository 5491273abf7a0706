"""Convolutions over time, images and volumes, channels last."""

import math
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from gradlab.frozen import added
from gradlab.vocabulary.activations import Activation, Linear
from gradlab.vocabulary.layers.layer import LayerSpec, Shape, ShapeMismatch, expect_rank
from gradlab.vocabulary.layers.weighted import WeightedLayer

Size = Annotated[int, Field(ge=1, le=1000)]
Pair = Annotated[tuple[Size, Size], Field(strict=False)]
Triple = Annotated[tuple[Size, Size, Size], Field(strict=False)]
MAX_GROUPS = 100_000

# Axes of positions before the channels, by their number.
POSITIONS = {1: ("time",), 2: ("height", "width"), 3: ("depth", "height", "width")}


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


def sizes_along(size: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    """Return the sizes along all axes, from one size for all or one for each."""
    return (size,) * axes if isinstance(size, int) else size


def check_dilation(layer: Any) -> None:
    """Raise ValueError if a layer has both strides and a dilation above 1."""
    if largest(layer.strides) > 1 and largest(layer.dilation_rate) > 1:
        raise ValueError("strides of 1 or a dilation_rate of 1: Keras has no convolution with both above 1")


def largest(size: int | tuple[int, ...]) -> int:
    """Return the largest of the sizes along all axes."""
    return size if isinstance(size, int) else max(size)


class Sliding(LayerSpec):
    """A layer whose kernel slides over positions."""

    axes: ClassVar[int]

    if TYPE_CHECKING:  # a field of each kind, of its own type
        padding: str

    def sizes(self, field: str) -> tuple[int, ...]:
        """Return a field's sizes along all axes."""
        return sizes_along(getattr(self, field), self.axes)


def positions(layer: Sliding, shape: Shape) -> Shape:
    """Return the numbers of positions of a kernel with strides and a dilation along the first axes of `shape`.

    Raises:
        ShapeMismatch: the kernel does not fit.
    """
    ways = zip(shape, *map(layer.sizes, ("kernel_size", "strides", "dilation_rate")), strict=False)
    return tuple(along(size, kernel, stride, layer.padding, dilation) for size, kernel, stride, dilation in ways)


class Convolution(Sliding, WeightedLayer):
    """A layer whose kernel, from all channels to each filter, slides over positions."""

    filters: int = Field(ge=1, le=100_000)
    """Number of output channels."""
    activation: Activation = Linear()
    """Activation, applied to the convolution + bias."""

    @property
    def function(self) -> Activation:
        return self.activation

    def operations(self, shape: Shape) -> float:
        return math.prod(self.output_shape(shape)[:-1]) * super().operations(shape)

    def with_bias(self, kernel: Shape) -> dict[str, Shape]:
        """Return the trainable tensors of a layer with a kernel of this shape."""
        return {"kernel": kernel, "bias": (self.filters,)} if self.use_bias else {"kernel": kernel}


class PlainConvolution(Convolution):
    """A convolution from positions to at most as many, perhaps in groups of channels, perhaps dilated."""

    @model_validator(mode="after")
    def _check_strides_and_groups(self) -> "PlainConvolution":
        check_dilation(self)
        if self.filters % self.group_count:
            raise ValueError(f"filters that are a multiple of groups ({self.group_count}), not {self.filters}")
        return self

    @property
    def group_count(self) -> int:
        """The number of groups of channels, a field of each kind."""
        return self.sizes("groups")[0]

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, *POSITIONS[self.axes], "channels")
        if shape[-1] % self.group_count:
            raise ShapeMismatch(f"inputs whose channels are a multiple of groups ({self.group_count})", str(shape))
        return (*positions(self, shape), self.filters)

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        return self.with_bias((*self.sizes("kernel_size"), shape[-1] // self.group_count, self.filters))


class Conv1D(PlainConvolution):
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
    groups: int = added(1, ge=1, le=MAX_GROUPS)
    """Groups of channels; each is convolved with its own share of the filters."""
    axes = 1


class Conv2D(PlainConvolution):
    """activation(kernel ∗ x + bias) over an image, (height, width, channels) -> (height', width', filters)."""

    kind: Literal["conv2d"] = "conv2d"
    kernel_size: Size | Pair
    """Height and width of the kernel."""
    strides: Size | Pair = 1
    """Pixels from one position to the next."""
    padding: Literal["valid", "same"] = "valid"
    """valid: only where the kernel fits; same: zeros around the image."""
    dilation_rate: Size | Pair = added(1)
    """Distance between the pixels that the kernel covers."""
    groups: int = added(1, ge=1, le=MAX_GROUPS)
    """Groups of channels; each is convolved with its own share of the filters."""
    axes = 2


class Conv3D(PlainConvolution):
    """activation(kernel ∗ x + bias) over a volume, (depth, height, width, channels) -> (..., filters)."""

    kind: Literal["conv3d"] = "conv3d"
    kernel_size: Size | Triple
    """Depth, height and width of the kernel."""
    strides: Size | Triple = 1
    """Voxels from one position to the next."""
    padding: Literal["valid", "same"] = "valid"
    """valid: only where the kernel fits; same: zeros around the volume."""
    dilation_rate: Size | Triple = 1
    """Distance between the voxels that the kernel covers."""
    groups: int = Field(default=1, ge=1, le=MAX_GROUPS)
    """Groups of channels; each is convolved with its own share of the filters."""
    axes = 3


class TransposedConvolution(Convolution):
    """A convolution whose gradient is a plain convolution: from positions to more of them (Zeiler et al. 2010)."""

    if TYPE_CHECKING:
        output_padding: int | None

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, *POSITIONS[self.axes], "channels")
        ways = zip(shape, self.sizes("kernel_size"), self.sizes("strides"), strict=False)
        return *(transposed_along(*way, self.output_padding, self.padding) for way in ways), self.filters

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        return self.with_bias((*self.sizes("kernel_size"), self.filters, shape[-1]))

    def operations(self, shape: Shape) -> float:
        return math.prod(shape[:-1]) * math.prod(self.parameters(shape)["kernel"]) + math.prod(self.output_shape(shape))


def transposed_along(size: int, kernel: int, stride: int, more: int | None, padding: str) -> int:
    """Return the number of positions that a transposed convolution makes of `size` along an axis.

    Args:
        size: input positions.
        kernel: positions of the kernel.
        stride: output positions from one input position to the next.
        more: Keras's output_padding; None for its default.
        padding: valid or same.

    Raises:
        ShapeMismatch: no output has these inputs as the places of its kernel.
    """
    if padding == "valid":
        whole = (size - 1) * stride + kernel + (max(0, stride - kernel) if more is None else more)
    else:
        whole = size * stride if more is None else (size - 1) * stride + kernel % 2 + more
    if (more or 0) >= stride or whole < 1 or along(whole, kernel, stride, padding) != size:
        expected = f"an output_padding below strides ({stride}) from which {size} positions follow"
        raise ShapeMismatch(expected, f"output_padding {more}, for {whole} positions")
    return whole


class Conv1DTranspose(TransposedConvolution):
    """activation(bias + the transposed convolution) over time, (time, channels) -> (time·strides or so, filters)."""

    kind: Literal["conv1d_transpose"] = "conv1d_transpose"
    kernel_size: Size
    """Time steps that the kernel covers."""
    strides: Size = 1
    """Time steps of the output from one step of the input to the next."""
    padding: Literal["valid", "same"] = "valid"
    """valid: all that the kernel reaches; same: time·strides steps."""
    output_padding: Annotated[int, Field(ge=0, le=1000)] | None = None
    """Further steps at the end, fewer than `strides`; by default as many as `padding` needs."""
    axes = 1


class Conv2DTranspose(TransposedConvolution):
    """activation(bias + the transposed convolution) over an image, (height, width, channels) -> (..., filters)."""

    kind: Literal["conv2d_transpose"] = "conv2d_transpose"
    kernel_size: Size | Pair
    """Height and width of the kernel."""
    strides: Size | Pair = 1
    """Pixels of the output from one pixel of the input to the next."""
    padding: Literal["valid", "same"] = "valid"
    """valid: all that the kernel reaches; same: the input's size times the strides."""
    output_padding: Annotated[int, Field(ge=0, le=1000)] | None = None
    """Further pixels at the end of each axis, fewer than `strides`; by default as many as `padding` needs."""
    axes = 2


class Conv3DTranspose(TransposedConvolution):
    """activation(bias + the transposed convolution) over a volume, (depth, height, width, channels) -> (...)."""

    kind: Literal["conv3d_transpose"] = "conv3d_transpose"
    kernel_size: Size | Triple
    """Depth, height and width of the kernel."""
    strides: Size | Triple = 1
    """Voxels of the output from one voxel of the input to the next."""
    padding: Literal["valid", "same"] = "valid"
    """valid: all that the kernel reaches; same: the input's size times the strides."""
    output_padding: Annotated[int, Field(ge=0, le=1000)] | None = None
    """Further voxels at the end of each axis, fewer than `strides`; by default as many as `padding` needs."""
    axes = 3
