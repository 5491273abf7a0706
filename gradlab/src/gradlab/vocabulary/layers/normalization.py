"""Layers that normalise their inputs to mean 0 and variance 1."""

from typing import Any, Literal

from pydantic import Field

from gradlab.vocabulary.constraints import Constraint
from gradlab.vocabulary.initializers import Initializer, Ones, Zeros
from gradlab.vocabulary.layers.layer import LayerSpec, Shape, ShapeMismatch
from gradlab.vocabulary.regularizers import Regularizer


class LearntNormalization(LayerSpec):
    """A layer that normalises its inputs, then applies a learnt factor and a learnt offset."""

    epsilon: float = Field(default=0.001, gt=0, le=1)
    """Added to the variance to keep the division finite."""
    center: bool = True
    """Learn an offset, beta."""
    scale: bool = True
    """Learn a factor, gamma."""
    beta_initializer: Initializer = Zeros()
    """Initialiser of the offset."""
    gamma_initializer: Initializer = Ones()
    """Initialiser of the factor."""

    vectorizes = True

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        learnt = {"gamma": self.scale, "beta": self.center}
        return {parameter: (shape[-1],) for parameter, is_learnt in learnt.items() if is_learnt}


class BatchNormalization(LearntNormalization):
    """gamma·(x − mean)/√(variance + epsilon) + beta over the batch (Ioffe & Szegedy 2015)."""

    kind: Literal["batch_normalization"] = "batch_normalization"
    momentum: float = Field(default=0.99, ge=0, lt=1)
    """Decay of the running mean and variance used outside training."""

    mixes_samples = True

    def averages(self, shape: Shape) -> dict[str, Shape]:
        return {"moving_mean": (shape[-1],), "moving_variance": (shape[-1],)}

    def state_size(self, shape: Shape) -> int:
        return 2 * shape[-1]

    def call(self, layer: Any, x: Any, training: bool) -> Any:
        return layer(x, training=training)


class LayerNormalization(LearntNormalization):
    """gamma·(x − mean)/√(variance + epsilon) + beta over the units of each sample (Ba et al. 2016)."""

    kind: Literal["layer_normalization"] = "layer_normalization"


class GroupNormalization(LearntNormalization):
    """gamma·(x − mean)/√(variance + epsilon) + beta over the positions and a group of channels (Wu & He 2018)."""

    kind: Literal["group_normalization"] = "group_normalization"
    groups: int = Field(default=32, ge=-1, le=100_000)
    """Number of groups of channels, a divisor of the channels; -1 for one channel in each."""
    axis: Literal[-1] = -1
    """The axis of the channels: the last one."""
    beta_regularizer: Regularizer | None = None
    """Penalty on the offset, added to the loss; none by default."""
    gamma_regularizer: Regularizer | None = None
    """Penalty on the factor, added to the loss; none by default."""
    beta_constraint: Constraint | None = None
    """Constraint on the offset, applied after every update; none by default."""
    gamma_constraint: Constraint | None = None
    """Constraint on the factor, applied after every update; none by default."""

    def output_shape(self, shape: Shape) -> Shape:
        if not shape or not self.groups or shape[-1] % self.groups:
            raise ShapeMismatch(f"inputs whose channels are a multiple of groups ({self.groups})", str(shape))
        return shape


class RMSNormalization(LayerSpec):
    """scale·x/√(mean of x² + epsilon) over the units of each sample (Zhang & Sennrich 2019)."""

    kind: Literal["rms_normalization"] = "rms_normalization"
    axis: Literal[-1] = -1
    """The axis of the units: the last one."""
    epsilon: float = Field(default=1e-6, gt=0, le=1)
    """Added to the mean square to keep the division finite."""

    vectorizes = True

    def output_shape(self, shape: Shape) -> Shape:
        if not shape:
            raise ShapeMismatch("inputs with at least one axis", str(shape))
        return shape

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        return {"scale": (shape[-1],)}


class UnitNormalization(LayerSpec):
    """x/|x| over the units of each sample: vectors of length 1."""

    kind: Literal["unit_normalization"] = "unit_normalization"
    axis: Literal[-1] = -1
    """The axis of the units: the last one."""

    vectorizes = True

    def output_shape(self, shape: Shape) -> Shape:
        if not shape:
            raise ShapeMismatch("inputs with at least one axis", str(shape))
        return shape
