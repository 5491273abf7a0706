"""Training of a draft: loss, optimiser and batches, as assumptions, as compiled, or as usual for the task."""

from collections.abc import Mapping
from typing import Any

from gradlab.schemas.drafts import BATCH_SIZE, DraftRequest
from gradlab.spec.experiment import ModelSpec
from gradlab.spec.graph import Graph, split_source
from gradlab.spec.output import passes_on
from gradlab.translate.from_keras import Translation
from gradlab.vocabulary.layers import LayerSpec


def training_of(
    request: DraftRequest, translation: Translation, task: str | Mapping[str, str], assumptions: list[str]
) -> dict[str, Any]:
    """Return the fields of `training` but epochs. The task of several outputs may be one by their names."""
    compiled = translation.training
    fields: dict[str, Any] = {"batch_size": request.batch_size}
    if request.loss is not None:
        fields["loss"] = request.model_dump(mode="json")["loss"]
    elif compiled is not None:
        fields["loss"] = compiled.model_dump(mode="json")["loss"]
    else:
        fields["loss"], words = _usual_losses(translation, task)
        assumptions.append(f"The loss is {words}: the model has no compile configuration.")
    chosen = request.optimizer or (compiled.optimizer if compiled is not None else None)
    if chosen is None:
        assumptions.append("The optimiser is Adam with Keras's rate of 0.001: the model has no compile configuration.")
    fields["optimizer"] = chosen.model_dump(mode="json") if chosen is not None else "adam"
    if compiled is not None and request.loss is None:
        given = compiled.model_dump(mode="json")
        fields |= {name: given[name] for name in ("metrics", "loss_weights") if given.get(name)}
    if request.batch_size == BATCH_SIZE:
        assumptions.append(f"Batches have {BATCH_SIZE} samples, as `fit` has them if nothing is said.")
    return fields


def _usual_losses(translation: Translation, task: str | Mapping[str, str]) -> tuple[dict[str, Any], str]:
    """Return the usual loss, of several outputs by their names, and as words."""
    outputs = getattr(translation.model, "outputs", ())
    if len(outputs) < 2:
        loss = _usual_loss(translation.model, "", translation.output_shape, str(task))
        return loss, _in_words(loss)
    losses = {}
    for name, shape in zip(outputs, translation.output_shapes, strict=True):
        losses[name] = _usual_loss(translation.model, name, shape, task if isinstance(task, str) else task[name])
    return losses, ", ".join(f"{_in_words(loss)} for {name}" for name, loss in losses.items())


def _usual_loss(model: ModelSpec | Graph, output: str, shape: tuple[int, ...] | None, task: str) -> dict[str, Any]:
    """The usual loss of the task; on logits where the output has no activation."""
    if task in ("values", "inputs"):
        return {"kind": "mean_squared_error"}
    one_unit = task == "labels" or (shape is not None and shape[-1] == 1)
    kind = "binary_crossentropy" if one_unit else "categorical_crossentropy"
    return {"kind": kind, "from_logits": _has_no_activation(_output_layer(model, output))}


def _output_layer(model: ModelSpec | Graph, source: str = "") -> LayerSpec | None:
    """The layer that has the last activation, past layers that only pool, reshape or disturb their input.

    Args:
        model: the network, or a graph inside it.
        source: the output that is meant, by its name; "" for the first one.

    Returns:
        The layer; None where it is the network's input.
    """
    if isinstance(model, ModelSpec):
        return next((layer for layer in reversed(model.layers) if not passes_on(layer)), None)
    name, inner = split_source(source or model.outputs[0])
    while (node := model.by_name.get(name)) is not None:
        origin = model.origin(node)
        if origin.graph is not None:
            return _output_layer(origin.graph, inner)
        if origin.layer is None or not passes_on(origin.layer) or len(node.inputs) > 1:
            return origin.layer
        name, inner = split_source(node.inputs[0])
    return None


def _has_no_activation(layer: LayerSpec | None) -> bool:
    function = layer.function if layer is not None else None
    return function is None or function.kind == "linear"


def _in_words(loss: dict[str, Any]) -> str:
    return f"{loss['kind']} on logits" if loss.get("from_logits") else str(loss["kind"])
