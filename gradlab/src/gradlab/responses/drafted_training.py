"""Training of a draft: loss, optimiser and batches, as assumptions, as compiled, or as usual for the task."""

from typing import Any

from gradlab.schemas.drafts import BATCH_SIZE, DraftRequest
from gradlab.spec.experiment import ModelSpec
from gradlab.spec.graph import Graph, split_source
from gradlab.spec.output import passes_on
from gradlab.translate.from_keras import Translation
from gradlab.vocabulary.layers import LayerSpec


def training_of(request: DraftRequest, translation: Translation, task: str, assumptions: list[str]) -> dict[str, Any]:
    """Return the fields of `training` but epochs."""
    compiled = translation.training
    fields: dict[str, Any] = {"batch_size": request.batch_size}
    if request.loss is not None:
        fields["loss"] = request.loss.model_dump(mode="json")
    elif compiled is not None:
        fields["loss"] = compiled.model_dump(mode="json")["loss"]
    else:
        fields["loss"] = _usual_loss(translation, task)
        assumptions.append(f"The loss is {_in_words(fields['loss'])}: the model has no compile configuration.")
    chosen = request.optimizer or (compiled.optimizer if compiled is not None else None)
    if chosen is None:
        assumptions.append("The optimiser is Adam with Keras's rate of 0.001: the model has no compile configuration.")
    fields["optimizer"] = chosen.model_dump(mode="json") if chosen is not None else "adam"
    if compiled is not None and compiled.metrics and request.loss is None:
        fields["metrics"] = compiled.model_dump(mode="json")["metrics"]
    if request.batch_size == BATCH_SIZE:
        assumptions.append(f"Batches have {BATCH_SIZE} samples, as `fit` has them if nothing is said.")
    return fields


def _usual_loss(translation: Translation, task: str) -> dict[str, Any]:
    """The usual loss of the task; on logits where the output has no activation."""
    if task in ("values", "inputs"):
        return {"kind": "mean_squared_error"}
    shape = translation.output_shape
    one_unit = task == "labels" or (shape is not None and shape[-1] == 1)
    kind = "binary_crossentropy" if one_unit else "categorical_crossentropy"
    return {"kind": kind, "from_logits": _has_no_activation(_output_layer(translation.model))}


def _output_layer(model: ModelSpec | Graph, source: str = "") -> LayerSpec | None:
    """The layer that has the last activation, past layers that only pool, reshape or disturb their input.

    Args:
        model: the network, or a graph inside it.
        source: the output that is meant, by its name in a nested graph; "" for the first one.

    Returns:
        The layer; None where it is the network's input.
    """
    if isinstance(model, ModelSpec):
        return next((layer for layer in reversed(model.layers) if not passes_on(layer)), None)
    outputs = {split_source(each)[0]: each for each in model.outputs}
    name, inner = split_source(outputs.get(source, model.outputs[0]))
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
