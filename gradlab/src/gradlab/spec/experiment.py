"""ExperimentSpec: everything needed to repeat a training."""

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, ValidationError, ValidationInfo, field_validator, model_validator

from gradlab.errors import shorten
from gradlab.frozen import Frozen, Name, impossible, is_stored
from gradlab.measurement.history import Layout
from gradlab.measurement.kinds import BOUNDARY, GRADIENTS, MeasuredNetwork
from gradlab.spec.graph import INPUT, GraphSpec, check_count, layer_count
from gradlab.spec.indices import check_indices
from gradlab.spec.network import Misfit, NamedLayer, check_shared, in_order, walk, walk_graph
from gradlab.spec.problems import at_most, invalid
from gradlab.spec.recording import Record, RecordSpec, every_of, measured_network, series_layouts
from gradlab.spec.training import TrainingSpec, check_training, check_weights
from gradlab.vocabulary.datasets import AnyDataset
from gradlab.vocabulary.layers import Layer, Shape
from gradlab.vocabulary.losses import LossFunction, encoding
from gradlab.vocabulary.metrics import default_metrics
from gradlab.vocabulary.targets import Target

# Far above any service's own bounds. They limit the time that the check itself takes.
MAX_LISTED_LAYERS, MAX_SEEDS = 20_000, 10_000
# The gradient's norm before and after clipping, and the share of batches that clipping changed.
GRADIENT_NORMS = ("gradient_norm", "clipped_gradient_norm", "clipped_fraction")


