"""ExternalSpec: what is known of a training that runs elsewhere and sends its series here.

It says what the series are of, in Keras's terms, and what the model knows of itself as far as its sender says so:
activations, loss, batch size. It does not let us repeat the training; whatever asks for its data is told that they are
not known.
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from core.errors import Invalid, Problem, shorten
from core.frozen import Frozen, Tightened, is_stored
from core.history import Layout, SeriesLayout, Tensor
from core.settings import Settings
from core.spec.problems import at_most, impossible
from core.spec.recording import Every
from core.statistics import (
    ACTIVATION_STATISTIC_NAMES,
    BIN_NAMES,
    SIGNAL_STATISTIC_NAMES,
    WEIGHT_STATISTIC_NAMES,
)

# Far beyond any network that somebody would look at layer by layer: they only keep the layout from growing endless.
MOST_LAYERS, MOST_PARAMETERS, MOST_METRICS, MOST_VERSIONS = 10_000, 10_000, 100, 20
# TensorFlow's own bound on axes; an axis is a signed number of 32 bits; and so many numbers float64 counts exactly.
MAX_AXES, MAX_AXIS, MAX_ENTRIES = 254, 2**31 - 1, 2**53
MAX_SEEDS = 10_000
# The spec is stored with its experiment and answered whenever that is looked at.
MAX_SPEC_BYTES = 500_000
NUMBER_BYTES = 4
# A sender's columns have no names: these are its agreement, whatever else is measured of trainings here.
SENT_GRADIENT_STATISTICS = ("mean_abs", "mean", "std", "l2", "max_abs", "zero_fraction", "nonfinite")
# Samples in a batch and batches in an epoch: int32 counts them.
MAX_SAMPLES = 2**31 - 1

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Axis = Annotated[int, Field(ge=0, le=MAX_AXIS), Tightened]


def _countable(shape: tuple[int | None, ...], info: ValidationInfo) -> tuple[int | None, ...]:
    if not is_stored(info) and math.prod(size for size in shape if size) > MAX_ENTRIES:
        raise impossible("", f"a shape of at most {MAX_ENTRIES:,} numbers in all", shorten(shape))
    return shape


Axes = Annotated[
    tuple[Axis, ...], Field(strict=False, max_length=MAX_AXES), at_most(MAX_AXES), AfterValidator(_countable)
]
OutputAxes = Annotated[
    tuple[Axis | None, ...], Field(strict=False, max_length=MAX_AXES), at_most(MAX_AXES), AfterValidator(_countable)
]
Seeds = Annotated[
    tuple[Annotated[int, Field(ge=0, le=2**32 - 1)], ...],
    Field(strict=False, min_length=1, max_length=MAX_SEEDS),
    at_most(MAX_SEEDS),
]


class ExternalParameter(Frozen):
    """One trainable tensor of a layer."""

    name: Name
    """Its name in Keras: ``kernel``, ``bias``, ``gamma`` ..."""
    shape: Axes
    """Its shape, in Keras's order of axes."""


class ExternalLayer(Frozen):
    """One layer of a network that is trained elsewhere."""

    name: Name
    """Its name in Keras: unique in its model."""
    class_name: Name
    """What it is, as Keras's configurations say it: ``Dense``, ``Conv2D`` ..."""
    output_shape: OutputAxes | None = None
    """What comes out, without the batch axis; null for an axis, or for all of them, where it is not known."""
    activation: Name | None = None
    """The name of its activation: ``relu``, ``softmax`` ...; null where it has none, or it is not known."""
    normalized_values: int | None = Field(default=None, ge=1, le=MAX_SAMPLES)
    """Of a normalisation: how many values of a sample it takes a mean over together; null for other layers."""
    parameters: Annotated[
        tuple[ExternalParameter, ...], Field(strict=False, max_length=MOST_PARAMETERS), at_most(MOST_PARAMETERS)
    ] = ()
    """Its trainable tensors, in Keras's order; none for a layer without any."""

    @field_validator("parameters")
    @classmethod
    def _each_once(cls, parameters: tuple[ExternalParameter, ...]) -> tuple[ExternalParameter, ...]:
        _check_distinct([each.name for each in parameters], "each parameter's name once")
        return parameters


class ExternalLoss(Frozen):
    """What a training elsewhere minimises."""

    kind: Name
    """Its name in Keras: ``binary_crossentropy`` ...; a function of one's own by its own name."""
    from_logits: bool = False
    """Whether it takes the output for logits."""


class ExternalRecord(Frozen):
    """What the sender measures, each every so many epochs; 0 for never. `GradientStatistics` measures gradients."""

    gradients: Every = 1
    """Statistics of each trainable tensor's gradient."""
    weights: Every = 0
    """Statistics of each trainable tensor, and how far it moved."""
    activations: Every = 0
    """Statistics of the activations of each layer whose `output_shape` is known."""
    signals: Every = 0
    """The back-propagated signal of each layer whose `output_shape` is known."""
    histograms: Every = 0
    """How the entries of each gradient and each weight tensor are distributed."""


