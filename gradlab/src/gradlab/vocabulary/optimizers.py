"""Registry of the optimisers, with Keras's names and its three ways of clipping a gradient.

g is the gradient of a mini-batch, w a weight. The formulas hold for each entry of a tensor. Formulas and defaults:
Keras 3, https://keras.io/api/optimizers/.

These optimisers of Keras are left out:
- `Adafactor` and `Muon` compute updates from whole matrices (row and column means; an orthogonalised momentum), and
  `Lamb` scales them by the norms of whole tensors. They would mix the seeds that train side by side in one tensor.
- `Ftrl` is for sparse linear models.
- `ScheduleFreeAdamW` has to exchange its weights before every validation.
- `LossScaleOptimizer`, for half precision, and `MultiOptimizer` with its `OptimizerMap` only wrap other optimisers.

These arguments are left out: moving averages of the weights, loss scaling, and the accumulation of gradients over
several batches.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from gradlab.frozen import Frozen, one_of
from gradlab.vocabulary.schedules import LearningRate, LearningRateSchedule

Threshold = Field(default=None, gt=0, le=1e12)
Epsilon = Field(default=1e-7, gt=0, le=1)
STEP_SIZE = "Step size: a number, or a schedule over the mini-batches."


class GradientOptimizer(Frozen):
    """An optimiser, which computes updates from gradients."""

    kind: str
    keras_name: ClassVar[str]
    side_by_side: ClassVar[bool] = True
    """True if an update, apart from clipping, treats each entry by itself. Several seeds may then share a tensor."""

    learning_rate: LearningRate = Field(default=0.001, description=STEP_SIZE)
    clipnorm: float | None = Threshold
    """Each tensor's gradient is scaled down to this L2 norm."""
    clipvalue: float | None = Threshold
    """Each entry of a gradient is clipped to plus or minus this value."""
    global_clipnorm: float | None = Threshold
    """All gradients together are scaled down to this L2 norm (Pascanu et al. 2013)."""
    weight_decay: float | None = Field(default=None, ge=0, le=1)
    """Share of each weight and bias, times the learning rate, that is subtracted before each update."""

    @model_validator(mode="after")
    def _check_clipping(self) -> "GradientOptimizer":
        if sum(limit is not None for limit in (self.clipnorm, self.clipvalue, self.global_clipnorm)) > 1:
            raise ValueError("at most one of clipnorm, clipvalue and global_clipnorm")
        return self

    @property
    def initial_learning_rate(self) -> float | None:
        """The learning rate if it is constant; None with a schedule."""
        return None if isinstance(self.learning_rate, LearningRateSchedule) else float(self.learning_rate)

    @property
    def unclipped(self) -> Self:
        """A copy without clipping."""
        return self.model_copy(update={"clipnorm": None, "clipvalue": None, "global_clipnorm": None})

    @property
    @abstractmethod
    def slots(self) -> int:
        """Numbers that are kept for each weight from one update to the next."""

    def build(self, keras: Any) -> Any:
        """Build the Keras optimiser with its schedule, not yet for any variables."""
        arguments = self.model_dump(exclude={"kind"})
        if isinstance(self.learning_rate, LearningRateSchedule):
            arguments["learning_rate"] = self.learning_rate.build(keras)
        return getattr(keras.optimizers, self.keras_name)(**arguments)


class Sgd(GradientOptimizer):
    """w ← w + v with v ← momentum·v − learning_rate·g: stochastic gradient descent."""

    kind: Literal["sgd"] = "sgd"
    keras_name = "SGD"
    learning_rate: LearningRate = Field(default=0.01, description=STEP_SIZE)
    momentum: float = Field(default=0.0, ge=0, lt=1)
    """Share of the last step that is added to this one."""
    nesterov: bool = False
    """Use Nesterov momentum: w ← w + momentum·v − learning_rate·g, with the new v (Nesterov 1983)."""

    @property
    def slots(self) -> int:
        return int(self.momentum != 0)


