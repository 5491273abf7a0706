"""ExperimentSpec: everything needed to repeat a training."""

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from gradlab.errors import shorten
from gradlab.frozen import Frozen, is_stored
from gradlab.measurement.history import Layout
from gradlab.measurement.kinds import BOUNDARY, GRADIENTS, MeasuredNetwork
from gradlab.spec.bounds import refused_layers
from gradlab.spec.indices import check_indices
from gradlab.spec.network import Misfit, NamedLayer, in_order, layer_count, walk
from gradlab.spec.problems import at_most, impossible, invalid
from gradlab.spec.recording import Record, RecordSpec, every_of, measured_network, series_layouts
from gradlab.spec.training import TrainingSpec, check_training
from gradlab.vocabulary.datasets import AnyDataset
from gradlab.vocabulary.layers import Layer, Shape
from gradlab.vocabulary.losses import LossFunction, encoding
from gradlab.vocabulary.metrics import default_metrics
from gradlab.vocabulary.targets import Target

# Far beyond any bound that a service sets: they only keep the check itself from taking long.
MAX_LAYERS, MAX_LISTED_LAYERS, MAX_SEEDS = 10_000, 20_000, 10_000
# The gradient's norm before clipping and after it, and the share of batches in which clipping changed anything.
GRADIENT_NORMS = ("gradient_norm", "clipped_gradient_norm", "clipped_fraction")


class ModelSpec(Frozen):
    """The network: layers from the input to the output."""

    layers: Annotated[
        tuple[Layer, ...],
        Field(strict=False, min_length=1, max_length=MAX_LISTED_LAYERS),
        at_most(MAX_LISTED_LAYERS),
    ]
    """From the input side to the output; the last one's units are the prediction."""

    @field_validator("layers")
    @classmethod
    def _countable(cls, layers: tuple[Any, ...], info: ValidationInfo) -> tuple[Any, ...]:
        """Their number is asked for before they are walked, the service's own bound where it is handed in."""
        if (count := layer_count(layers)) > MAX_LAYERS:
            raise impossible(
                "", f"at most {MAX_LAYERS} layers, repeats counted", f"{count} layers, {count - MAX_LAYERS} too many"
            )
        if problem := refused_layers(count, info):
            raise impossible("", problem.expected, problem.received)
        return layers


