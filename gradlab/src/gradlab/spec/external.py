"""ExternalSpec: the description of a training that runs elsewhere and sends its series here.

It names the layers and tensors that the series belong to, in Keras's terms. A sender may add activations, the loss and
the batch size. The training cannot be repeated from it, because it has no data and no initial weights.
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
from gradlab.frozen import Frozen, Name, Tightened, is_stored
from gradlab.measurement.history import Layout, Tensor
from gradlab.measurement.kinds import KINDS, RECORD_FIELDS, MeasuredLayer, MeasuredNetwork
from gradlab.spec.problems import at_most, impossible
from gradlab.spec.recording import Cadence, Every

# Far above any network that a person reads layer by layer. They limit the size of the layout.
MAX_LAYERS, MAX_PARAMETERS, MAX_METRICS, MAX_VERSIONS = 10_000, 10_000, 100, 20
# TensorFlow's bound on the number of axes, the largest int32, and the largest count that float64 represents exactly.
MAX_AXES, MAX_AXIS, MAX_ENTRIES = 254, 2**31 - 1, 2**53
MAX_SEEDS = 10_000
# The spec is stored with its experiment and is part of every response about it.
MAX_SPEC_BYTES = 500_000
NUMBER_BYTES = 4
SENT_KINDS = tuple(kind for kind in KINDS if kind.sent_columns is not None)
# Samples in a batch, and batches in an epoch: the largest int32.
MAX_SAMPLES = 2**31 - 1

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
    """The tensor's name in Keras: ``kernel``, ``bias``, ``gamma`` ..."""
    shape: Axes
    """The tensor's shape, in Keras's order of axes."""


class ExternalLayer(Frozen):
    """One layer of a network that is trained elsewhere."""

    name: Name
    """The layer's name in Keras, unique in its model."""
    class_name: Name
    """The layer's class in Keras: ``Dense``, ``Conv2D`` ..."""
    output_shape: OutputAxes | None = None
    """The output's shape without the batch axis. An axis of unknown size is null; null for an unknown shape."""
    activation: Name | None = None
    """The activation's name: ``relu``, ``softmax`` ...; null if the layer has none or it is unknown."""
    normalized_values: int | None = Field(default=None, ge=1, le=MAX_SAMPLES)
    """For a normalisation: the number of a sample's values that share one mean. Null for other layers."""
    parameters: Annotated[
        tuple[ExternalParameter, ...], Field(strict=False, max_length=MAX_PARAMETERS), at_most(MAX_PARAMETERS)
    ] = ()
    """The layer's trainable tensors, in Keras's order; empty for a layer without any."""

    @field_validator("parameters")
    @classmethod
    def _each_once(cls, parameters: tuple[ExternalParameter, ...]) -> tuple[ExternalParameter, ...]:
        _check_distinct([each.name for each in parameters], "each parameter's name once")
        return parameters


class ExternalLoss(Frozen):
    """The loss of a training that runs elsewhere."""

    kind: Name
    """The loss's name in Keras: ``binary_crossentropy`` ...; for a custom function, the function's name."""
    from_logits: bool = False
    """True if the loss treats the network's output as logits."""


if TYPE_CHECKING:
    ExternalRecord = Cadence
else:
    ExternalRecord = create_model(
        "ExternalRecord",
        __base__=Cadence,
        __module__=__name__,
        __doc__="The measurements that the sender takes, each with its interval in epochs; 0 for never. "
        "`GradientStatistics` measures gradients.",
        **{
            each.name: (Every, Field(default=each.sent_default, description=each.sent_description))
            for each in RECORD_FIELDS
            if each.sent_description is not None
        },
    )


