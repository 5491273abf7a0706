"""Facts: what rules need to know of a training's data, worked out once by whoever holds the samples.

They hold no sample. What rests on the samples of the probe batch, the predictions of theory, is worked out with them.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gradlab.facts.numbers import Number, bounded
from gradlab.frozen import Frozen, Name, PathName, added
from gradlab.spec.external_layer import Axes, ExternalTarget
from gradlab.spec.problems import at_most

# The bound of facts as JSON. They are sent with an experiment and stored with it.
MAX_FACTS_BYTES = 64_000
# Features that are listed one by one, and classes: beyond that quantiles are listed, and the outermost shares.
MAX_FEATURES, MAX_SHARES = 256, 256
# Features of one sort that are listed by number.
MAX_NAMED = 20
# Inputs and outputs that are described one by one; of each further one nothing is known. With 12 of each, and as few
# features and classes as `gradlab.facts.outputs` then lists, facts take about 40 kB.
MAX_ENDS = 12
MAX_COUNT = 2**53

Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Numbers = Annotated[tuple[Number, ...], Field(strict=False, max_length=MAX_FEATURES), at_most(MAX_FEATURES)]


class Features(Frozen):
    """The input features of one sort."""

    count: Count
    """Number of features of this sort."""
    numbers: Annotated[tuple[Count, ...], Field(strict=False, max_length=MAX_NAMED), at_most(MAX_NAMED)] = ()
    """The first of them, counted from 0 over a flattened sample."""
    names: Annotated[tuple[Name, ...], Field(strict=False, max_length=MAX_NAMED), at_most(MAX_NAMED)] = ()
    """Their names, if the features have names."""


class Inputs(Frozen):
    """Size of the inputs, from the first 4,096 training samples."""

    features: Count
    """Number of numbers in a sample."""
    rms: Number
    """Root mean square of all inputs, from the mean and the standard deviation of each feature."""
    largest_rms: Number
    """Root mean square of the largest feature."""
    mean: Numbers
    """Mean of each feature; of more than 256, its quantiles over the features at `levels`."""
    std: Numbers
    """Standard deviation of each feature, or its quantiles, like `mean`."""
    levels: Numbers = ()
    """Shares in [0, 1] at which `mean` and `std` are quantiles; [] if they list each feature."""
    constant: Features = Features(count=0)
    """Features with one value, up to rounding."""
    nonfinite: Features = Features(count=0)
    """Features with NaN or infinite values."""
    extreme: Features = Features(count=0)
    """Features with a root mean square outside [0.01, 10] beside another one inside it."""


class Expectation(Frozen):
    """Prediction of theory for a network's hidden layers before the first update, on the probe batch."""

    arriving: Number
    """‖δ‖ of the first hidden layer divided by ‖δ‖ of the output."""
    factor: Number
    """Mean factor by which a hidden layer multiplies rms δ in the backward pass."""
    depth_scale: Number
    """Number of layers over which δ² changes by a factor of e."""
    signal_change: Number
    """Factor, 1 or more, by which signals change over all hidden layers, forwards or backwards."""
    relative_slope: Number
    """Smallest mean slope of a hidden activation that can saturate, as a share of its steepest; 1 without one."""


class Theory(Frozen):
    """Predictions of theory; null where it does not cover the network."""

    own: Expectation | None = None
    """With the network's own initialisers."""
    around_zero: Expectation | None = None
    """With the same variances around a mean of 0."""
    advised: Expectation | None = None
    """With the variances that the literature advises."""
    born_dead: Number | None = None
    """Share in [0, 1] of drawn networks that are born dead."""
    output: PathName | None = added(None)
    """The output, of several, for the layers before which all of this is predicted: that of the most signal."""


class Leak(Frozen):
    """A feature that determines the target by itself."""

    feature: Count
    """Its number, counted from 0 over a flattened sample."""
    name: Name | None = None
    """Its name, if the features have names."""
    form: Literal["equal", "linear", "monotone", "one_to_one"]
    """The target is its value; a linear or another rising or falling function of it; or each class has one value."""


class DataFaults(Frozen):
    """Faults of the samples that break trainings. Null stands for what was not measured."""

    nonfinite_inputs: Number | None = None
    """Share of the training samples with NaN or infinite inputs."""
    nonfinite_targets: Number | None = None
    """Share of the training samples with NaN or infinite targets."""
    leak: Leak | None = None
    """The clearest feature that determines the target, unless every feature does."""
    leaks: Count | None = None
    """Number of such features."""
    repeated: Number | None = None
    """Share of the validation samples whose inputs are those of a training sample."""
    repeated_in_training: Number | None = None
    """Share of the training samples whose inputs are those of an earlier one."""
    discrete: bool | None = None
    """True if no feature has more than 20 values: samples then repeat by nature."""
    rarest_class: Count | None = None
    """Number of training samples of the rarest class that has any; null for labels and values."""
    absent_classes: Count | None = None
    """Number of classes without a training sample."""
    first_class_absent: bool | None = None
    """True if class 0 alone has no training sample."""
    class_distance: Number | None = None
    """Total variation distance, in [0, 1], of the classes of training and validation samples."""
    compared: Count | None = None
    """Number of samples most of whose 15 nearest neighbours, 12 or more, agree on a class that 20 or more agree on."""
    contradicted: Number | None = None
    """Share of these whose own class is another one, as the lower median over the classes that neighbours agree on;
    null with fewer than two such classes, and with few training samples."""