class ExternalSpec(Frozen):
    """What is known of a training that runs elsewhere: what its series are of. It is never trained here."""

    source: Literal["external"]
    """Says that the training runs elsewhere."""
    name: Name = "untitled"
    """For people; nothing depends on it."""
    layers: Annotated[
        tuple[ExternalLayer, ...], Field(strict=False, min_length=1, max_length=MOST_LAYERS), at_most(MOST_LAYERS)
    ]
    """The network's layers, input side first."""
    metrics: Annotated[
        tuple[Name, ...], Field(strict=False, min_length=1, max_length=MOST_METRICS), at_most(MOST_METRICS)
    ] = ("loss",)
    """What is sent for every epoch, by the names in Keras's logs: ``loss``, ``accuracy``, ``val_loss`` ..."""
    record: ExternalRecord = ExternalRecord()
    """What is sent of the layers, and how often."""
    epochs: int = Field(ge=1, le=10_000_000)
    """The last epoch that is planned, counted from 1: `epochs` of `model.fit`."""
    initial_epoch: int = Field(default=0, ge=0, le=10_000_000)
    """The epoch after which the training begins: `initial_epoch` of `model.fit`."""
    seeds: Seeds = (0,)
    """One run each: the seeds that the trainings were begun with, or just their numbers."""
    loss: ExternalLoss | None = None
    """What is minimised; null where it is not known."""
    batch_size: int | None = Field(default=None, ge=1, le=MAX_SAMPLES)
    """The number of samples in a batch, the last one of an epoch apart; null where it is not known."""
    steps_per_epoch: int | None = Field(default=None, ge=1, le=MAX_SAMPLES)
    """The number of updates in an epoch; null where it is not known."""
    versions: Annotated[dict[Name, Name], Field(max_length=MOST_VERSIONS), at_most(MOST_VERSIONS)] = Field(default={})
    """Of the software that trains: ``keras``, ``tensorflow`` ..."""

    @field_validator("layers")
    @classmethod
    def _layers_each_once(cls, layers: tuple[ExternalLayer, ...]) -> tuple[ExternalLayer, ...]:
        _check_distinct([each.name for each in layers], "each layer's name once")
        return layers

    @field_validator("metrics")
    @classmethod
    def _metrics_each_once(cls, metrics: tuple[str, ...]) -> tuple[str, ...]:
        _check_distinct(metrics, "each metric once")
        if "loss" not in metrics:
            raise impossible("", "`loss` among the metrics: what every training minimises", shorten(list(metrics)))
        return metrics

    @field_validator("seeds")
    @classmethod
    def _seeds_each_once(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        _check_distinct(seeds, "each seed once: a seed names a run")
        return seeds

    @model_validator(mode="after")
    def _makes_sense(self) -> "ExternalSpec":
        if self.initial_epoch >= self.epochs:
            raise impossible("initial_epoch", f"an epoch before the last one, {self.epochs}", str(self.initial_epoch))
        tensors = {field: tensors for field, _, tensors, _ in self._kinds}
        for field, measured in tensors.items():
            if getattr(self.record, field) and not measured:
                needed = "the whole output_shape" if field in ("activations", "signals") else "parameters"
                raise impossible(f"record.{field}", f"0, or {needed} of some layer", str(getattr(self.record, field)))
        return self

    @property
    def _kinds(self) -> tuple[tuple[str, str, tuple[Tensor, ...], tuple[str, ...]], ...]:
        """For each kind of series: the field of `record`, the kind, what is measured and the columns."""
        weights = tuple(Tensor(layer.name, each.name, each.shape) for layer in self.layers for each in layer.parameters)
        flows = [
            (layer.name, tuple(size for size in layer.output_shape if size is not None))
            for layer in self.layers
            if layer.output_shape is not None and None not in layer.output_shape
        ]
        activations = tuple(Tensor(name, "activation", shape) for name, shape in flows)
        signals = tuple(Tensor(name, "pre_activation", shape) for name, shape in flows)
        return (
            ("gradients", "gradients", weights, SENT_GRADIENT_STATISTICS),
            ("weights", "weights", weights, WEIGHT_STATISTIC_NAMES),
            ("activations", "activations", activations, ACTIVATION_STATISTIC_NAMES),
            ("signals", "signals", signals, SIGNAL_STATISTIC_NAMES),
            ("histograms", "gradient_histograms", weights, BIN_NAMES),
            ("histograms", "weight_histograms", weights, BIN_NAMES),
        )

    @cached_property
    def layout(self) -> Layout:
        """The names of everything that will be sent."""
        series = tuple(
            SeriesLayout(kind, tensors, columns, every)
            for field, kind, tensors, columns in self._kinds
            if (every := getattr(self.record, field)) and tensors
        )
        return Layout(metrics=self.metrics, series=series)

    @property
    def first_epoch(self) -> int:
        """The first epoch that can be measured: the state before the first update."""
        return self.initial_epoch

    @property
    def series_bytes(self) -> int:
        """What the series take in the database, all runs together."""
        of_epoch = len(self.metrics) + math.fsum(math.prod(each.shape) / each.every for each in self.layout.series)
        return int(NUMBER_BYTES * len(self.seeds) * (self.epochs - self.initial_epoch + 1) * of_epoch)

    def canonical(self) -> str:
        """The one JSON text for this spec: every default written out, keys sorted."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False)

    def fingerprint(self) -> str:
        """SHA-256 of the canonical text, in hexadecimal: equal specs, equal fingerprints."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def _check_distinct(names: Iterable[str] | Iterable[int], expected: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise impossible("", expected, f"{twice[0]} again")


def check_external_bounds(spec: ExternalSpec, settings: Settings) -> None:
    """Refuse a spec whose series are larger than the service keeps.

    Raises:
        Invalid: with one problem for each bound that is exceeded.
    """
    written = len(spec.canonical().encode())
    asked = {
        "layers": (written, MAX_SPEC_BYTES, "bytes of a spec, written out"),
        "epochs": (spec.epochs, settings.max_epochs, "epochs"),
        "seeds": (len(spec.seeds), settings.max_seeds, "runs"),
        "record": (spec.series_bytes, settings.max_series_bytes, "bytes of series in the database"),
    }
    problems = [
        Problem(field, f"at most {most:,} {unit}", f"{value:,}, {value - most:,} too many")
        for field, (value, most, unit) in asked.items()
        if value > most
    ]
    if problems:
        raise Invalid(*problems)
