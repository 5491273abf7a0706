"""Registry of the losses of `keras.losses`, with their formulas, Keras's parameter names and the outputs they need.

y is the target, p the prediction, K the number of output units. Losses of samples and time steps are averaged. Formulas
and defaults: Keras 3, https://keras.io/api/losses/. Sparse losses are the dense ones: the service encodes indices.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from gradlab.frozen import Frozen, kind_of, one_of
from gradlab.vocabulary.targets import Target

Logits = Field(default=False)
Smoothing = Field(default=0.0, ge=0, le=1)
Gamma = Field(default=2.0, ge=0, le=100)
Alpha = Field(default=0.25, ge=0, le=1)

Encoding = Literal["column", "one_hot", "as_they_are"]


class LossFunction(Frozen):
    """A loss function, which the training minimises."""

    kind: str

    single_unit: ClassVar[bool] = False
    """True if it takes a single output unit for two classes."""
    unit_per_class: ClassVar[bool] = False
    """True if it takes one output unit for each class."""
    unit_per_label: ClassVar[bool] = False
    """True if it takes one output unit for each label."""
    unit_per_value: ClassVar[bool] = False
    """True if it takes one output unit for each value."""
    unit_per_share: ClassVar[bool] = False
    """True if it takes one output unit for each value, of values that lie between 0 and 1."""
    margin: ClassVar[bool] = False
    """True if the output is a score, which is above 0 for a positive prediction."""
    activation: ClassVar[str | None] = None
    """The usual activation of the output if it is not logits; None if it depends on the data."""

    @classmethod
    def units_for(cls, target: Target) -> tuple[int, ...]:
        """Return the valid numbers of output units for `target`; empty if the loss does not fit it."""
        if target.kind == "labels":
            return (target.count,) if cls.unit_per_label else ()
        if target.kind == "values":
            return (target.count,) if cls.unit_per_value or cls.unit_per_share else ()
        single = (1,) if cls.single_unit and target.count == 2 else ()
        return single + ((target.count,) if cls.unit_per_class else ())

    @property
    def threshold(self) -> float:
        """The output above which a single unit's prediction is positive."""
        return 0.0 if self.margin or self._takes_logits else 0.5

    @property
    def output_activation(self) -> str | None:
        """The usual activation of the output; None if it depends on the data."""
        return "linear" if self._takes_logits else self.activation

    @property
    def _takes_logits(self) -> bool:
        return bool(getattr(self, "from_logits", False))

    def build(self, keras: Any) -> Callable[[Any, Any], Any]:
        """Build the Keras function, its parameters bound: (y, p), (batch, *steps, units) each, to (batch, *steps)."""
        function = getattr(keras.losses, self.kind)
        parameters = self.model_dump(exclude={"kind"})
        return partial(function, **parameters) if parameters else function


def encoding(target: Target, units: int) -> Encoding:
    """Return the encoding of targets for a loss.

    Classes are one column of 0 and 1 for a single output unit, and one-hot rows for one unit per class. Labels and
    values are not encoded.
    """
    if target.kind != "classes":
        return "as_they_are"
    return "column" if units == 1 else "one_hot"


class BinaryCrossentropy(LossFunction):
    """−y·log p − (1 − y)·log(1 − p): one sigmoid unit for two classes, for each label, or each value from 0 to 1."""

    kind: Literal["binary_crossentropy"] = "binary_crossentropy"
    single_unit = unit_per_label = unit_per_share = True
    activation = "sigmoid"
    from_logits: bool = Logits
    """True if the output is the log-odds, without a sigmoid."""
    label_smoothing: float = Smoothing
    """Moves the targets 0 and 1 towards 1/2 by half this value."""


class BinaryFocalCrossentropy(LossFunction):
    """−y·(1 − p)^gamma·log p − (1 − y)·p^gamma·log(1 − p): correct predictions weigh less (Lin et al. 2017)."""

    kind: Literal["binary_focal_crossentropy"] = "binary_focal_crossentropy"
    single_unit = unit_per_label = True
    activation = "sigmoid"
    from_logits: bool = Logits
    """True if the output is the log-odds, without a sigmoid."""
    label_smoothing: float = Smoothing
    """Moves the targets 0 and 1 towards 1/2 by half this value."""
    gamma: float = Gamma
    """Strength of the lower weight of correct predictions; 0 is the plain cross-entropy."""
    apply_class_balancing: bool = False
    """Weigh class 1 by `alpha` and class 0 by 1 − `alpha`."""
    alpha: float = Alpha
    """Weight of class 1 with `apply_class_balancing`."""