class ModelSpec(Frozen):
    """The network, as a chain: each layer takes the output of the one before it."""

    layers: Annotated[
        tuple[Layer, ...],
        Field(strict=False, min_length=1, max_length=MAX_LISTED_LAYERS),
        at_most(MAX_LISTED_LAYERS),
    ]
    """Layers from the input to the output. The last one's units are the prediction."""

    @field_validator("layers")
    @classmethod
    def _countable(cls, layers: tuple[Any, ...], info: ValidationInfo) -> tuple[Any, ...]:
        """Check the number of layers before they are walked, also by the service's bound if the context has one."""
        check_count(layer_count(layers), info)
        return layers

    @property
    def layer_count(self) -> int:
        """The number of layers with repeats written out, including those inside blocks."""
        return layer_count(self.layers)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The name of its one input."""
        return (INPUT,)

    @property
    def last(self) -> str:
        """The place of the output layer in the spec: ``layers[4]``."""
        return f"layers[{len(self.layers) - 1}]"


CHAIN, GRAPH = "chain", "graph"


def form_of(model: Any) -> str:
    """Return the form of a network, a model or its JSON object: ``graph`` if it has nodes, else ``chain``."""
    nodes = "nodes" in model if isinstance(model, dict) else isinstance(model, GraphSpec)
    return GRAPH if nodes else CHAIN


AnyModel = Annotated[Annotated[ModelSpec, Tag(CHAIN)] | Annotated[GraphSpec, Tag(GRAPH)], Discriminator(form_of)]


class ExperimentSpec(Frozen):
    """Everything needed to repeat a training. The same spec gives the same numbers."""

    name: Name = "untitled"
    """A title for people; the training does not depend on it."""
    dataset: AnyDataset
    """The data to learn from."""
    model: AnyModel
    """The network to train: a chain of layers, or a graph of nodes."""
    training: TrainingSpec
    """The loss, the optimiser and the epochs."""
    record: Record = RecordSpec()
    """The measurements to record and how often: an object, or the name of a bundle."""
    seeds: Annotated[
        tuple[Annotated[int, Field(ge=0, le=2**32 - 1)], ...],
        Field(strict=False, min_length=1, max_length=MAX_SEEDS),
        at_most(MAX_SEEDS),
    ] = (0,)
    """One run for each seed, which fixes the initial weights, the order of the samples and the random layers."""

    @model_validator(mode="before")
    @classmethod
    def _trained_here(cls, fields: Any) -> Any:
        """Accept `source: "service"`, and refuse other sources: an `ExternalSpec` has another form."""
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
    def _check_together(self, info: ValidationInfo) -> "ExperimentSpec":
        try:
            output = self.network[-1].output_shape
            check_shared(self.layers)
        except Misfit as misfit:
            field, mismatch = f"model.{misfit.path}", misfit.mismatch
            raise impossible(field, f"{misfit.name} can take {mismatch.expected}", mismatch.received) from misfit
        self._check_output(output)
        if not is_stored(info):
            check_indices(self.layers, self.dataset)
        self._check_masks()
        check_training(self.training, self.metric_names, self.network, self.dataset.target)
        check_weights(self.training, self.dataset)
        if self.record.every(BOUNDARY.record) and not self.dataset.has_boundary:
            shape, target = self.dataset.feature_shape, self.dataset.target
            expected = "0, or a dataset of classes with two inputs, which have a boundary in the plane"
            every = self.record.every(BOUNDARY.record)
            received = f"{every}, with {self.dataset.kind}: inputs of shape {shape}, {target}"
            raise impossible("record.boundary", expected, received)
        return self

    def _check_masks(self) -> None:
        """Refuse masks where each time step has a target: the loss and the metrics do not leave masked steps out."""
        masking = [layer for layer in self.layers if layer.spec.masks]
        if masking and self.dataset.target.steps:
            expected = "a network without masks, as each time step has a target and none is left out of the loss"
            raise impossible(f"model.{masking[0].path}", expected, f"{masking[0].name}, which masks time steps")

    def _check_output(self, output: Shape) -> None:
        target, loss = self.dataset.target, self.training.loss
        fitting = loss.units_for(target)
        if not fitting:
            raise impossible("training.loss", f"a loss for {target}{_advice(target)}", loss.kind)
        where = f"model.{self.model.last}"
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
        """The network's layers from the input to the output: repeats and nested graphs written out, blocks as one."""
        if isinstance(self.model, GraphSpec):
            return walk_graph(self.model, [self.dataset.feature_shape])
        return walk(self.model.layers, self.dataset.feature_shape)

    @cached_property
    def layers(self) -> tuple[NamedLayer, ...]:
        """All layers in the order of the forward pass, including those inside blocks."""
        return tuple(in_order(self.network))

    @cached_property
    def layout(self) -> Layout:
        """Names of all the metrics and series that will be recorded."""
        names = ("loss", *self.metric_names)
        norms = GRADIENT_NORMS if self.record.every(GRADIENTS.record) and self.parameter_count else ()
        return Layout(
            metrics=(*names, *(f"val_{name}" for name in names), "learning_rate", *norms),
            series=series_layouts(self.record, self._measured),
        )

    @property
    def boundary_every(self) -> int:
        """Epochs between two recordings of the decision boundary; 0 for never."""
        return every_of(self.record, BOUNDARY.record, self._measured)

    @property
    def _measured(self) -> MeasuredNetwork:
        return measured_network(self.layers, self.training.epochs, self.dataset.has_boundary)

    @property
    def epochs(self) -> int:
        """The last epoch of each run that is not stopped early."""
        return self.training.epochs

    @property
    def first_epoch(self) -> int:
        """The first epoch that is measured: 0, the state before the first update."""
        return 0

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Names of the metrics that are measured besides the loss."""
        return default_metrics(self.dataset.target) if self.training.metrics is None else self.training.metrics

    @property
    def parameter_count(self) -> int:
        """Number of trainable parameters, counted as single numbers."""
        return sum(layer.parameter_count for layer in self.layers)

    @property
    def one_hot(self) -> bool:
        """True if targets are one-hot rows, with one unit per class, rather than a single 0 or 1."""
        return encoding(self.dataset.target, self.layers[-1].output_shape[-1]) == "one_hot"

    def canonical(self) -> str:
        """Return the spec's canonical JSON text: every default written out, keys sorted."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the canonical text, in hexadecimal. Equal specs have equal fingerprints."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def _advice(target: Target) -> str:
    usual = {
        "classes": "categorical_crossentropy with one softmax unit per class",
        "labels": "binary_crossentropy with one sigmoid unit per label",
        "values": "mean_squared_error with one linear unit per value",
    }
    return f", such as {usual[target.kind]}"


def _output_advice(loss: LossFunction, target: Target) -> str:
    """Return a hint at the loss's usual output layer; empty if the loss has none."""
    if loss.output_activation is None:
        return ""
    units = loss.units_for(target)[0]
    return f": end with {units} {loss.output_activation} unit{'s' * (units != 1)}"


def parse(body: str | bytes) -> ExperimentSpec:
    """Read a spec from JSON.

    Raises:
        Invalid: the JSON or the spec is wrong; one problem for each error.
    """
    try:
        return ExperimentSpec.model_validate_json(body)
    except ValidationError as error:
        try:
            data = json.loads(body)
        except ValueError:
            data = None
        raise invalid(error, data) from error
