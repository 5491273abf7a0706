"""Layers that are an activation by themselves."""

from typing import Literal

from pydantic import Field

from gradlab.vocabulary import activations
from gradlab.vocabulary.activations import ActivationFunction
from gradlab.vocabulary.constraints import Constraint
from gradlab.vocabulary.initializers import Initializer, Zeros
from gradlab.vocabulary.layers.layer import AxisNumber, LayerSpec, Shape, ShapeMismatch
from gradlab.vocabulary.regularizers import Regularizer


class Activating(LayerSpec):
    """A layer that applies an activation and does nothing else."""

    vectorizes = True

    def watched(self, shape: Shape) -> Shape:
        return shape


class ReLULayer(Activating):
    """max(x, 0), with optional parameters: a slope below a threshold, and a maximum."""

    kind: Literal["relu"] = "relu"
    keras_name = "ReLU"
    max_value: float | None = Field(default=None, gt=0, le=1e6)
    """Maximum of the output; none by default."""
    negative_slope: float = Field(default=0.0, ge=0, le=100)
    """Slope for values below the threshold."""
    threshold: float = Field(default=0.0, ge=0, le=1e6)
    """The input below which the output is negative_slope·(x − threshold)."""

    @property
    def function(self) -> ActivationFunction:
        return activations.Relu(negative_slope=self.negative_slope, max_value=self.max_value, threshold=self.threshold)


class LeakyReLULayer(Activating):
    """x if x > 0, else negative_slope·x (Maas et al. 2013)."""

    kind: Literal["leaky_relu"] = "leaky_relu"
    keras_name = "LeakyReLU"
    negative_slope: float = Field(default=0.3, ge=0, le=100)
    """Slope below zero. Keras's layer has another default than its activation."""

    @property
    def function(self) -> ActivationFunction:
        return activations.LeakyRelu(negative_slope=self.negative_slope)


class ELULayer(Activating):
    """x if x > 0, else alpha·(eˣ − 1) (Clevert et al. 2015)."""

    kind: Literal["elu"] = "elu"
    keras_name = "ELU"
    alpha: float = Field(default=1.0, gt=0, le=1e6)
    """The output approaches −alpha for very negative inputs."""

    @property
    def function(self) -> ActivationFunction:
        return activations.Elu(alpha=self.alpha)


class SoftmaxLayer(Activating):
    """eˣⁱ/Σⱼeˣʲ over the units: a probability per class."""

    kind: Literal["softmax"] = "softmax"
    keras_name = "Softmax"
    axis: Literal[-1] = -1
    """The axis of the sum: the last one, of the units."""

    @property
    def function(self) -> ActivationFunction:
        return activations.Softmax()


class PReLU(LayerSpec):
    """x if x > 0, else alpha·x, with a learnt alpha for each unit (He et al. 2015)."""

    kind: Literal["prelu"] = "prelu"
    alpha_initializer: Initializer = Zeros()
    """Initialiser of the slopes below zero."""
    alpha_regularizer: Regularizer | None = None
    """Penalty on the slopes, added to the loss; none by default."""
    alpha_constraint: Constraint | None = None
    """Constraint on the slopes, applied after every update; none by default."""
    shared_axes: tuple[AxisNumber, ...] | None = Field(default=None, strict=False, min_length=1, max_length=4)
    """Axes along which all units share a slope, counted from 1; (1, 2) for one slope a channel of an image."""

    vectorizes = True

    def output_shape(self, shape: Shape) -> Shape:
        if any(not 1 <= axis <= len(shape) for axis in self.shared_axes or ()):
            raise ShapeMismatch(f"inputs with all of the axes {self.shared_axes}, counted from 1", str(shape))
        return shape

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        shared = self.shared_axes or ()
        return {"alpha": tuple(1 if axis in shared else size for axis, size in enumerate(shape, start=1))}
