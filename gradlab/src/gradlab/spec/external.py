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
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, create_model, field_validator, model_validator

from gradlab.errors import shorten
from gradlab.frozen import Frozen, Tightened, is_stored
from gradlab.measurement.history import Layout, Tensor
from gradlab.measurement.kinds import KINDS, RECORD_FIELDS, MeasuredLayer, MeasuredNetwork
from gradlab.spec.problems import at_most, impossible
from gradlab.spec.recording import Cadence, Every

# Far beyond any network that somebody would look at layer by layer: they only keep the layout from growing endless.
MAX_LAYERS, MAX_PARAMETERS, MAX_METRICS, MAX_VERSIONS = 10_000, 10_000, 100, 20
# TensorFlow's own bound on axes; an axis is a signed number of 32 bits; and so many numbers float64 counts exactly.
MAX_AXES, MAX_AXIS, MAX_ENTRIES = 254, 2**31 - 1, 2**53
MAX_SEEDS = 10_000
# The spec is stored with its experiment and answered whenever that is looked at.
MAX_SPEC_BYTES = 500_000
NUMBER_BYTES = 4
SENT_KINDS = tuple(kind for kind in KINDS if kind.sent_columns is not None)
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
        tuple[ExternalParameter, ...], Field(strict=False, max_length=MAX_PARAMETERS), at_most(MAX_PARAMETERS)
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


if TYPE_CHECKING:
    ExternalRecord = Cadence
else:
    ExternalRecord = create_model(
        "ExternalRecord",
        __base__=Cadence,
        __module__=__name__,
        __doc__="What the sender measures, each every so many epochs; 0 for never. `GradientStatistics` measures "
        "gradients.",
        **{
            each.name: (Every, Field(default=each.sent_default, description=each.sent_description))
            for each in RECORD_FIELDS
            if each.sent_description is not None
        },
    )


class ExternalSpec(Frozen):
    """What is known of a training that runs elsewhere: what its series are of. It is never trained here."""

    source: Literal["external"]
    """Says that the training runs elsewhere."""
    name: Name = "untitled"
    """For people; nothing depends on it."""
    layers: Annotated[
        tuple[ExternalLayer, ...], Field(strict=False, min_length=1, max_length=MAX_LAYERS), at_most(MAX_LAYERS)
    ]
    """The network's layers, input side first."""
    metrics: Annotated[
        tuple[Name, ...], Field(strict=False, min_length=1, max_length=MAX_METRICS), at_most(MAX_METRICS)
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
    versions: Annotated[dict[Name, Name], Field(max_length=MAX_VERSIONS), at_most(MAX_VERSIONS)] = Field(default={})
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
        for kind in SENT_KINDS:
            every = self.record.every(kind.record)
            if every and not kind.tensors(self._measured):
                needed = "the whole output_shape" if kind.source == "flows" else "parameters"
                raise impossible(f"record.{kind.record.name}", f"0, or {needed} of some layer", str(every))
        return self

    @cached_property
    def _measured(self) -> MeasuredNetwork:
        return MeasuredNetwork(tuple(map(_measured, self.layers)), self.epochs)

    @cached_property
    def layout(self) -> Layout:
        """The names of everything that will be sent."""
        layouts = (kind.sent_layout(self._measured, self.record.every(kind.record) or 0) for kind in SENT_KINDS)
        return Layout(metrics=self.metrics, series=tuple(each for each in layouts if each is not None))

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


def _measured(layer: ExternalLayer) -> MeasuredLayer:
    tensors = tuple(Tensor(layer.name, each.name, each.shape) for each in layer.parameters)
    axes = layer.output_shape
    flow = None if axes is None or None in axes else tuple(size for size in axes if size is not None)
    return MeasuredLayer(layer.name, tensors, flow)


def _check_distinct(names: Iterable[str] | Iterable[int], expected: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise impossible("", expected, f"{twice[0]} again")
