"""Layers that apply random changes to their inputs while training."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from gradlab.frozen import Tightened
from gradlab.vocabulary.layers.layer import LayerSpec, Shape, expect_rank, keras_arguments


class Disturbance(LayerSpec):
    """A layer that draws random numbers while training."""

    def state_size(self, shape: Shape) -> int:
        return 2  # the two words of Keras's seed generator

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        arguments = keras_arguments(self, keras, seeds)
        return getattr(keras.layers, self.keras_class())(seed=next(seeds), name=name, **arguments)

    def call(self, layer: Any, x: Any, training: bool) -> Any:
        return layer(x, training=training)


class Dropout(Disturbance):
    """Set a random share of the inputs to zero while training, and scale up the rest (Srivastava et al. 2014)."""

    kind: Literal["dropout"] = "dropout"
    rate: float = Field(ge=0, lt=1)
    """The share of inputs that is set to zero."""

    def state_size(self, shape: Shape) -> int:
        return 2 if self.rate else 0  # a rate of 0 draws nothing, and Keras makes no generator


class GaussianNoise(Disturbance):
    """Add normal noise of mean 0 to the inputs while training."""

    kind: Literal["gaussian_noise"] = "gaussian_noise"
    stddev: Annotated[float, Field(ge=0, le=1), Tightened]
    """Standard deviation of the noise; at most 1, Keras's own bound."""

    def state_size(self, shape: Shape) -> int:
        return 2 if self.stddev else 0


class Dropping(Disturbance):
    """A layer whose random changes have a rate."""

    rate: float = Field(ge=0, lt=1)
    """The share of the inputs that is changed, or what stands for it."""

    def state_size(self, shape: Shape) -> int:
        return 2 if self.rate else 0


class AlphaDropout(Dropping):
    """Set a random share of the inputs to selu's lowest value while training; mean and variance stay the same.

    It belongs behind selu (Klambauer et al. 2017).
    """

    kind: Literal["alpha_dropout"] = "alpha_dropout"


class GaussianDropout(Dropping):
    """Multiply the inputs by normal noise of mean 1 and variance rate/(1 − rate) while training (Srivastava 2014)."""

    kind: Literal["gaussian_dropout"] = "gaussian_dropout"


class SpatialDropout(Dropping):
    """A dropout that sets a random share of the channels to zero, each at all positions (Tompson et al. 2014)."""

    axes: ClassVar[tuple[str, ...]]

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, *self.axes)
        return shape


class SpatialDropout1D(SpatialDropout):
    """Set a random share of the channels to zero at all time steps while training (Tompson et al. 2014)."""

    kind: Literal["spatial_dropout1d"] = "spatial_dropout1d"
    axes = ("time", "channels")


class SpatialDropout2D(SpatialDropout):
    """Set a random share of the channels to zero in the whole image while training (Tompson et al. 2014)."""

    kind: Literal["spatial_dropout2d"] = "spatial_dropout2d"
    axes = ("height", "width", "channels")


class SpatialDropout3D(SpatialDropout):
    """Set a random share of the channels to zero in the whole volume while training (Tompson et al. 2014)."""

    kind: Literal["spatial_dropout3d"] = "spatial_dropout3d"
    axes = ("depth", "height", "width", "channels")
