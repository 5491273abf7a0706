"""Convolutions of each channel by itself, and separable convolutions, which mix the channels afterwards."""

import math
from typing import Literal

from pydantic import Field, model_validator

from gradlab.vocabulary.activations import Activation, Linear
from gradlab.vocabulary.constraints import Constraint
from gradlab.vocabulary.initializers import GlorotUniform, Initializer, Zeros
from gradlab.vocabulary.layers.convolution import POSITIONS, Pair, Size, Sliding, check_dilation, positions
from gradlab.vocabulary.layers.layer import Shape, expect_rank
from gradlab.vocabulary.regularizers import Regularizer


class Depthwise(Sliding):
    """A layer with a kernel for each channel, which slides over positions."""

    depth_multiplier: int = Field(default=1, ge=1, le=1000)
    """Number of kernels for each channel, with an output channel each."""
    activation: Activation = Linear()
    """Activation, applied to the result + bias."""
    use_bias: bool = True
    """Add a bias to each output channel."""
    depthwise_initializer: Initializer = GlorotUniform()
    """Initialiser of the kernels of each channel."""
    bias_initializer: Initializer = Zeros()
    """Initialiser of the bias."""
    depthwise_regularizer: Regularizer | None = None
    """Penalty on the kernels of each channel, added to the loss; none by default."""
    bias_regularizer: Regularizer | None = None
    """Penalty on the bias, added to the loss; none by default."""
    depthwise_constraint: Constraint | None = None
    """Constraint on the kernels of each channel, applied after every update; none by default."""
    bias_constraint: Constraint | None = None
    """Constraint on the bias, applied after every update; none by default."""

    @model_validator(mode="after")
    def _check_strides(self) -> "Depthwise":
        check_dilation(self)
        strides = self.sizes("strides")
        if len({*strides}) > 1:
            raise ValueError(f"equal strides along both axes, as TensorFlow's depthwise kernels need, not {strides}")
        return self

    @property
    def function(self) -> Activation:
        return self.activation

    def rule_group(self, tensor: str) -> str:
        return "depthwise" if tensor == "kernel" else tensor.removesuffix("_kernel")

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, *POSITIONS[self.axes], "channels")
        return (*positions(self, shape), self.output_channels(shape[-1] * self.depth_multiplier))

    def output_channels(self, channels: int) -> int:
        """Return the number of output channels, of `channels` that the kernels of each channel make."""
        return channels

    def depthwise_kernel(self, shape: Shape) -> Shape:
        """Return the shape of the kernels of each channel."""
        return *self.sizes("kernel_size"), shape[-1], self.depth_multiplier

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        kernel = {"kernel": self.depthwise_kernel(shape)}
        return kernel | {"bias": (shape[-1] * self.depth_multiplier,)} if self.use_bias else kernel

    def operations(self, shape: Shape) -> float:
        return math.prod(self.output_shape(shape)[:-1]) * super().operations(shape)


class DepthwiseConv1D(Depthwise):
    """activation(kernel ∗ x + bias) over time, each channel by itself; (time, channels) -> (time', channels')."""

    kind: Literal["depthwise_conv1d"] = "depthwise_conv1d"
    kernel_size: Size
    """Time steps that the kernel covers."""
    strides: Size = 1
    """Time steps from one position to the next."""
    padding: Literal["valid", "same"] = "valid"
    """valid: only where the kernel fits; same: zeros at both ends."""
    dilation_rate: Size = 1
    """Distance between the time steps that the kernel covers."""
    axes = 1


class DepthwiseConv2D(Depthwise):
    """activation(kernel ∗ x + bias) over an image, each channel by itself; (height, width, channels) -> (...)."""

    kind: Literal["depthwise_conv2d"] = "depthwise_conv2d"
    kernel_size: Size | Pair
    """Height and width of the kernel."""
    strides: Size | Pair = 1
    """Pixels from one position to the next, the same along both axes."""
    padding: Literal["valid", "same"] = "valid"
    """valid: only where the kernel fits; same: zeros around the image."""
    dilation_rate: Size | Pair = 1
    """Distance between the pixels that the kernel covers."""
    axes = 2


class Separable(Depthwise):
    """A depthwise convolution, then one that mixes the channels at each position (Chollet 2017)."""

    filters: int = Field(ge=1, le=100_000)
    """Number of output channels."""
    pointwise_initializer: Initializer = GlorotUniform()
    """Initialiser of the kernel that mixes the channels."""
    pointwise_regularizer: Regularizer | None = None
    """Penalty on the kernel that mixes the channels, added to the loss; none by default."""
    pointwise_constraint: Constraint | None = None
    """Constraint on the kernel that mixes the channels, applied after every update; none by default."""

    def output_channels(self, channels: int) -> int:
        return self.filters

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        mixing = (*(1,) * self.axes, shape[-1] * self.depth_multiplier, self.filters)
        tensors: dict[str, Shape] = {"depthwise_kernel": self.depthwise_kernel(shape), "pointwise_kernel": mixing}
        return tensors | {"bias": (self.filters,)} if self.use_bias else tensors


class SeparableConv1D(Separable):
    """activation(pointwise ∗ (depthwise ∗ x) + bias) over time, (time, channels) -> (time', filters)."""

    kind: Literal["separable_conv1d"] = "separable_conv1d"
    kernel_size: Size
    """Time steps that the kernel covers."""
    strides: Size = 1
    """Time steps from one position to the next."""
    padding: Literal["valid", "same"] = "valid"
    """valid: only where the kernel fits; same: zeros at both ends."""
    dilation_rate: Size = 1
    """Distance between the time steps that the kernel covers."""
    axes = 1


class SeparableConv2D(Separable):
    """activation(pointwise ∗ (depthwise ∗ x) + bias) over an image, (height, width, channels) -> (..., filters)."""

    kind: Literal["separable_conv2d"] = "separable_conv2d"
    kernel_size: Size | Pair
    """Height and width of the kernel."""
    strides: Size | Pair = 1
    """Pixels from one position to the next, the same along both axes."""
    padding: Literal["valid", "same"] = "valid"
    """valid: only where the kernel fits; same: zeros around the image."""
    dilation_rate: Size | Pair = 1
    """Distance between the pixels that the kernel covers."""
    axes = 2