class ExperimentSpec(Frozen):
    """Everything needed to repeat a training: the same spec gives the same numbers."""

    name: str = Field(default="untitled", min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
    """For people; nothing depends on it."""
    dataset: AnyDataset
    """What is learnt."""
    model: ModelSpec
    """What learns."""
    training: TrainingSpec
    """How it learns."""
    record: Record = RecordSpec()
    """What is recorded, and how often: an object, or the name of a bundle."""
    seeds: Annotated[
        tuple[Annotated[int, Field(ge=0, le=2**32 - 1)], ...],
        Field(strict=False, min_length=1, max_length=MAX_SEEDS),
        at_most(MAX_SEEDS),
    ] = (0,)
    """One run each: a seed decides the initial weights, the order of the samples and what dropout drops."""

    @model_validator(mode="before")
    @classmethod
    def _trained_here(cls, fields: Any) -> Any:
        """`source` may be written out; the spec of a training that runs elsewhere is another one."""
        if not isinstance(fields, dict) or "source" not in fields:
            return fields
        if fields["source"] != "service":
            expected = '"service" or nothing here, where a spec is trained; "external" is what POST /experiments takes'
            raise impossible("source", expected, shorten(fields["source"]))
        return {name: value for name, value in fields.items() if name != "source"}

    @field_validator("seeds")
    @classmethod
    def _each_once(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("each seed once: equal seeds give equal runs")
        return seeds

    @model_validator(mode="after")
    def _makes_sense(self, info: ValidationInfo) -> "ExperimentSpec":
        try:
            output = self.network[-1].output_shape
        except Misfit as misfit:
            field, mismatch = f"model.{misfit.path}", misfit.mismatch
            raise impossible(field, f"{misfit.name} can take {mismatch.expected}", mismatch.received) from misfit
        self._check_output(output)
        if not is_stored(info):
            check_indices(self.model.layers, self.dataset)
        check_training(self.training, self.metric_names, self.network, self.dataset.target)
        if self.record.every(BOUNDARY.record) and not self.dataset.has_boundary:
            shape, target = self.dataset.feature_shape, self.dataset.target
            expected = "0, or a dataset of classes with two inputs, which have a boundary in the plane"
            every = self.record.every(BOUNDARY.record)
            received = f"{every}, with {self.dataset.kind}: inputs of shape {shape}, {target}"
            raise impossible("record.boundary", expected, received)
        return self

    def _check_output(self, output: Shape) -> None:
        target, loss = self.dataset.target, self.training.loss
        fitting = loss.units_for(target)
        if not fitting:
            raise impossible("training.loss", f"a loss for {target}{_advice(target)}", loss.kind)
        where = f"model.layers[{len(self.model.layers) - 1}]"
        shapes = " or ".join(str((*target.steps, units)) for units in fitting)
        if output not in [(*target.steps, units) for units in fitting]:
            raise impossible(
                where,
                f"an output of shape {shapes} for {loss.kind} on {self.dataset.kind}, which has {target}"
                f"{_output_advice(loss, target)}",
                str(output),
            )

    @cached_property
    def network(self) -> tuple[NamedLayer, ...]:
        """The network's layers from the input to the output, named, repeats written out, blocks as one."""
        return walk(self.model.layers, self.dataset.feature_shape)

    @cached_property
    def layers(self) -> tuple[NamedLayer, ...]:
        """All layers in the order in which samples pass them, those inside blocks among them."""
        return tuple(in_order(self.network))

    @cached_property
    def layout(self) -> Layout:
        """The names of everything that will be recorded."""
        names = ("loss", *self.metric_names)
        norms = GRADIENT_NORMS if self.record.every(GRADIENTS.record) and self.parameter_count else ()
        return Layout(
            metrics=(*names, *(f"val_{name}" for name in names), "learning_rate", *norms),
            series=series_layouts(self.record, self._measured),
        )

    @property
    def boundary_every(self) -> int:
        """Every how many epochs the decision boundary is recorded; 0 for never."""
        return every_of(self.record, BOUNDARY.record, self._measured)

    @property
    def _measured(self) -> MeasuredNetwork:
        return measured_network(self.layers, self.training.epochs, self.dataset.has_boundary)

    @property
    def epochs(self) -> int:
        """The last epoch of each run, unless it ends before."""
        return self.training.epochs

    @property
    def first_epoch(self) -> int:
        """The first epoch that is measured: the state before the first update."""
        return 0

    @property
    def metric_names(self) -> tuple[str, ...]:
        """What is measured besides the loss."""
        return default_metrics(self.dataset.target) if self.training.metrics is None else self.training.metrics

    @property
    def parameter_count(self) -> int:
        """Trainable numbers in the network."""
        return sum(layer.parameter_count for layer in self.layers)

    @property
    def one_hot(self) -> bool:
        """Whether targets are one-hot rows, one unit per class, rather than a single 0 or 1."""
        return encoding(self.dataset.target, self.layers[-1].output_shape[-1]) == "one_hot"

    def canonical(self) -> str:
        """The one JSON text for this spec: every default written out, keys sorted."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False)

    def fingerprint(self) -> str:
        """SHA-256 of the canonical text, in hexadecimal: equal specs, equal fingerprints."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def _advice(target: Target) -> str:
    usual = {
        "classes": "categorical_crossentropy with one softmax unit per class",
        "labels": "binary_crossentropy with one sigmoid unit per label",
        "values": "mean_squared_error with one linear unit per value",
    }
    return f", such as {usual[target.kind]}"


def _output_advice(loss: LossFunction, target: Target) -> str:
    """The usual output layer, said only where one is usual."""
    if loss.output_activation is None:
        return ""
    units = loss.units_for(target)[0]
    return f": end with {units} {loss.output_activation} unit{'s' * (units != 1)}"


def parse(body: str | bytes) -> ExperimentSpec:
    """Read a spec from JSON.

    Raises:
        Invalid: with one problem for each thing that is wrong.
    """
    try:
        return ExperimentSpec.model_validate_json(body)
    except ValidationError as error:
        try:
            data = json.loads(body)
        except ValueError:
            data = None
        raise invalid(error, data) from error
