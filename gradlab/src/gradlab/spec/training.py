"""TrainingSpec: loss, optimiser, epochs, metrics, early stopping, pretraining and initial weights."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from gradlab.errors import shorten
from gradlab.frozen import ByName, Frozen, added, impossible, one_of, or_by_name
from gradlab.spec.ends import NetworkOutput
from gradlab.spec.initial_weights import InitialWeights
from gradlab.spec.network import Misfit, NamedLayer, is_chain, walk
from gradlab.spec.problems import among, at_most
from gradlab.vocabulary.datasets import DatasetSpec
from gradlab.vocabulary.losses import Loss
from gradlab.vocabulary.metrics import BY_KIND, fits, metrics_for
from gradlab.vocabulary.optimizers import Optimizer

# There are fewer than 100 metrics, and their names are shorter than 200 characters.
MAX_METRICS = 100
# Classes with a weight: as many as an uploaded dataset may have.
MAX_WEIGHTS = 1_000
Name = Annotated[str, Field(max_length=200)]
# Kinds of layers that a network may have if its layers are pre-trained one by one.
PRETRAINABLE = ("dense", "activation", "dropout", "gaussian_noise", "batch_normalization", "layer_normalization")


class EarlyStopping(Frozen):
    """End a run when a metric has not improved for some epochs, like `keras.callbacks.EarlyStopping`."""

    monitor: Name = "val_loss"
    """The metric to watch: ``loss``, a metric's name, or one of them with ``val_`` in front."""
    min_delta: float = Field(default=0.0, ge=0, le=1e6)
    """The smallest improvement: changes of at most this size count as none."""
    patience: int = Field(default=10, ge=1, le=10_000_000)
    """The number of epochs in a row without improvement that ends the run."""

    @property
    def larger_is_better(self) -> bool:
        """True if larger values of the watched metric are better."""
        watched = self.monitor.removeprefix("val_")
        # The name of one of several outputs stands before that of its metric.
        kinds = [kind for kind in BY_KIND if watched == kind or watched.endswith(f"_{kind}")]
        return bool(kinds) and BY_KIND[max(kinds, key=len)].higher_is_better


class GreedyLayerwise(Frozen):
    """Train each hidden layer with a temporary output layer while the layers before it stay fixed; then train the whole
    network (Bengio et al. 2006)."""

    kind: Literal["greedy_layerwise"] = "greedy_layerwise"
    epochs: int = Field(default=10, ge=1, le=100_000)
    """Epochs for each hidden layer. The optimiser and the batches are those of the training."""


class Autoencoder(Frozen):
    """Train each hidden layer to reconstruct its input through a temporary linear layer, without labels; then train the
    whole network (Bengio et al. 2006; Erhan et al. 2010)."""

    kind: Literal["autoencoder"] = "autoencoder"
    epochs: int = Field(default=10, ge=1, le=100_000)
    """Epochs for each hidden layer. The optimiser and the batches are those of the training."""


def _as_pairs(value: Any) -> Any:
    """Turn a mapping into pairs, which are hashable."""
    return tuple((str(name), weight) for name, weight in value.items()) if isinstance(value, Mapping) else value


ClassWeights = Annotated[
    tuple[tuple[Name, Annotated[float, Field(ge=0, le=1e9)]], ...],
    Field(min_length=1, max_length=MAX_WEIGHTS),
    BeforeValidator(_as_pairs),
    PlainSerializer(dict, return_type=dict[str, float]),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": MAX_WEIGHTS,
            "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1e9},
        }
    ),
]

Metrics = Annotated[tuple[Name, ...], Field(strict=False, max_length=MAX_METRICS), at_most(MAX_METRICS)]
if TYPE_CHECKING:
    LossOrLosses = Loss | ByName[Loss]
    MetricNames = Metrics | ByName[Metrics]
    LossWeights = ByName[float]
else:
    LossOrLosses, MetricNames = or_by_name(Loss), or_by_name(Metrics)
    LossWeights = ByName[Annotated[float, Field(ge=0, le=1e9)]]

PRETRAININGS: tuple[type[Frozen], ...] = (GreedyLayerwise, Autoencoder)

if TYPE_CHECKING:
    Pretraining = GreedyLayerwise | Autoencoder
else:
    Pretraining = one_of(PRETRAININGS)


class TrainingSpec(Frozen):
    """The training. Each epoch visits every training sample once, in a new random order."""

    loss: LossOrLosses
    """The loss to minimise; for a network with several outputs also an object with the loss of each output."""
    optimizer: Optimizer
    """The optimiser, which computes updates from gradients."""
    epochs: int = Field(ge=0, le=10_000_000)
    """Passes over the training samples. With 0, only the state before the first update is measured."""
    batch_size: int = Field(default=32, ge=1, le=1_000_000)
    """Samples per update; the last batch of an epoch may be smaller."""
    metrics: MetricNames | None = None
    """Metrics to measure besides the loss; by default the usual ones for the dataset's target. For a network with
    several outputs those of each, or an object by output: an output that it does not name has none."""
    early_stopping: EarlyStopping | None = None
    """The condition that ends a run before its last epoch; none by default."""
    pretraining: Pretraining | None = None
    """The method that pre-trains the hidden layers one by one; none by default."""
    class_weight: Literal["balanced"] | ClassWeights | None = added(None)
    """The weight of each class's training samples in the loss, by the class's name; 1 for a class that is not named.
    "balanced": samples/(classes·samples of the class). Null: equal weights. Metrics and validation are unweighted."""
    loss_weights: LossWeights | None = added(None)
    """The weight of each output's loss in their sum, which is minimised, by the output's name; 1 for an output that is
    not named. Null: equal weights."""
    initial_weights: InitialWeights | None = added(None)
    """Uploaded weights that every run begins with: its seed then decides the order of the samples and the random layers
    alone. Null: each run draws its own by the initialisers."""


