"""Operations between tensors, ``x + y`` or ``0.5 * x``, as layers of the vocabulary, and what a layer's call takes."""

from typing import Any

from gradlab.translate.from_keras.calls import Call
from gradlab.translate.from_keras.layers import layer_of
from gradlab.translate.from_keras.notes import Notes
from gradlab.translate.from_keras.objects import KerasObject
from gradlab.translate.from_keras.table import layer_kinds
from gradlab.vocabulary.layers import LayerSpec, Shape

Value = tuple[str, Shape | None]  # the name of a node's output, and its shape

# Operations of `keras.ops` on two tensors, by the layer that computes the same.
OF_TENSORS = {
    "Add": "Add",
    "Subtract": "Subtract",
    "Multiply": "Multiply",
    "Maximum": "Maximum",
    "Minimum": "Minimum",
    "Concatenate": "Concatenate",
}
ADVICE = "operations between tensors that are layers of the vocabulary, such as Add, Multiply or Rescaling"


def is_operation(layer: KerasObject) -> bool:
    """True for an operation of `keras.ops`, which Keras lists among the layers of a functional model."""
    return (layer.module or "").startswith(("keras.src.ops", "keras.ops"))


def operation_layer(layer: KerasObject, call: Call, notes: Notes, where: str) -> LayerSpec | None:
    """Return the layer that computes an operation; None if there is none, which `notes` then says."""
    options = {name: value for name, value in layer.config.items() if name != "name"} | call.options
    if len(call.refs) > 1 and not call.numbers and layer.class_name in OF_TENSORS:
        made = KerasObject(OF_TENSORS[layer.class_name], options)
    elif len(call.tensors) == 1 and len(call.numbers) == 1 and (moved := _rescaling(layer, call)) is not None:
        made = KerasObject("Rescaling", moved)
    else:
        notes.refuse(where, ADVICE, layer.class_name)
        return None
    if made.class_name.lower() not in layer_kinds():
        notes.refuse(where, ADVICE, layer.class_name)
        return None
    spec: LayerSpec | None = layer_of(made, where, notes, {}, ())
    return spec


def _rescaling(layer: KerasObject, call: Call) -> dict[str, float] | None:
    """Return scale and offset of an operation on a tensor and a number; None if it is no such operation."""
    ((place, number),) = call.numbers
    tensor_first = place > 0
    match layer.class_name:
        case "Add":
            return {"scale": 1.0, "offset": number}
        case "Subtract":
            return {"scale": 1.0, "offset": -number} if tensor_first else {"scale": -1.0, "offset": number}
        case "Multiply":
            return {"scale": number, "offset": 0.0}
        case "Divide" | "TrueDivide" if tensor_first and number:
            return {"scale": 1 / number, "offset": 0.0}
        case "Negative":
            return {"scale": -1.0, "offset": 0.0}
    return None


def inputs_of_call(
    layer: KerasObject, call: Call, taken: list[Value], notes: Notes, where: str
) -> tuple[list[Value], dict[str, Any]]:
    """Return the inputs that a layer of the vocabulary has, and the other arguments of its call.

    Attention with queries, keys and values from one tensor has that one input.
    """
    options = dict(call.options)
    if call.numbers and not is_operation(layer):
        notes.refuse(where, "tensors as inputs", str(call.numbers[0][1]))
    if layer.class_name in ("MultiHeadAttention", "GroupQueryAttention"):
        distinct = list(dict.fromkeys(source for source, _ in taken))
        if len(distinct) == 1 and not set(call.named) - {"query", "value", "key"}:
            return taken[:1], options
    for name in call.named:
        expected = "inputs by position: this service's layer takes no other tensors"
        notes.refuse(f"{where}.{name}", expected, "a tensor")
    return taken, options
