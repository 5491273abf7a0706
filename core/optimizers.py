"""Shelf: optimisers under Keras's names, with its three ways of clipping a gradient.

Formulas and defaults: Keras 3, https://keras.io/api/optimizers/.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from core.frozen import Frozen, one_of

Threshold = Field(default=None, gt=0, le=1e12)


class GradientOptimizer(Frozen):
    """How a gradient becomes an update."""

    kind: str
    keras_name: ClassVar[str]
    clipnorm: float | None = Threshold
    """Each tensor's gradient is scaled down to this L2 norm."""
    clipvalue: float | None = Threshold
    """Each gradient entry is cut to plus or minus this value."""
    global_clipnorm: float | None = Threshold
    """All gradients together are scaled down to this L2 norm (Pascanu et al. 2013)."""

    @model_validator(mode="after")
    def _clips_one_way(self) -> "GradientOptimizer":
        if sum(limit is not None for limit in (self.clipnorm, self.clipvalue, self.global_clipnorm)) > 1:
            raise ValueError("at most one of clipnorm, clipvalue and global_clipnorm")
        return self

    def build(self, keras: Any) -> Any:
        """The Keras optimiser, not yet built for any variables."""
        return getattr(keras.optimizers, self.keras_name)(**self.model_dump(exclude={"kind"}))


class Sgd(GradientOptimizer):
    """w ← w + v with v ← momentum·v − learning_rate·g: stochastic gradient descent."""

    kind: Literal["sgd"] = "sgd"
    keras_name = "SGD"
    learning_rate: float = Field(default=0.01, gt=0, le=1e6)
    """Step size."""
    momentum: float = Field(default=0.0, ge=0, lt=1)
    """Share of the last step kept in this one."""
    nesterov: bool = False
    """Look ahead along the momentum before taking the gradient's step."""


class Adam(GradientOptimizer):
    """Steps of m/(√v + epsilon), m and v running means of g and g², bias-corrected (Kingma & Ba 2014)."""

    kind: Literal["adam"] = "adam"
    keras_name = "Adam"
    learning_rate: float = Field(default=0.001, gt=0, le=1e6)
    """Step size."""
    beta_1: float = Field(default=0.9, ge=0, lt=1)
    """Decay of the running mean of g."""
    beta_2: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the running mean of g²."""
    epsilon: float = Field(default=1e-7, gt=0, le=1)
    """Keeps the division finite."""
    amsgrad: bool = False
    """Divide by the largest v seen so far."""


class AdamW(Adam):
    """Adam with weight decay taken off the weights, not added to the gradient (Loshchilov & Hutter 2019)."""

    kind: Literal["adamw"] = "adamw"  # type: ignore[assignment]
    keras_name = "AdamW"
    weight_decay: float = Field(default=0.004, ge=0, le=1)
    """Share of each weight taken off per step, times the learning rate."""


class RMSprop(GradientOptimizer):
    """Steps of g/√(v + epsilon), v a running mean of g² (Tieleman & Hinton 2012)."""

    kind: Literal["rmsprop"] = "rmsprop"
    keras_name = "RMSprop"
    learning_rate: float = Field(default=0.001, gt=0, le=1e6)
    """Step size."""
    rho: float = Field(default=0.9, ge=0, lt=1)
    """Decay of the running mean of g²."""
    momentum: float = Field(default=0.0, ge=0, lt=1)
    """Share of the last step kept in this one."""
    epsilon: float = Field(default=1e-7, gt=0, le=1)
    """Keeps the division finite."""
    centered: bool = False
    """Divide by the estimated standard deviation instead."""


OPTIMIZERS: tuple[type[GradientOptimizer], ...] = (Sgd, Adam, AdamW, RMSprop)

Optimizer = one_of(OPTIMIZERS)
