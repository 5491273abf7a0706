"""ExperimentSpec: everything needed to repeat a training."""

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, ValidationError, ValidationInfo, field_validator, model_validator

from gradlab.errors import shorten
from gradlab.frozen import Frozen, Name, impossible, is_stored
from gradlab.measurement.history import Layout
from gradlab.measurement.kinds import BOUNDARY, GRADIENTS, MeasuredNetwork
from gradlab.spec.ends import (
    NetworkInput,
    NetworkOutput,
    check_metric_names,
    check_names,
    check_output,
    inputs_of,
    outputs_of,
)
from gradlab.spec.graph import INPUT, GraphSpec, check_count, layer_count
from gradlab.spec.indices import check_indices
from gradlab.spec.initial_weights import check_start
from gradlab.spec.masks import check_masks
from gradlab.spec.network import Misfit, NamedLayer, check_shared, in_order, walk, walk_graph
from gradlab.spec.problems import at_most, invalid
from gradlab.spec.recording import Record, RecordSpec, every_of, measured_network, series_layouts
from gradlab.spec.training import TrainingSpec, check_training, check_weights
from gradlab.vocabulary.datasets import AnyDataset
from gradlab.vocabulary.layers import Layer, Shape

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
        # Pydantic calls this again for a spec that a route or a response is given. Changed copies lose the mark.
        if "_is_checked" in vars(self):
            return self
        check_names(self)
        try:
            check_shared(self.layers)
        except Misfit as misfit:
            field, mismatch = f"model.{misfit.path}", misfit.mismatch
            raise impossible(field, f"{misfit.name} can take {mismatch.expected}", mismatch.received) from misfit
        for output in self.outputs:
            check_output(output, self.dataset.kind)
        if not is_stored(info):
            check_indices(self.layers, self.inputs)
        check_masks(self)
        check_training(self.training, self.metric_names, self.outputs, self.network)
        check_metric_names(_with_validation(self.metric_names), self.outputs)
        check_weights(self.training, self.dataset, self.outputs)
        start, is_pretrained = self.training.initial_weights, self.training.pretraining is not None
        check_start(start, self.layers, is_pretrained=is_pretrained)
        self._check_boundary()
        if not is_stored(info):
            vars(self)["_is_checked"] = True
        return self

    def _check_boundary(self) -> None:
        every = self.record.every(BOUNDARY.record)
        if every and not self.dataset.has_boundary:
            shapes, targets = (
                ", ".join(map(str, each))
                for each in ((entry.shape for entry in self.inputs), (output.target for output in self.outputs))
            )
            expected = "0, or a dataset of classes with two inputs, which have a boundary in the plane"
            received = f"{every}, with {self.dataset.kind}: inputs of shape {shapes}, {targets}"
            raise impossible("record.boundary", expected, received)

    @cached_property
    def inputs(self) -> tuple[NetworkInput, ...]:
        """The network's inputs, in the model's order."""
        return inputs_of(self)

    @cached_property
    def outputs(self) -> tuple[NetworkOutput, ...]:
        """The network's outputs, in the model's order, each with its target, loss and metrics."""
        return outputs_of(self)

    @property
    def only_output(self) -> NetworkOutput:
        """The network's output. Raises LookupError if it has several."""
        if len(self.outputs) > 1:
            raise LookupError(f"several outputs: {', '.join(output.name for output in self.outputs)}")
        return self.outputs[0]

    @cached_property
    def network(self) -> tuple[NamedLayer, ...]:
        """The network's layers from the input to the output: repeats and nested graphs written out, blocks as one."""
        return network_of(self.model, [entry.shape for entry in self.inputs])

    @cached_property
    def layers(self) -> tuple[NamedLayer, ...]:
        """All layers in the order of the forward pass, including those inside blocks."""
        return tuple(in_order(self.network))

    @cached_property
    def layout(self) -> Layout:
        """Names of all the metrics and series that will be recorded."""
        norms = GRADIENT_NORMS if self.record.every(GRADIENTS.record) and self.parameter_count else ()
        return Layout(
            metrics=(*_with_validation(self.metric_names), "learning_rate", *norms),
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
        """Names of the metrics that are measured besides the loss; of several outputs their losses come first."""
        several = self.outputs if len(self.outputs) > 1 else ()
        losses = (f"{output.prefix}loss" for output in several)
        return (*losses, *(f"{output.prefix}{name}" for output in self.outputs for name in output.metric_names))

    @cached_property
    def parameter_count(self) -> int:
        """Number of trainable parameters, counted as single numbers."""
        return sum(layer.parameter_count for layer in self.layers)

    @property
    def one_hot(self) -> bool:
        """True if the targets of its one output are one-hot rows rather than a single 0 or 1."""
        return self.only_output.one_hot

    def canonical(self) -> str:
        """Return the spec's canonical JSON text: every default written out, keys sorted."""
        return self._canonical

    @cached_property
    def _canonical(self) -> str:
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the canonical text, in hexadecimal. Equal specs have equal fingerprints."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def network_of(model: ModelSpec | GraphSpec, input_shapes: Sequence[Shape]) -> tuple[NamedLayer, ...]:
    """Return the layers of a model from the input to the output, as `ExperimentSpec.network` has them.

    Args:
        model: the model, as a spec has it.
        input_shapes: the shape of each of its inputs, without the batch axis.

    Raises:
        Misfit: a layer cannot take its inputs.
    """
    if isinstance(model, GraphSpec):
        return walk_graph(model, input_shapes)
    return walk(model.layers, input_shapes[0])


def _with_validation(metric_names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the loss and the metrics in training and validation."""
    names = ("loss", *metric_names)
    return (*names, *(f"val_{name}" for name in names))


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