class ExternalSpec(Frozen):
    """A training that runs elsewhere: its layers and tensors, and the series that it sends. It is not trained here."""

    source: Literal["external"]
    """Always ``external``: the training runs elsewhere."""
    name: Name = "untitled"
    """A title for people; nothing depends on it."""
    layers: Annotated[
        tuple[ExternalLayer, ...], Field(strict=False, min_length=1, max_length=MAX_LAYERS), at_most(MAX_LAYERS)
    ]
    """The network's layers, input side first."""
    metrics: Annotated[
        tuple[Name, ...], Field(strict=False, min_length=1, max_length=MAX_METRICS), at_most(MAX_METRICS)
    ] = ("loss",)
    """Metrics that are sent for every epoch, by their names in Keras's logs: ``loss``, ``accuracy`` ..."""
    record: ExternalRecord = ExternalRecord()
    """Measurements of the layers that are sent, and how often."""
    epochs: int = Field(ge=1, le=10_000_000)
    """The last planned epoch, counted from 1: `epochs` of `model.fit`."""
    initial_epoch: int = Field(default=0, ge=0, le=10_000_000)
    """The epoch after which the training begins: `initial_epoch` of `model.fit`."""
    seeds: Seeds = (0,)
    """One run for each seed: the seeds of the trainings, or simply numbers that name them."""
    loss: ExternalLoss | None = None
    """The loss that is minimised; null if unknown."""
    batch_size: int | None = Field(default=None, ge=1, le=MAX_SAMPLES)
    """Samples in a batch; the last batch of an epoch may be smaller. Null if unknown."""
    steps_per_epoch: int | None = Field(default=None, ge=1, le=MAX_SAMPLES)
    """Updates in an epoch; null if unknown."""
    versions: Annotated[dict[Name, Name], Field(max_length=MAX_VERSIONS), at_most(MAX_VERSIONS)] = Field(default={})
    """Versions of the training software: ``keras``, ``tensorflow`` ..."""

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
    def _check_together(self) -> "ExternalSpec":
        if self.initial_epoch >= self.epochs:
            raise impossible("initial_epoch", f"an epoch before the last one, {self.epochs}", str(self.initial_epoch))
        measured = self._measured()
        for kind in SENT_KINDS:
            every = self.record.every(kind.record)
            if every and not kind.tensors(measured):
                needed = "a complete output_shape" if kind.source == "flows" else "parameters"
                raise impossible(f"record.{kind.record.name}", f"0, or a layer with {needed}", str(every))
        return self

    def _measured(self) -> MeasuredNetwork:
        # Not kept: a copy with other layers would keep it, too.
        return MeasuredNetwork(tuple(map(_measured, self.layers)), self.epochs)

    @cached_property
    def layout(self) -> Layout:
        """Names of all the metrics and series that will be sent."""
        measured = self._measured()
        layouts = (kind.sent_layout(measured, self.record.every(kind.record) or 0) for kind in SENT_KINDS)
        return Layout(metrics=self.metrics, series=tuple(each for each in layouts if each is not None))

    @property
    def first_epoch(self) -> int:
        """The first epoch that can be measured: `initial_epoch`, the state before the first update."""
        return self.initial_epoch

    @property
    def series_bytes(self) -> int:
        """Bytes that the metrics and series of all runs take in the database."""
        of_epoch = len(self.metrics) + math.fsum(math.prod(each.shape) / each.every for each in self.layout.series)
        return int(NUMBER_BYTES * len(self.seeds) * (self.epochs - self.initial_epoch + 1) * of_epoch)

    def canonical(self) -> str:
        """Return the spec's canonical JSON text: every default written out, keys sorted."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the canonical text, in hexadecimal. Equal specs have equal fingerprints."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def _measured(layer: ExternalLayer) -> MeasuredLayer:
    tensors = tuple(Tensor(layer.name, each.name, each.shape) for each in layer.parameters)
    axes = layer.output_shape
    flow = None if axes is None or None in axes else tuple(size for size in axes if size is not None)
    return MeasuredLayer(layer.name, tensors, flow)


def _check_distinct(names: Iterable[str] | Iterable[int], expected: str) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise impossible("", expected, f"{repeated[0]} again")
