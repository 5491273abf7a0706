"""Registry of the learning-rate schedules, with Keras's names.

t is the number of updates so far, one for each mini-batch. The first update uses the rate at t = 0. An epoch has
⌈training samples / batch_size⌉ updates: with 500 samples in batches of 32 it has 16, so a decay over 50 epochs takes
800 steps. The formulas are evaluated in float32. Formulas and defaults: Keras 3,
https://keras.io/api/optimizers/learning_rate_schedules/.
"""

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, GetPydanticSchema, Tag, model_validator

from gradlab.frozen import Frozen, kind_of, one_of

MAX_STEPS = 1_000_000_000
Steps = Annotated[int, Field(ge=1, le=MAX_STEPS)]
Rate = Annotated[float, Field(gt=0, le=1e6)]
RateOrZero = Annotated[float, Field(ge=0, le=1e6)]


class LearningRateSchedule(Frozen):
    """A learning rate that changes over the mini-batches."""

    kind: str
    keras_name: ClassVar[str]
    divisors: ClassVar[tuple[str, ...]] = ("decay_steps",)
    """Attributes of Keras's object that are divisors in its formula."""

    def build(self, keras: Any) -> Any:
        """Build the Keras schedule. It gives the same rates when compiled by XLA as when run eagerly."""
        return _dividing(keras, self.keras_name, self.divisors)(**self.arguments())

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of Keras's schedule."""
        return self.model_dump(exclude={"kind"})


class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate·decay_rate^(t/decay_steps)."""

    kind: Literal["exponential_decay"] = "exponential_decay"
    keras_name = "ExponentialDecay"
    initial_learning_rate: Rate
    """Learning rate of the first mini-batch."""
    decay_steps: Steps
    """Mini-batches over which the rate is multiplied by decay_rate once."""
    decay_rate: float = Field(gt=0, le=1e6)
    """Factor on the rate per decay_steps. Above 1 the rate grows, as in a learning-rate range test."""
    staircase: bool = False
    """Use ⌊t/decay_steps⌋: the rate changes in one step after every decay_steps."""


class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate/(1 + decay_rate·t/decay_steps)."""

    kind: Literal["inverse_time_decay"] = "inverse_time_decay"
    keras_name = "InverseTimeDecay"
    initial_learning_rate: Rate
    """Learning rate of the first mini-batch."""
    decay_steps: Steps
    """Mini-batches over which the divisor grows by decay_rate."""
    decay_rate: float = Field(ge=0, le=1e6)
    """Growth of the divisor per decay_steps."""
    staircase: bool = False
    """Use ⌊t/decay_steps⌋: the rate changes in one step after every decay_steps."""


class PolynomialDecay(LearningRateSchedule):
    """(initial_learning_rate − end_learning_rate)·(1 − t/decay_steps)^power + end_learning_rate."""

    kind: Literal["polynomial_decay"] = "polynomial_decay"
    keras_name = "PolynomialDecay"
    initial_learning_rate: Rate
    """Learning rate of the first mini-batch."""
    decay_steps: Steps
    """Mini-batches until end_learning_rate is reached."""
    end_learning_rate: RateOrZero = 0.0001
    """Learning rate after decay_steps."""
    power: float = Field(default=1.0, gt=0, le=100)
    """Exponent: 1 for a straight line, above 1 for a steeper beginning."""
    cycle: bool = False
    """Restart instead of staying at the end: decay_steps is replaced by its first multiple that is not below t."""


class CosineDecay(LearningRateSchedule):
    """initial_learning_rate·((1 − alpha)·(1 + cos(π·t/decay_steps))/2 + alpha); after decay_steps the share alpha.

    With a warm-up, the rate first rises linearly from initial_learning_rate to warmup_target over warmup_steps. It then
    falls from warmup_target (Loshchilov & Hutter 2017; Goyal et al. 2017).
    """

    kind: Literal["cosine_decay"] = "cosine_decay"
    keras_name = "CosineDecay"
    divisors = ("decay_steps", "warmup_steps")
    initial_learning_rate: RateOrZero
    """Learning rate of the first mini-batch; above 0 unless there is a warm-up."""
    decay_steps: Steps
    """Mini-batches of the decay, without those of the warm-up."""
    alpha: float = Field(default=0.0, ge=0, le=1)
    """Share of the rate that remains after the decay."""
    warmup_target: Rate | None = None
    """Learning rate at the end of the warm-up; null for no warm-up."""
    warmup_steps: int = Field(default=0, ge=0, le=MAX_STEPS)
    """Mini-batches of the warm-up; 0 for no warm-up."""

    @model_validator(mode="after")
    def _check_warmup(self) -> "CosineDecay":
        if (self.warmup_target is None) != (self.warmup_steps == 0):
            raise ValueError("both warmup_target and warmup_steps (at least 1) for a warm-up, or neither without one")
        if self.warmup_target is None and self.initial_learning_rate == 0:
            raise ValueError("an initial_learning_rate above 0, or a warm-up, which may begin at 0")
        return self