class CategoricalCrossentropy(LossFunction):
    """−Σₖ yₖ·log pₖ: one softmax unit per class."""

    kind: Literal["categorical_crossentropy"] = "categorical_crossentropy"
    unit_per_class = True
    activation = "softmax"
    from_logits: bool = Logits
    """True if the output is the logarithm of the probabilities up to a constant, without a softmax."""
    label_smoothing: float = Smoothing
    """Share of the target that is spread evenly over all classes."""


class CategoricalFocalCrossentropy(LossFunction):
    """−alpha·Σₖ yₖ·(1 − pₖ)^gamma·log pₖ: correct predictions weigh less (Lin et al. 2017)."""

    kind: Literal["categorical_focal_crossentropy"] = "categorical_focal_crossentropy"
    unit_per_class = True
    activation = "softmax"
    from_logits: bool = Logits
    """True if the output is the logarithm of the probabilities up to a constant, without a softmax."""
    label_smoothing: float = Smoothing
    """Share of the target that is spread evenly over all classes."""
    gamma: float = Gamma
    """Strength of the lower weight of correct predictions; 0 is the plain cross-entropy, times `alpha`."""
    alpha: float = Alpha
    """Weight of all classes."""


class KlDivergence(LossFunction):
    """Σₖ yₖ·log(yₖ/pₖ): one softmax unit per class; for one-hot targets the same as categorical_crossentropy."""

    kind: Literal["kl_divergence"] = "kl_divergence"
    unit_per_class = True
    activation = "softmax"


class MeanSquaredError(LossFunction):
    """mean over the units of (y − p)²: values; or one unit for two classes, one per class, one per label."""

    kind: Literal["mean_squared_error"] = "mean_squared_error"
    single_unit = unit_per_class = unit_per_label = unit_per_value = True


class MeanAbsoluteError(LossFunction):
    """mean over the units of |y − p|: values; or one unit for two classes, one per class, one per label."""

    kind: Literal["mean_absolute_error"] = "mean_absolute_error"
    single_unit = unit_per_class = unit_per_label = unit_per_value = True


class Huber(LossFunction):
    """mean over the units of (y − p)²/2 where |y − p| ≤ delta, else delta·|y − p| − delta²/2 (Huber 1964)."""

    kind: Literal["huber"] = "huber"
    single_unit = unit_per_class = unit_per_label = unit_per_value = True
    delta: float = Field(default=1.0, gt=0, le=1e6)
    """The |y − p| at which the parabola turns into a straight line."""


class LogCosh(LossFunction):
    """mean over the units of log cosh(p − y): nearly (y − p)²/2 near zero and |y − p| − log 2 far from it."""

    kind: Literal["log_cosh"] = "log_cosh"
    single_unit = unit_per_class = unit_per_label = unit_per_value = True


class MeanAbsolutePercentageError(LossFunction):
    """mean over the units of 100·|y − p|/max(|y|, 1e−7): values that are not near zero."""

    kind: Literal["mean_absolute_percentage_error"] = "mean_absolute_percentage_error"
    unit_per_value = True


class MeanSquaredLogarithmicError(LossFunction):
    """mean over the units of (log(1 + y) − log(1 + p))², negative y and p raised to 1e−7: positive values."""

    kind: Literal["mean_squared_logarithmic_error"] = "mean_squared_logarithmic_error"
    unit_per_value = True


class Poisson(LossFunction):
    """mean over the units of p − y·log p: counts and other values that are not negative. p must be positive: end with
    softplus or exponential."""

    kind: Literal["poisson"] = "poisson"
    unit_per_value = True


