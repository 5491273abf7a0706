"""Shelf: optimisers under Keras's names, with its three ways of clipping a gradient.

g is the gradient of a mini-batch, w a weight; everything is done to each entry of a tensor by itself. Formulas and
defaults: Keras 3, https://keras.io/api/optimizers/.

Left out of Keras's: `Adafactor` and `Muon`, whose updates are made of whole matrices (row and column means; an
orthogonalised momentum), and `Lamb`, which scales them by the norms of whole tensors: seeds that train side by side
in one tensor would be mixed; `Ftrl`, made for sparse linear models; `ScheduleFreeAdamW`, whose weights have to be
exchanged before every validation; `LossScaleOptimizer`, for half precision, and `MultiOptimizer` with its
`OptimizerMap`, which only wrap others. Left out of every optimiser's arguments: moving averages of the weights,
loss scaling and the accumulation of gradients over several batches.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from gradlab.frozen import Frozen, one_of
from gradlab.vocabulary.schedules import LearningRate, LearningRateSchedule

Threshold = Field(default=None, gt=0, le=1e12)
Epsilon = Field(default=1e-7, gt=0, le=1)
STEP_SIZE = "Step size: a number, or a schedule over the mini-batches."


class GradientOptimizer(Frozen):
    """How a gradient becomes an update."""

    kind: str
    keras_name: ClassVar[str]
    side_by_side: ClassVar[bool] = True
    """Whether each entry of a tensor is updated by itself, clipping apart, so that several seeds may share a tensor."""

    learning_rate: LearningRate = Field(default=0.001, description=STEP_SIZE)
    clipnorm: float | None = Threshold
    """Each tensor's gradient is scaled down to this L2 norm."""
    clipvalue: float | None = Threshold
    """Each gradient entry is cut to plus or minus this value."""
    global_clipnorm: float | None = Threshold
    """All gradients together are scaled down to this L2 norm (Pascanu et al. 2013)."""
    weight_decay: float | None = Field(default=None, ge=0, le=1)
    """Share of each weight, biases too, taken off before each update, times the learning rate."""

    @model_validator(mode="after")
    def _clips_one_way(self) -> "GradientOptimizer":
        if sum(limit is not None for limit in (self.clipnorm, self.clipvalue, self.global_clipnorm)) > 1:
            raise ValueError("at most one of clipnorm, clipvalue and global_clipnorm")
        return self

    @property
    def initial_learning_rate(self) -> float | None:
        """The learning rate where it stays the same; None with a schedule."""
        return None if isinstance(self.learning_rate, LearningRateSchedule) else float(self.learning_rate)

    @property
    def unclipped(self) -> Self:
        """The same without clipping."""
        return self.model_copy(update={"clipnorm": None, "clipvalue": None, "global_clipnorm": None})

    @property
    def slots(self) -> int:
        """How many numbers are kept for each weight from one update to the next."""
        raise NotImplementedError

    def build(self, keras: Any) -> Any:
        """The Keras optimiser, not yet built for any variables; a schedule is built along with it."""
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
    """Share of the last step kept in this one."""
    nesterov: bool = False
    """Look ahead along the momentum before taking the gradient's step (Nesterov 1983)."""

    @property
    def slots(self) -> int:
        return int(self.momentum != 0)


class Adam(GradientOptimizer):
    """Steps of m/(√v + epsilon), m and v running means of g and g², bias-corrected (Kingma & Ba 2014)."""

    kind: Literal["adam"] = "adam"
    keras_name = "Adam"
    beta_1: float = Field(default=0.9, ge=0, lt=1)
    """Decay of the running mean of g."""
    beta_2: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the running mean of g²."""
    epsilon: float = Epsilon
    """Keeps the division finite."""
    amsgrad: bool = False
    """Divide by the largest v seen so far (Reddi et al. 2018)."""

    @property
    def slots(self) -> int:
        return 2 + self.amsgrad


class AdamW(Adam):
    """Adam with weight decay from the start: taken off the weights, not added to g (Loshchilov & Hutter 2019)."""

    kind: Literal["adamw"] = "adamw"  # type: ignore[assignment]
    keras_name = "AdamW"
    weight_decay: float = Field(default=0.004, ge=0, le=1)
    """Share of each weight, biases too, taken off before each update, times the learning rate."""


class Nadam(GradientOptimizer):
    """Adam that looks ahead along its momentum, m, whose share grows over the steps (Dozat 2016)."""

    kind: Literal["nadam"] = "nadam"
    keras_name = "Nadam"
    beta_1: float = Field(default=0.9, ge=0, lt=1)
    """Decay of the running mean of g."""
    beta_2: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the running mean of g²."""
    epsilon: float = Epsilon
    """Keeps the division finite."""

    @property
    def slots(self) -> int:
        return 2


class Adamax(GradientOptimizer):
    """Steps of m/(u + epsilon), m a bias-corrected running mean of g, u ← max(beta_2·u, |g|) (Kingma & Ba 2014)."""

    kind: Literal["adamax"] = "adamax"
    keras_name = "Adamax"
    beta_1: float = Field(default=0.9, ge=0, lt=1)
    """Decay of the running mean of g."""
    beta_2: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the running maximum of |g|."""
    epsilon: float = Epsilon
    """Keeps the division finite."""

    @property
    def slots(self) -> int:
        return 2


class RMSprop(GradientOptimizer):
    """Steps of g/√(v + epsilon), v a running mean of g² (Tieleman & Hinton 2012)."""

    kind: Literal["rmsprop"] = "rmsprop"
    keras_name = "RMSprop"
    rho: float = Field(default=0.9, ge=0, lt=1)
    """Decay of the running mean of g²."""
    momentum: float = Field(default=0.0, ge=0, lt=1)
    """Share of the last step kept in this one."""
    epsilon: float = Epsilon
    """Keeps the division finite."""
    centered: bool = False
    """Divide by the estimated standard deviation instead."""

    @property
    def slots(self) -> int:
        return 1 + (self.momentum > 0) + self.centered


class Adagrad(GradientOptimizer):
    """Steps of g/√(v + epsilon), v the sum of all g² so far (Duchi et al. 2011)."""

    kind: Literal["adagrad"] = "adagrad"
    keras_name = "Adagrad"
    initial_accumulator_value: float = Field(default=0.1, ge=0, le=1e6)
    """What the sum begins with."""
    epsilon: float = Epsilon
    """Keeps the division finite."""

    @property
    def slots(self) -> int:
        return 1


class Adadelta(GradientOptimizer):
    """Steps of g·√(u + epsilon)/√(v + epsilon), u and v running means of step² and g² (Zeiler 2012)."""

    kind: Literal["adadelta"] = "adadelta"
    keras_name = "Adadelta"
    rho: float = Field(default=0.95, ge=0, lt=1)
    """Decay of the running means."""
    epsilon: float = Epsilon
    """Keeps the division finite, and sets the size of the first steps."""

    @property
    def slots(self) -> int:
        return 2


class Lion(GradientOptimizer):
    """Steps of sign(beta_1·m + (1 − beta_1)·g), m a running mean of g (Chen et al. 2023): all of one size."""

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
