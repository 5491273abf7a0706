"""Inputs and outputs of a network: the samples that enter it, and the predictions with their targets and losses."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradlab.frozen import ByName, impossible, of_name
from gradlab.spec.graph import Graph, GraphSpec, split_source
from gradlab.spec.masks import masking_layers
from gradlab.spec.network import NamedLayer, leading_to
from gradlab.spec.problems import among
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from gradlab.vocabulary.layers import Shape
from gradlab.vocabulary.losses import LossFunction, encoding
from gradlab.vocabulary.metrics import default_metrics
from gradlab.vocabulary.targets import Target

if TYPE_CHECKING:
    from gradlab.spec.experiment import ExperimentSpec


@dataclass(frozen=True)
class NetworkInput:
    """One input of a network.

    Attributes:
        name: the name by which layers take it; ``input`` in a chain.
        shape: the shape of one sample, without the batch axis.
        whole_below: the upper bound, exclusive, of inputs that are whole numbers from 0; None for other inputs.
    """

    name: str
    shape: Shape
    whole_below: int | None


@dataclass(frozen=True)
class NetworkOutput:
    """One output of a network: a prediction, what it is to predict, and how its errors count.

    Attributes:
        name: the name of its node, or of a nested graph's output: ``price``, ``encoder.left``; "" for the only output.
        layer: the layer that makes it.
        target: the form of its targets.
        class_names: the classes by name, in the order of their numbers; () for labels and values.
        loss: its loss.
        weight: the weight of its loss in the network's.
        metric_names: its metrics, without the output's name.
        path: its place in the spec: ``model.layers[4]``, ``model.outputs[1]``.
        mask: the layer that masks the time steps that its loss leaves out; None where it has none, or no targets at
            time steps.
    """

    name: str
    layer: NamedLayer
    target: Target
    class_names: tuple[str, ...]
    loss: LossFunction
    weight: float
    metric_names: tuple[str, ...]
    path: str
    mask: NamedLayer | None = None

    @property
    def prefix(self) -> str:
        """The prefix of the names of its loss and its metrics: ``price_``; "" for the only output."""
        return f"{self.name}_" if self.name else ""

    @property
    def one_hot(self) -> bool:
        """True if its targets are one-hot rows, with one unit per class, rather than a single 0 or 1."""
        return encoding(self.target, self.layer.output_shape[-1]) == "one_hot"


def inputs_of(spec: "ExperimentSpec") -> tuple[NetworkInput, ...]:
    """Return the inputs of a spec's network in the order of the model."""
    dataset = spec.dataset
    return tuple(NetworkInput(n, dataset.shape_of(n), dataset.whole_below_of(n)) for n in spec.model.inputs)


def outputs_of(spec: "ExperimentSpec") -> tuple[NetworkOutput, ...]:
    """Return the outputs of a spec's network in the order of the model."""
    dataset, training, model = spec.dataset, spec.training, spec.model
    if not isinstance(model, GraphSpec):
        sources = {"": spec.network[-1].name}
    else:
        sources = {name: layer_of(model, name) for name in model.outputs}
    by_name = {layer.name: layer for layer in spec.network}
    targets = {source: dataset.target_of(source) for source in sources}
    masks = masking_layers(spec.layers, model.inputs) if any(each.steps for each in targets.values()) else {}
    outputs = []
    for place, (source, layer) in enumerate(sources.items()):
        target = targets[source]
        mask = masks[layer] if target.steps else None
        outputs.append(
            NetworkOutput(
                name=source if len(sources) > 1 else "",
                layer=by_name[layer],
                target=target,
                class_names=dataset.class_names_of(source),
                loss=of_name(training.loss, source),
                weight=1.0 if training.loss_weights is None else training.loss_weights.get(source, 1.0),
                metric_names=_metrics(training.metrics, source, target),
                path=f"model.outputs[{place}]" if isinstance(model, GraphSpec) else f"model.{model.last}",
                mask=mask if isinstance(mask, NamedLayer) else None,  # an unfollowed one is refused
            )
        )
    return tuple(outputs)


def _metrics(metrics: Any, name: str, target: Target) -> tuple[str, ...]:
    if isinstance(metrics, ByName):
        return tuple(metrics.get(name, ()))
    return default_metrics(target) if metrics is None else tuple(metrics)


def layer_of(graph: Graph, source: str, prefix: str = "") -> str:
    """Return the name of the layer that makes an output of a graph, nested graphs written out."""
    name, output = split_source(source)
    inside = graph.origin(graph.by_name[name]).graph
    if inside is None:
        return f"{prefix}{name}"
    return layer_of(inside, output or inside.outputs[0], f"{prefix}{name}.")


def takes_rows(layers: Sequence[NamedLayer], name: str) -> bool:
    """True if nothing but embeddings takes an input: it holds numbers of rows, not sizes."""
    return all(layer.spec.kind == "embedding" for layer in layers if name in layer.inputs)


def hidden_names(
    layers: Sequence[NamedLayer], weighted: Collection[str], outputs: Sequence[NetworkOutput]
) -> frozenset[str]:
    """Return the names of the layers before those that make an output.

    Args:
        layers: all layers in the order of the forward pass, with their inputs.
        weighted: the names of those that count as layers with weights.
        outputs: the network's outputs.
    """
    hidden = leading_to(layers, weighted)
    if len(outputs) > 1:  # one of several outputs may stand before others
        hidden -= {name for output in outputs for name in _making(layers, output.layer.name)}
    return hidden


