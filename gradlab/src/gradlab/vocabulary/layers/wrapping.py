"""Layers at each time step: a mark of the steps that count, one layer for all steps, convolutions with a state."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator, model_validator

from gradlab.vocabulary.activations import Activation, Sigmoid, Tanh
from gradlab.vocabulary.constraints import Constraint
from gradlab.vocabulary.initializers import Initializer, Orthogonal
from gradlab.vocabulary.layers.attention import Heads
from gradlab.vocabulary.layers.convolution import POSITIONS, Pair, Size, Sliding, check_dilation, positions
from gradlab.vocabulary.layers.layer import LayerSpec, Shape, ShapeMismatch, expect_rank, keras_arguments
from gradlab.vocabulary.layers.merging import Merging
from gradlab.vocabulary.layers.weighted import WeightedLayer
from gradlab.vocabulary.regularizers import Regularizer

if TYPE_CHECKING:
    Layer = LayerSpec  # any kind of layer; resolved when the registry is complete

GATES = 4


class Masking(LayerSpec):
    """Mark time steps whose features all have one value: recurrent layers, attention and means pass them over."""

    kind: Literal["masking"] = "masking"
    mask_value: float = Field(default=0.0, ge=-1e12, le=1e12)
    """The value of all features of a time step that does not count."""

    @property
    def masks(self) -> bool:
        return True

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) < 2:
            raise ShapeMismatch("inputs of shape (time, features)", str(shape))
        return shape


class TimeDistributed(LayerSpec):
    """One layer, with the same weights, at each time step; (time, ...) -> (time, ...)."""

    kind: Literal["time_distributed"] = "time_distributed"
    layer: "Layer"
    """The layer at each time step."""

    @field_validator("layer")
    @classmethod
    def _one_layer(cls, layer: LayerSpec) -> LayerSpec:
        if layer.repeat > 1 or layer.inner or layer.mixes_samples:
            raise ValueError("one layer, with repeat 1, that is no block and whose samples do not depend on each other")
        # Keras's wrapper hands on one tensor, and no mask that the inner layer makes.
        if layer.masks or isinstance(layer, Merging | Heads):
            raise ValueError(f"a layer of one input that makes no mask, not {layer.kind}")
        return layer

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) < 2:
            raise ShapeMismatch("inputs of shape (time, ...), with features at each time step", str(shape))
        return shape[0], *self.layer.output_shape(shape[1:])

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        return self.layer.parameters(shape[1:])

    def state_size(self, shape: Shape) -> int:
        return self.layer.state_size(shape[1:])

    def operations(self, shape: Shape) -> float:
        return shape[0] * self.layer.operations(shape[1:])

    def rule_group(self, tensor: str) -> str:
        return self.layer.rule_group(tensor)

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        return keras.layers.TimeDistributed(self.layer.build(keras, name=f"{name}_layer", seeds=seeds), name=name)

    def call(self, layer: Any, x: Any, training: bool) -> Any:
        return layer(x, training=training)


def at_each_step(layer: LayerSpec) -> LayerSpec:
    """Return the layer that a `TimeDistributed` applies at each time step; any other layer itself."""
    while isinstance(layer, TimeDistributed):
        layer = layer.layer
    return layer


class ConvLSTM(Sliding, WeightedLayer):
    """A cell like an LSTM's whose products are convolutions (Shi et al. 2015)."""

    filters: int = Field(ge=1, le=100_000)
    """Number of channels of the state."""
    activation: Activation = Tanh()
    """Activation of the candidate, and of the cell that is read."""
    recurrent_activation: Activation = Sigmoid()
    """Activation of the gates."""
    recurrent_initializer: Initializer = Orthogonal()
    """Initialiser of the recurrent kernel, from the state to itself."""
    unit_forget_bias: bool = True
    """Initialise the bias of the forget gates to 1 (Jozefowicz et al. 2015)."""
    recurrent_regularizer: Regularizer | None = None
    """Penalty on the recurrent kernel, added to the loss; none by default."""
    recurrent_constraint: Constraint | None = None
    """Constraint on the recurrent kernel, applied after every update; none by default."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the inputs that is dropped while training, the same ones at every time step."""
    recurrent_dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the state that is dropped while training, the same numbers at every time step."""
    return_sequences: bool = False
    """Return the state after every time step, not only after the last one."""
    go_backwards: bool = False
    """Read the sequence from its end."""

    @model_validator(mode="after")
    def _check_strides(self) -> "ConvLSTM":
        check_dilation(self)
        return self

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, "time", *POSITIONS[self.axes], "channels")
        state = (*positions(self, shape[1:]), self.filters)
        return (shape[0], *state) if self.return_sequences else state

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        sizes, width = self.sizes("kernel_size"), GATES * self.filters
        tensors: dict[str, Shape] = {"kernel": (*sizes, shape[-1], width)}
        tensors["recurrent_kernel"] = (*sizes, self.filters, width)
        return tensors | {"bias": (width,)} if self.use_bias else tensors

    def state_size(self, shape: Shape) -> int:
        return 2  # the seed generator of Keras's dropout, which is created also where it is not used

    def operations(self, shape: Shape) -> float:
        places = self.output_shape(shape)[-self.axes - 1 : -1]
        return shape[0] * math.prod(places) * super().operations(shape)

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        arguments = keras_arguments(self, keras, seeds)
        return getattr(keras.layers, type(self).__name__)(seed=next(seeds), name=name, **arguments)

    def call(self, layer: Any, x: Any, training: bool) -> Any:
        return layer(x, training=training)


class ConvLSTM1D(ConvLSTM):
    """A convolutional LSTM over rows, (time, positions, channels) -> (positions', filters)."""

    kind: Literal["conv_lstm1d"] = "conv_lstm1d"
    kernel_size: Size
    """Positions that the kernel covers."""
    strides: Size = 1
    """Positions of the input from one of the state to the next."""
    padding: Literal["valid", "same"] = "valid"
    """Padding of the input's convolution; that of the state is always padded."""
    dilation_rate: Size = 1
    """Distance between the positions that the kernel covers."""
    axes = 1


class ConvLSTM2D(ConvLSTM):
    """A convolutional LSTM over images, (time, height, width, channels) -> (height', width', filters)."""

    kind: Literal["conv_lstm2d"] = "conv_lstm2d"
    kernel_size: Size | Pair
    """Height and width of the kernel."""
    strides: Size | Pair = 1
    """Pixels of the input from one of the state to the next."""
    padding: Literal["valid", "same"] = "valid"
    """Padding of the input's convolution; that of the state is always padded."""
    dilation_rate: Size | Pair = 1
    """Distance between the pixels that the kernel covers."""
    axes = 2