class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decay with restarts (Loshchilov & Hutter 2017).

    Each period is t_mul times as long and m_mul times as high as the one before. Period i, counted from 0, begins at
    step sᵢ and lasts Tᵢ = first_decay_steps·t_mulⁱ steps. Its rate is
    initial_learning_rate·((1 − alpha)·m_mulⁱ·(1 + cos(π·(t − sᵢ)/Tᵢ))/2 + alpha).
    """

    kind: Literal["cosine_decay_restarts"] = "cosine_decay_restarts"
    keras_name = "CosineDecayRestarts"
    divisors = ("first_decay_steps", "_t_mul")
    initial_learning_rate: Rate
    """Learning rate of the first mini-batch."""
    first_decay_steps: Steps
    """Mini-batches of the first period."""
    t_mul: float = Field(default=2.0, ge=1, le=1e6)
    """Factor on the length from one period to the next. Below 1, the periods would shrink to length 0."""
    m_mul: float = Field(default=1.0, gt=0, le=10)
    """Factor on the height from one period to the next."""
    alpha: float = Field(default=0.0, ge=0, le=1)
    """Lower bound of the rate, as a share of initial_learning_rate."""


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] while t ≤ boundaries[0], values[1] while t ≤ boundaries[1] ..., then the last value."""

    kind: Literal["piecewise_constant_decay"] = "piecewise_constant_decay"
    keras_name = "PiecewiseConstantDecay"
    divisors = ()
    boundaries: Annotated[tuple[Steps, ...], Field(strict=False, min_length=1, max_length=100)]
    """Mini-batches after which the rate changes, each larger than the one before it."""
    values: Annotated[tuple[RateOrZero, ...], Field(strict=False, min_length=2, max_length=101)]
    """Learning rates between the boundaries; one more than boundaries."""

    @model_validator(mode="after")
    def _one_value_for_each_piece(self) -> "PiecewiseConstantDecay":
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"{len(self.boundaries) + 1} values for {len(self.boundaries)} boundaries, one more than boundaries"
            )
        if any(later <= earlier for earlier, later in zip(self.boundaries, self.boundaries[1:], strict=False)):
            raise ValueError("boundaries that rise strictly")
        return self

    def arguments(self) -> dict[str, Any]:
        return {"boundaries": list(self.boundaries), "values": list(self.values)}


class LinearWarmup(LearningRateSchedule):
    """Linear rise from initial_learning_rate to warmup_target over warmup_steps; then constant.

    Keras has no such schedule. It is Keras's polynomial decay of power 1, whose end may be above its beginning.
    """

    kind: Literal["linear_warmup"] = "linear_warmup"
    keras_name = "PolynomialDecay"
    initial_learning_rate: RateOrZero = 0.0
    """Learning rate of the first mini-batch."""
    warmup_target: Rate
    """Learning rate after the warm-up."""
    warmup_steps: Steps
    """Mini-batches of the warm-up."""

    def arguments(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.warmup_steps,
            "end_learning_rate": self.warmup_target,
            "power": 1.0,
        }


def _dividing(keras: Any, keras_name: str, divisors: tuple[str, ...]) -> Any:
    """Return a Keras schedule's class whose divisors are no constants for XLA.

    XLA replaces a division by a constant by a multiplication with its reciprocal. In float32, 41·(1/41) is below 1 and
    1000·(1/1000) is above 1. Steps and restarts would be a mini-batch late. A polynomial decay, which raises
    1 − t/decay_steps to a power, would be NaN after its end.
    """
    plain: Any = getattr(keras.optimizers.schedules, keras_name)
    ops = keras.ops

    class Dividing(plain):  # type: ignore[misc]
        def __call__(self, step: Any) -> Any:
            twin, t = copy(self), ops.cast(step, "float32")
            for name in divisors:
                constant = getattr(self, name)
                setattr(twin, name, ops.maximum(constant, constant - t))  # t is never below 0
            return plain.__call__(twin, step)

    return Dividing


SCHEDULES: tuple[type[LearningRateSchedule], ...] = (
    ExponentialDecay,
    InverseTimeDecay,
    PolynomialDecay,
    CosineDecay,
    CosineDecayRestarts,
    PiecewiseConstantDecay,
    LinearWarmup,
)

if TYPE_CHECKING:
    Schedule = LearningRateSchedule
else:
    Schedule = one_of(SCHEDULES)

NUMBER = "number"


def _tag(value: Any) -> Any:
    """Return the tag of a value's member in the union, so that an error names this member only."""
    if isinstance(value, dict):
        return value.get("kind")
    return getattr(value, "kind", NUMBER)


def _check_number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number, or a schedule: an object with `kind`")
    return value


def _schema_by_kind(core_schema: Any, handler: Callable[[Any], Any]) -> dict[str, Any]:
    """Return the JSON schema: a number, or one of the schedules, discriminated by `kind`."""
    number, *schedules = handler(core_schema)["oneOf"]
    kinds = {kind_of(member): schema["$ref"] for member, schema in zip(SCHEDULES, schedules, strict=True)}
    by_kind = {"oneOf": schedules, "discriminator": {"propertyName": "kind", "mapping": kinds}}
    return {"anyOf": [number, by_kind]}


def _number_or_schedule() -> Any:
    union: Any = Annotated[Rate, BeforeValidator(_check_number), Tag(NUMBER)]
    for member in SCHEDULES:
        union = union | Annotated[member, Tag(kind_of(member))]
    return Annotated[union, Discriminator(_tag), GetPydanticSchema(get_pydantic_json_schema=_schema_by_kind)]


# A number for a constant rate, or a schedule.
LearningRate = _number_or_schedule()