class Hinge(LossFunction):
    """mean over the units of max(0, 1 − s·p), s = 2·y − 1: a linear or tanh unit for two classes, for each class
    (one against the rest), for each label."""

    kind: Literal["hinge"] = "hinge"
    single_unit = unit_per_class = unit_per_label = margin = True
    activation = "linear"


class SquaredHinge(LossFunction):
    """mean over the units of max(0, 1 − s·p)², s = 2·y − 1: a linear or tanh unit for two classes, for each class
    (one against the rest), for each label."""

    kind: Literal["squared_hinge"] = "squared_hinge"
    single_unit = unit_per_class = unit_per_label = margin = True
    activation = "linear"


class CategoricalHinge(LossFunction):
    """max(0, 1 + maxₖ (1 − yₖ)·pₖ − Σₖ yₖ·pₖ): one linear unit per class, scores above 0.

    It is the loss of Crammer & Singer (2001), except that the largest other score counts as 0 if it is negative.
    """

    kind: Literal["categorical_hinge"] = "categorical_hinge"
    unit_per_class = True
    activation = "linear"


class CategoricalGeneralizedCrossEntropy(LossFunction):
    """(1 − pᶜ^q)/q for the correct class c: one softmax unit per class; wrong labels weigh less (Zhang & Sabuncu 2018).

    Near q = 0 it is the cross-entropy, near 1 the mean absolute error. Keras has no default for q.
    """

    kind: Literal["categorical_generalized_cross_entropy"] = "categorical_generalized_cross_entropy"
    unit_per_class = True
    activation = "softmax"
    q: float = Field(gt=0, lt=1)
    """The strength of the robustness against wrong labels; Zhang & Sabuncu use 0.7."""

    def build(self, keras: Any) -> Callable[[Any, Any], Any]:
        function = keras.losses.categorical_generalized_cross_entropy
        return lambda y, p: function(keras.ops.argmax(y, axis=-1), p, q=self.q)


class CosineSimilarity(LossFunction):
    """−Σ y·p/(|y|·|p|) over the units, in [−1, 1]: the direction counts, the length does not."""

    kind: Literal["cosine_similarity"] = "cosine_similarity"
    unit_per_class = unit_per_label = unit_per_value = True
    axis: Literal[-1] = -1
    """The axis of the sum: the last one, of the units."""


class Dice(LossFunction):
    """1 − 2·Σ y·p/(Σy + Σp) over the units of each sample: one softmax unit per class (Milletari et al. 2016)."""

    kind: Literal["dice"] = "dice"
    unit_per_class = True
    activation = "softmax"
    axis: Literal[-1]
    """The axis of the sums, the units. Keras's default sums over the batch: no sample has a loss of its own then."""


class Tversky(LossFunction):
    """1 − Σ y·p/(Σ y·p + alpha·Σ y·(1 − p) + beta·Σ (1 − y)·p): one softmax unit per class (Salehi et al. 2017)."""

    kind: Literal["tversky"] = "tversky"
    unit_per_class = True
    activation = "softmax"
    alpha: float = Field(default=0.5, ge=0, le=100)
    """Weight of what is missing from the correct class."""
    beta: float = Field(default=0.5, ge=0, le=100)
    """Weight of what is given to other classes."""
    axis: Literal[-1]
    """The axis of the sums, the units. Keras's default sums over the batch: no sample has a loss of its own then."""


LOSSES: tuple[type[LossFunction], ...] = (
    BinaryCrossentropy, CategoricalCrossentropy, BinaryFocalCrossentropy, CategoricalFocalCrossentropy, KlDivergence,
    MeanSquaredError, MeanAbsoluteError, Huber, LogCosh, MeanAbsolutePercentageError, MeanSquaredLogarithmicError,
    Poisson, Hinge, SquaredHinge, CategoricalHinge, CategoricalGeneralizedCrossEntropy, CosineSimilarity, Dice,
    Tversky,
)  # fmt: skip

if TYPE_CHECKING:
    Loss = LossFunction
else:
    Loss = one_of(LOSSES)

BY_KIND = {kind_of(member): member for member in LOSSES}


def losses_for(target: Target) -> tuple[str, ...]:
    """Return the kinds of loss that fit `target`."""
    return tuple(kind_of(member) for member in LOSSES if member.units_for(target))
