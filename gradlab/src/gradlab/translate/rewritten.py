"""Pieces of a rewritten network: what becomes of each of the user's layers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from gradlab.remedies.rewriting.alignment import LayerChange, changes
from gradlab.spec import ExperimentSpec
from gradlab.translate.equivalent import Equivalent
from gradlab.vocabulary.activations import Linear
from gradlab.vocabulary.layers import Layer, LayerSpec
from gradlab.vocabulary.layers.dense import ActivationLayer

ANY_LAYER: TypeAdapter[LayerSpec] = TypeAdapter(Layer)


@dataclass(frozen=True)
class Piece:
    """One of the user's layers, and the layers that take its place.

    Attributes:
        layer: the user's name of the layer.
        before: the layer as it is.
        after: the layers that take its place, first to last; () if it is removed.
        fields: the fields of the layer that change, of an inner layer with ``layer.`` in front.
        around: the factor of a residual connection around the layer; None if there is none.
    """

    layer: str
    before: LayerSpec
    after: tuple[LayerSpec, ...]
    fields: tuple[str, ...] = ()
    around: float | None = None

    @property
    def change(self) -> object:
        """Everything but the layer's name: equal for layers that change alike."""
        return self.before, self.after, self.fields, self.around


# Where a change is that is no field of a layer: another layer, and in a graph what it takes and whose weights it uses.
PLACES, WIRING = ("", "behind", "around"), ("inputs", "shares")


def pieces(before: Equivalent, after: ExperimentSpec) -> list[Piece]:
    """Return a piece for each of the user's layers that a remedy changes, input side first."""
    by_layer: dict[str, list[LayerChange]] = {}
    for change in changes(before.spec, after):
        by_layer.setdefault(change.layer, []).append(change)
    layers = {layer.name: layer.spec.model_copy(update={"repeat": 1}) for layer in before.spec.layers}
    named = [name for name in layers if name in by_layer and name in before.names]
    return [_piece(before.names[name], layers[name], by_layer[name]) for name in named]


def _piece(name: str, layer: LayerSpec, made: list[LayerChange]) -> Piece:
    fields = {change.where: change.after for change in made if change.where not in (*PLACES, *WIRING)}
    inside = [_layer(change.after) for change in made if change.where == "before_activation"]
    fields.pop("before_activation", None)
    behind = [_layer(change.after) for change in made if change.where == "behind"]
    around = next((float(change.after["scale"]) for change in made if change.where == "around"), None)
    replaced = [change.after for change in made if change.where == ""]
    if replaced:
        return Piece(name, layer, tuple(_layer(each) for each in replaced if each), around=around)
    changed = _with(layer, fields)
    main = _around_activation(changed, inside) if inside else [changed]
    return Piece(name, layer, (*main, *behind), tuple(fields), around)


def _around_activation(layer: LayerSpec, inside: list[LayerSpec]) -> list[LayerSpec]:
    """Return the layer without its activation, the layers before the activation, and the activation."""
    function = layer.function
    if function is None or function == Linear():
        return [layer, *inside]
    linear = layer.model_copy(update={"activation": Linear()})
    return [linear, *inside, ActivationLayer.model_validate({"activation": function})]


def _with(layer: LayerSpec, fields: Mapping[str, Any]) -> LayerSpec:
    """Return the layer with other fields, those of an inner layer with ``layer.`` in front."""
    data = layer.model_dump(mode="json")
    for field, value in fields.items():
        outer, _, inner = field.partition(".")
        if inner:
            data[outer][inner] = value
        else:
            data[outer] = value
    return ANY_LAYER.validate_python(data)


def _layer(data: dict[str, Any]) -> LayerSpec:
    return ANY_LAYER.validate_python(data)


def alike(changed_layers: list[Piece]) -> Iterator[tuple[Piece, list[str]]]:
    """Yield each different change once, with the names of the layers that change so."""
    groups: list[tuple[Piece, list[str]]] = []
    for piece in changed_layers:
        group = next((group for group in groups if group[0].change == piece.change), None)
        if group:
            group[1].append(piece.layer)
        else:
            groups.append((piece, [piece.layer]))
    yield from groups