class Adam(GradientOptimizer):
    """Steps of m/(√v + epsilon); m and v are bias-corrected running means of g and g² (Kingma & Ba 2014)."""

    kind: Literal["adam"] = "adam"
    keras_name = "Adam"
    beta_1: float = Field(default=0.9, ge=0, lt=1)
    """Decay of the running mean of g."""
    beta_2: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the running mean of g²."""
    epsilon: float = Epsilon
    """Small constant that keeps the division finite."""
    amsgrad: bool = False
    """Divide by the largest v so far (Reddi et al. 2018)."""

    @property
    def slots(self) -> int:
        return 2 + self.amsgrad


class AdamW(Adam):
    """Adam with decoupled weight decay, subtracted from the weights and not added to g (Loshchilov & Hutter 2019)."""

    kind: Literal["adamw"] = "adamw"  # type: ignore[assignment]
    keras_name = "AdamW"
    weight_decay: float = Field(default=0.004, ge=0, le=1)
    """Share of each weight and bias, times the learning rate, that is subtracted before each update."""


class Nadam(GradientOptimizer):
    """Adam with Nesterov momentum, whose share grows over the steps (Dozat 2016)."""

    kind: Literal["nadam"] = "nadam"
    keras_name = "Nadam"
    beta_1: float = Field(default=0.9, ge=0, lt=1)
    """Decay of the running mean of g."""
    beta_2: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the running mean of g²."""
    epsilon: float = Epsilon
    """Small constant that keeps the division finite."""

    @property
    def slots(self) -> int:
        return 2


class Adamax(GradientOptimizer):
    """Steps of m/(u + epsilon); m is a bias-corrected running mean of g, u ← max(beta_2·u, |g|) (Kingma & Ba 2014)."""

    kind: Literal["adamax"] = "adamax"
    keras_name = "Adamax"
    beta_1: float = Field(default=0.9, ge=0, lt=1)
    """Decay of the running mean of g."""
    beta_2: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the running maximum of |g|."""
    epsilon: float = Epsilon
    """Small constant that keeps the division finite."""

    @property
    def slots(self) -> int:
        return 2


class RMSprop(GradientOptimizer):
    """Steps of g/√(v + epsilon); v is a running mean of g² (Tieleman & Hinton 2012)."""

    kind: Literal["rmsprop"] = "rmsprop"
    keras_name = "RMSprop"
    rho: float = Field(default=0.9, ge=0, lt=1)
    """Decay of the running mean of g²."""
    momentum: float = Field(default=0.0, ge=0, lt=1)
    """Share of the last step that is added to this one."""
    epsilon: float = Epsilon
    """Small constant that keeps the division finite."""
    centered: bool = False
    """Divide by the estimated standard deviation of g instead."""

    @property
    def slots(self) -> int:
        return 1 + (self.momentum > 0) + self.centered


class Adagrad(GradientOptimizer):
    """Steps of g/√(v + epsilon); v is the sum of all g² so far (Duchi et al. 2011)."""

    kind: Literal["adagrad"] = "adagrad"
    keras_name = "Adagrad"
    initial_accumulator_value: float = Field(default=0.1, ge=0, le=1e6)
    """Initial value of the sum."""
    epsilon: float = Epsilon
    """Small constant that keeps the division finite."""

    @property
    def slots(self) -> int:
        return 1


class Adadelta(GradientOptimizer):
    """Steps of g·√(u + epsilon)/√(v + epsilon); u and v are running means of step² and g² (Zeiler 2012)."""

    kind: Literal["adadelta"] = "adadelta"
    keras_name = "Adadelta"
    rho: float = Field(default=0.95, ge=0, lt=1)
    """Decay of the running means."""
    epsilon: float = Epsilon
    """Small constant that keeps the division finite and sets the size of the first steps."""

    @property
    def slots(self) -> int:
        return 2


class Lion(GradientOptimizer):
    """Steps of sign(beta_1·m + (1 − beta_1)·g); m is a running mean of g (Chen et al. 2023). All have one size."""

    kind: Literal["lion"] = "lion"
    keras_name = "Lion"
    beta_1: float = Field(default=0.9, gt=0, lt=1)
    """Share of m in the step."""
    beta_2: float = Field(default=0.99, ge=0, lt=1)
    """Decay of the running mean of g."""

    @property
    def slots(self) -> int:
        return 1


OPTIMIZERS: tuple[type[GradientOptimizer], ...] = (
    Sgd,
    Adam,
    AdamW,
    Nadam,
    Adamax,
    RMSprop,
    Adagrad,
    Adadelta,
    Lion,
)

if TYPE_CHECKING:
    Optimizer = GradientOptimizer
else:
    Optimizer = one_of(OPTIMIZERS)