def check_training(
    training: TrainingSpec, metrics: Sequence[str], outputs: Sequence[NetworkOutput], network: Sequence[NamedLayer]
) -> None:
    """Refuse metrics, a monitored metric or a pretraining that do not fit. Raises pydantic's error with the field.

    Args:
        training: the spec of the training.
        metrics: the names of all metrics besides the loss.
        outputs: the network's outputs.
        network: its layers from the input to the output, each block as one layer.
    """
    for output in outputs:
        _check_metrics(training, output)
    if training.early_stopping:
        watched = [f"{part}{name}" for part in ("", "val_") for name in ("loss", *metrics)]
        if (monitor := training.early_stopping.monitor) not in watched:
            raise impossible("training.early_stopping.monitor", among(watched, monitor), monitor)
    if training.pretraining:
        if len(outputs) > 1:
            received = ", ".join(output.name for output in outputs)
            raise impossible("training.pretraining", "null for a network with several outputs", received)
        _check_pretraining(training.pretraining, network)


def _check_metrics(training: TrainingSpec, output: NetworkOutput) -> None:
    """Refuse metrics that an output's target does not have, and two of one name."""
    field, of = "training.metrics", f" of {output.name}" if output.name else ""
    if isinstance(training.metrics, ByName):
        field = f"{field}.{output.name}"
    for place, name in enumerate(output.metric_names):
        if not fits(name, output.target):
            expected = among(metrics_for(output.target), name)
            raise impossible(f"{field}[{place}]", f"a metric for {output.target}{of}: {expected}", name)
    if len(set(output.metric_names)) < len(output.metric_names):
        raise impossible(field, "each metric once", ", ".join(output.metric_names))


def check_weights(training: TrainingSpec, dataset: DatasetSpec, outputs: Sequence[NetworkOutput]) -> None:
    """Refuse weights of samples and of classes that cannot be used. Raises pydantic's error with the field."""
    weights, field = training.class_weight, "training.class_weight"
    if training.pretraining is not None and (weights or dataset.has_weights):
        place = field if weights else "dataset.sample_weight"
        raise impossible(place, "null with pretraining, whose stages weigh all samples alike", "weights")
    if weights is None:
        return
    if len(outputs) > 1:
        expected = "null for a network with several outputs: Keras takes weights of classes with one"
        raise impossible(field, expected, shorten(weights))
    (output,) = outputs
    if output.target.kind != "classes" or output.target.steps:
        raise impossible(field, "null, or a dataset with one class for each sample", str(output.target))
    if dataset.has_weights:
        raise impossible(field, "null beside `dataset.sample_weight`: Keras takes one of the two", shorten(weights))
    if isinstance(weights, str):
        return
    for name, _ in weights:
        if name not in output.class_names:
            raise impossible(field, f"weights by class: {among(output.class_names, name)}", name)
    if not any(weight for _, weight in weights) and len(weights) == len(output.class_names):
        raise impossible(field, "a weight above 0 for one class at least", "only 0")


def _check_pretraining(pretraining: Pretraining, network: Sequence[NamedLayer]) -> None:
    if not is_chain(network):
        raise impossible("training.pretraining", "a network of layers in a chain", "a graph that is no chain")
    unsuited = [layer for layer in network if layer.spec.kind not in PRETRAINABLE]
    if unsuited or len(network[0].input_shape) != 1:
        received = unsuited[0].name if unsuited else f"inputs of shape {network[0].input_shape}"
        raise impossible("training.pretraining", f"a network of {', '.join(PRETRAINABLE)} on flat inputs", received)
    if sum(layer.spec.kind == "dense" for layer in network) < 2:
        raise impossible("training.pretraining", "at least one hidden dense layer", "none")
    if isinstance(pretraining, GreedyLayerwise):
        *hidden, output = dense_blocks(network)
        for block in hidden:
            _check_output_on(block, output)


def _check_output_on(block: Sequence[NamedLayer], output: Sequence[NamedLayer]) -> None:
    """Refuse a hidden layer that the network's output layer cannot follow: pretraining puts the two together."""
    try:
        walk([layer.spec.model_copy(update={"repeat": 1}) for layer in output], block[-1].output_shape)
    except Misfit as misfit:
        raise impossible(
            "training.pretraining",
            f"hidden layers that can each stand before {output[0].name}, which can take {misfit.mismatch.expected}",
            f"{block[-1].name}, which puts out {misfit.mismatch.received}",
        ) from misfit


def dense_blocks(network: Sequence[NamedLayer]) -> list[list[NamedLayer]]:
    """Split layers before each dense one except the first. Layers before the first dense one belong to its block."""
    blocks: list[list[NamedLayer]] = []
    for layer in network:
        if not blocks or (layer.spec.kind == "dense" and any(each.spec.kind == "dense" for each in blocks[-1])):
            blocks.append([])
        blocks[-1].append(layer)
    return blocks
