"""ExternalSpec: the description of a training that runs elsewhere and sends its series here.

It names the layers and tensors that the series belong to, by the user's own names and paths. Whatever else a sender
knows is optional: null means that it is not said, and the rules that need it are unjudged. The training cannot be
repeated from it, because it has no data and no initial weights.
"""

import hashlib
import json
import math
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, create_model, field_validator, model_validator

from gradlab.errors import shorten
from gradlab.frozen import Frozen, Name, added, impossible
from gradlab.measurement.history import Layout
from gradlab.measurement.kinds import KINDS, RECORD_FIELDS, MeasuredNetwork
from gradlab.spec.external_layer import (
    MAX_SAMPLES,
    ExternalLayer,
    ExternalLoss,
    ExternalOutput,
    ExternalParameter,
    ExternalTarget,
    check_distinct,
)
from gradlab.spec.problems import at_most
from gradlab.spec.recording import Cadence, Every
from gradlab.vocabulary.optimizers import Optimizer

# Far above any network that a person reads layer by layer. They limit the size of the layout.
MAX_LAYERS, MAX_METRICS, MAX_VERSIONS = 10_000, 100, 20
MAX_SEEDS, MAX_OUTPUTS = 10_000, 1_000
# The spec is stored with its experiment and is part of every response about it. A layer with its configuration takes
# about 1 kB.
MAX_SPEC_BYTES = 1_000_000
NUMBER_BYTES = 4
SENT_KINDS = tuple(kind for kind in KINDS if kind.is_sent)

Seeds = Annotated[
    tuple[Annotated[int, Field(ge=0, le=2**32 - 1)], ...],
    Field(strict=False, min_length=1, max_length=MAX_SEEDS),
    at_most(MAX_SEEDS),
]


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
    optimizer: Optimizer | None = None
    """The optimiser with its clipping and its schedule, as a spec of this service has it; null if unknown."""
    optimizer_class: Name | None = None
    """The optimiser's class: ``Adam``, ``torch.optim.AdamW`` ...; null if unknown."""
    target: ExternalTarget | None = None
    """The form of each sample's target; null if unknown."""
    outputs: Annotated[
        tuple[ExternalOutput, ...], Field(strict=False, max_length=MAX_OUTPUTS), at_most(MAX_OUTPUTS)
    ] = added(())
    """Its outputs, if it has several, each with its loss and target in place of `loss` and `target`; [] for one."""
    train_count: int | None = Field(default=None, ge=1, le=MAX_SAMPLES)
    """Number of training samples; null if unknown."""
    val_count: int | None = Field(default=None, ge=0, le=MAX_SAMPLES)
    """Number of validation samples, 0 for none; null if unknown."""
    axis: Literal["epoch", "step"] = "epoch"
    """The unit that its records count: epochs, or blocks of `every_steps` updates."""
    every_steps: int | None = Field(default=None, ge=1, le=MAX_SAMPLES)
    """Updates in one record, if `axis` is ``step``."""
    gradients_every: int | None = Field(default=None, ge=1, le=MAX_SAMPLES)
    """The gradients of one in so many batches of a record are measured; null if those of every batch are."""
    framework: Literal["keras", "torch"] | None = None
    """The framework that trains it; null for another one."""
    batch_size: int | None = Field(default=None, ge=1, le=MAX_SAMPLES)
    """Samples in a batch; the last batch of an epoch may be smaller. Null if unknown."""
    steps_per_epoch: int | None = Field(default=None, ge=1, le=MAX_SAMPLES)
    """Updates in an epoch; null if unknown."""
    versions: Annotated[dict[Name, Name], Field(max_length=MAX_VERSIONS), at_most(MAX_VERSIONS)] = Field(default={})
    """Versions of the training software: ``keras``, ``tensorflow`` ..."""

    @field_validator("layers")
    @classmethod
    def _layers_each_once(cls, layers: tuple[ExternalLayer, ...]) -> tuple[ExternalLayer, ...]:
        check_distinct([each.name for each in layers], "each layer's name once")
        return layers

    @field_validator("metrics")
    @classmethod
    def _metrics_each_once(cls, metrics: tuple[str, ...]) -> tuple[str, ...]:
        check_distinct(metrics, "each metric once")
        if "loss" not in metrics:
            raise impossible("", "`loss` among the metrics: what every training minimises", shorten(list(metrics)))
        return metrics

    @field_validator("seeds")
    @classmethod
    def _seeds_each_once(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        check_distinct(seeds, "each seed once: a seed names a run")
        return seeds

    @field_validator("outputs")
    @classmethod
    def _outputs_each_once(cls, outputs: tuple[ExternalOutput, ...]) -> tuple[ExternalOutput, ...]:
        check_distinct([each.name for each in outputs], "each output's name once")
        if len(outputs) == 1:
            raise impossible("", "none or several: `loss` and `target` are those of a single output", outputs[0].name)
        return outputs

    @model_validator(mode="after")
    def _check_together(self) -> "ExternalSpec":
        layers = {each.name for each in self.layers}
        for place, output in enumerate(self.outputs):
            if output.layer is not None and output.layer not in layers:
                raise impossible(f"outputs[{place}].layer", "the name of one of the layers", output.layer)
        if self.initial_epoch >= self.epochs:
            raise impossible("initial_epoch", f"an epoch before the last one, {self.epochs}", str(self.initial_epoch))
        if self.every_steps is not None and self.axis == "epoch":
            raise impossible("every_steps", 'null, or axis "step"', str(self.every_steps))
        measured = self._measured()
        for field in RECORD_FIELDS:
            kinds = [kind for kind in SENT_KINDS if kind.record == field]
            every = self.record.every(field) if kinds else None
            if every and not any(kind.tensors(measured) for kind in kinds):
                needed = "a complete output_shape" if kinds[0].source == "flows" else "parameters"
                raise impossible(f"record.{field.name}", f"0, or a layer with {needed}", str(every))
        return self

    def _measured(self) -> MeasuredNetwork:
        # Not kept: a copy with other layers would keep it, too.
        return MeasuredNetwork(tuple(layer.measured() for layer in self.layers), self.epochs)

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


__all__ = [
    "ExternalLayer",
    "ExternalLoss",
    "ExternalOutput",
    "ExternalParameter",
    "ExternalRecord",
    "ExternalSpec",
    "ExternalTarget",
]
