"""Wiring: how a training elsewhere is put together, as its first updates show it.

A Watch records it: which tensors get a gradient and are in the optimiser, what the loss takes and gets, how batches are
drawn. One belongs to each run; what is sent later replaces what was sent before. Every field is optional: null means
that it was not recorded.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gradlab.facts.model import Count
from gradlab.facts.numbers import Number, bounded
from gradlab.frozen import Frozen
from gradlab.spec.external_layer import OutputAxes
from gradlab.spec.problems import at_most

# Updates that are recorded one by one.
MAX_FIRST_STEPS = 20
# Tensors of a network: far above any that a person reads.
MAX_TENSORS = 10_000
# The bound of one run's wiring as JSON.
MAX_WIRING_BYTES = 1_000_000

Share = Annotated[float, Field(ge=0, le=1)]
Steps = Annotated[tuple[Number, ...], Field(strict=False, max_length=MAX_FIRST_STEPS), at_most(MAX_FIRST_STEPS)]
Counts = Annotated[tuple[Count, ...], Field(strict=False, max_length=MAX_FIRST_STEPS), at_most(MAX_FIRST_STEPS)]
# A layer's name, or a tensor's as ``layer/parameter``.
Path = Annotated[str, Field(min_length=1, max_length=401, pattern=r"^[^\x00-\x1f\x7f]+$")]
# What a loss takes, or an output is.
Scores = Literal["logits", "probabilities"]


class FirstSteps(Frozen):
    """The first updates, one by one."""

    loss: Steps = ()
    """Loss of each batch."""
    gradient_norm: Steps = ()
    """‖g‖ over all tensors, before clipping."""
    nonfinite: Counts = ()
    """Number of NaN and infinite entries in the gradients."""


class TensorWiring(Frozen):
    """One trainable tensor, over the batches whose gradients were measured so far."""

    batches: Count | None = None
    """Number of batches whose gradients were measured."""
    missing: Count | None = None
    """Batches in which its gradient was missing."""
    zero: Count | None = None
    """Batches in which all entries of its gradient were exactly 0."""
    in_optimizer: bool | None = None
    """True if the optimiser updates it."""
    frozen: bool | None = None
    """True if the user has set it to need no gradient, or not to be trained."""
    changed: bool | None = None
    """True if its value has changed in some record in which its gradient was not 0."""


class GradientGrowth(Frozen):
    """Growth of the gradients from batch to batch, as medians over the first updates."""

    ratio: Number
    """‖gₜ‖/‖gₜ₋₁‖."""
    cosine: Number
    """Cosine of gₜ and gₜ₋₁, in [−1, 1]. Near 1 for gradients that nobody zeroes."""


class LossScale(Frozen):
    """Scaling of the loss in mixed precision."""

    steps: Count
    """Updates that the scaler was asked for."""
    skipped: Count
    """Updates that it skipped because of values that were not finite."""


class InputScale(Frozen):
    """Mean and standard deviation of all inputs together, of training and of validation samples."""

    train_mean: Number
    train_std: Number
    val_mean: Number
    val_std: Number


class ClassShares(Frozen):
    """Share of the commonest class."""

    batch: Share
    """Its share in a batch: the median over the batches."""
    all: Share
    """Its share in all training samples."""


class Wiring(Frozen):
    """The way in which a training elsewhere is put together. Null stands for what was not recorded."""

    version: Literal[1] = 1
    """Version of these fields."""
    first_steps: FirstSteps | None = None
    """The first updates, one by one."""
    tensors: Annotated[dict[Path, TensorWiring], Field(max_length=MAX_TENSORS), at_most(MAX_TENSORS)] | None = None
    """The trainable tensors by ``layer/parameter``."""
    gradient_growth: GradientGrowth | None = None
    """Growth of the gradients from batch to batch."""
    kept_gradients: Share | None = None
    """Share of the updates after which the gradients were not zeroed before the next backward pass. Backward passes
    whose gradients one update sums do not count."""
    training_mode: Share | Annotated[dict[Path, Share], Field(max_length=MAX_TENSORS), at_most(MAX_TENSORS)] | None = (
        None
    )
    """Share of the training batches in which a layer ran in training mode, by layer; one number for the whole model."""
    output_shape: OutputAxes | None = None
    """Shape of the output as the loss got it for a batch, with the batch axis."""
    target_shape: OutputAxes | None = None
    """Shape of the target as the loss got it for a batch, with the batch axis."""
    target_form: Literal["indices", "one_hot", "probabilities", "values"] | None = None
    """Form of the target as the loss got it."""
    target_range: Annotated[tuple[Number, Number], Field(strict=False)] | None = None
    """Smallest and largest entry of the targets as the loss got them."""
    loss_takes: Scores | None = None
    """The form of output that the loss is made for; null for losses of values."""
    output_is: Scores | None = None
    """The form of the network's output: probabilities behind a sigmoid or softmax, else logits."""
    batches_repeat: bool | None = None
    """True if each batch of an epoch was the same one."""
    batch_class_shares: ClassShares | None = None
    """Share of the commonest class in a batch, and in all samples."""
    loss_scale: LossScale | None = None
    """Scaling of the loss in mixed precision."""
    masked_share: Annotated[dict[Path, Share], Field(max_length=MAX_TENSORS), at_most(MAX_TENSORS)] | None = None
    """Share of entries that masks remove, by layer."""
    input_scale: InputScale | None = None
    """Mean and standard deviation of the inputs in training and validation."""

    @model_validator(mode="after")
    def _small(self) -> "Wiring":
        return bounded(self, MAX_WIRING_BYTES)