Shares = Annotated[tuple[Number, ...], Field(strict=False, max_length=MAX_SHARES), at_most(MAX_SHARES)]
Extent = Annotated[tuple[Number, Number], Field(strict=False)]


class OutputFacts(Frozen):
    """Facts about one of a network's several outputs. Each field is that of `Facts`, for this output's target."""

    target: ExternalTarget | None = None
    """Form of a sample's target."""
    loss: Name | None = None
    """Kind of the loss to which `constant_loss` and `perfect_loss` belong."""
    constant_loss: Number | None = None
    """Loss of the best constant prediction, without the output's weight."""
    perfect_loss: Number | None = None
    """Loss of a perfect prediction."""
    constant_accuracy: Number | None = None
    """Accuracy of always predicting the commonest class, or each label's commoner answer; NaN for values."""
    reachable: Number | None = None
    """Share of the constant prediction's errors that the nearest neighbours avoid; NaN where it is undefined."""
    linear: Number | None = None
    """Share of the constant prediction's errors that a linear model avoids; for uploaded datasets alone."""
    class_shares: Shares | None = None
    """Share of each class, or of each label; [] for values."""
    target_range: Extent | None = None
    """Smallest and largest target; classes count as 0 and 1."""
    target_std: Number | None = None
    """Standard deviation of the encoded targets."""
    faults: DataFaults | None = None
    """The faults of the samples, with those of this target."""


class Facts(Frozen):
    """Facts about a training's data that rules read. Null stands for a fact that its sender could not know."""

    version: Literal[1, 2] = 2
    """Version of these fields. Version 1 has no `faults`."""
    train_count: Count | None = None
    """Number of training samples."""
    val_count: Count | None = None
    """Number of validation samples."""
    feature_shape: Axes | None = None
    """Shape of one sample's input."""
    target: ExternalTarget | None = None
    """Form of a sample's target."""
    loss: Name | None = None
    """Kind of the loss to which `constant_loss` and `perfect_loss` belong."""
    constant_loss: Number | None = None
    """Loss of the best constant prediction; for cross-entropy the entropy of the targets."""
    perfect_loss: Number | None = None
    """Loss of a perfect prediction; 0 for most losses."""
    constant_accuracy: Number | None = None
    """Accuracy of always predicting the commonest class, or each label's commoner answer; NaN for values."""
    reachable: Number | None = None
    """Share of the constant prediction's errors that the nearest neighbours avoid on validation samples, at most 1; NaN
    where it is undefined."""
    linear: Number | None = Field(default=None, exclude_if=lambda value: value is None)
    """Share of the constant prediction's errors that a linear model avoids on validation samples, at most 1; NaN where
    it is undefined. Worked out for uploaded datasets alone: from others it is computed when it is needed."""
    class_shares: Shares | None = None
    """Share of each class, or of each label; [] for values. Of more than 256, the largest and the smallest half of 256,
    in falling order."""
    target_range: Extent | None = None
    """Smallest and largest target; classes count as 0 and 1."""
    target_std: Number | None = None
    """Standard deviation of the encoded targets."""
    inputs: Inputs | None = None
    """Size of the inputs."""
    theory: Theory | None = None
    """Predictions of theory on the probe batch; null if the network was not described."""
    faults: DataFaults | None = None
    """The faults of the samples."""
    by_input: Annotated[dict[PathName, Inputs], Field(max_length=MAX_ENDS), at_most(MAX_ENDS)] | None = added(None)
    """Size of each input by its name, for a network with several; `inputs` counts them one after another."""
    outputs: Annotated[dict[PathName, OutputFacts], Field(max_length=MAX_ENDS), at_most(MAX_ENDS)] | None = added(None)
    """Facts about each output by its name, for a network with several. The fields that each has are then null here."""

    def of_output(self, name: str) -> "Facts":
        """Return the facts as they are for one of several outputs; themselves where nothing is known of it."""
        own = (self.outputs or {}).get(name)
        if own is None:
            return self
        return self.model_copy(update={field: getattr(own, field) for field in OutputFacts.model_fields})

    @model_validator(mode="after")
    def _small(self) -> "Facts":
        return bounded(self, MAX_FACTS_BYTES)