def _making(layers: Sequence[NamedLayer], output: str) -> frozenset[str]:
    """The names of the layers that make an output: the last one with weights before it, and those behind that.

    Args:
        layers: all layers, with their inputs.
        output: the name of the layer whose output it is.
    """
    by_name, names = {layer.name: layer for layer in layers}, [output]
    while (layer := by_name[names[-1]]) and not layer.spec.parameters(layer.input_shape):
        if len(layer.inputs) != 1 or layer.inputs[0] not in by_name:
            break
        names.append(layer.inputs[0])
    return frozenset(names)


def check_names(spec: "ExperimentSpec") -> None:
    """Refuse objects by input or output that do not name all of the network's, or that name others.

    Raises:
        PydanticCustomError: with the field.
    """
    dataset, training, model = spec.dataset, spec.training, spec.model
    inputs, outputs = model.inputs, getattr(model, "outputs", ())
    if not isinstance(dataset, UploadedDataset):
        for what, names in (("inputs", inputs), ("outputs", outputs)):
            if len(names) > 1:
                expected = f"one of the {what}, as the dataset {dataset.kind} has: only an uploaded one has several"
                raise impossible(f"model.{what}", expected, ", ".join(names))
    else:
        _check_object("dataset.features", dataset.features, inputs, "input", "columns")
        _check_object("dataset.target", dataset.target_columns, outputs, "output", "columns to predict")
        _check_order("inputs", dataset.input_names, inputs)
        _check_order("outputs", dataset.output_names, outputs)
        _check_optional("dataset.task", dataset.task, outputs, "task", is_whole=True)
    _check_optional("training.loss", training.loss, outputs, "loss", is_whole=True)
    _check_optional("training.loss_weights", training.loss_weights, outputs, "weight")
    _check_optional("training.metrics", training.metrics, outputs, "metrics")
    if training.loss_weights is not None and not any(training.loss_weights.get(name, 1.0) for name in outputs):
        raise impossible("training.loss_weights", "a weight above 0 for one output at least", "only 0")


def _check_object(field: str, value: Any, names: Sequence[str], what: str, contents: str) -> None:
    """Refuse a field that is no object by name where there are several, or one where there is one."""
    if len(names) > 1 and not isinstance(value, ByName):
        expected = f"an object with the {contents} of each {what}: {', '.join(names)}"
        received = "null" if value is None else value if isinstance(value, str) else ", ".join(value)
        raise impossible(field, expected, received)
    _check_optional(field, value, names, contents, is_whole=True, what=what)


def _check_order(field: str, filled: Sequence[str], names: Sequence[str]) -> None:
    """Refuse samples in another order than the network's."""
    if filled and tuple(filled) != tuple(names):
        raise impossible(f"dataset.samples.{field}", f"the network's order: {', '.join(names)}", ", ".join(filled))


def _check_optional(
    field: str, value: Any, names: Sequence[str], contents: str, *, is_whole: bool = False, what: str = "output"
) -> None:
    """Refuse an object by name for a network with one input or output, and one that names others, or not all."""
    if not isinstance(value, ByName):
        return
    if len(names) < 2:
        received = f"an object by {what}: {', '.join(value)}"
        raise impossible(field, f"{contents} without a name, as the network has one {what}", received)
    for name in value:
        if name not in names:
            raise impossible(field, f"{contents} by {what}: {among(names, name)}", name)
    missing = [name for name in names if name not in value]
    if is_whole and missing:
        raise impossible(f"{field}.{missing[0]}", f"the {contents} of each {what}: {', '.join(names)}", "nothing")


def check_output(output: NetworkOutput, dataset_kind: str) -> None:
    """Refuse a loss that does not fit an output's targets, and units that do not fit its loss.

    Raises:
        PydanticCustomError: with the field.
    """
    target, loss, of = output.target, output.loss, f" of {output.name}" if output.name else ""
    fitting = loss.units_for(target)
    if not fitting:
        raise impossible(
            f"training.loss{'.' if output.name else ''}{output.name}",
            f"a loss for {target}{of}{_advice(target)}",
            loss.kind,
        )
    valid = [(*target.steps, units) for units in fitting]
    if output.layer.output_shape not in valid:
        raise impossible(
            output.path,
            f"an output of shape {' or '.join(map(str, valid))} for {loss.kind} on {dataset_kind}, which has {target}"
            f"{' for ' if output.name else ''}{output.name}{_output_advice(loss, target)}",
            str(output.layer.output_shape),
        )


USUAL: Mapping[str, str] = {
    "classes": "categorical_crossentropy with one softmax unit per class",
    "labels": "binary_crossentropy with one sigmoid unit per label",
    "values": "mean_squared_error with one linear unit per value",
}


def _advice(target: Target) -> str:
    return f", such as {USUAL[target.kind]}"


def _output_advice(loss: LossFunction, target: Target) -> str:
    """Return a hint at the loss's usual output layer; empty if the loss has none."""
    if loss.output_activation is None:
        return ""
    units = loss.units_for(target)[0]
    return f": end with {units} {loss.output_activation} unit{'s' * (units != 1)}"


def check_metric_names(names: Sequence[str], outputs: Sequence[NetworkOutput]) -> None:
    """Refuse outputs by whose names two metrics are called the same.

    Args:
        names: of all metrics of training and validation.
        outputs: the network's outputs.
    """
    if twice := next((name for name, count in Counter(names).items() if count > 1), None):
        expected = "outputs of other names, by which each metric has a name of its own"
        raise impossible("model.outputs", expected, f"{', '.join(each.name for each in outputs)}: {twice} twice")
