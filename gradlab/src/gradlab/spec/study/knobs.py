"""Knobs: named changes of a spec that an axis may take in place of a pointer.

Each writes into a spec as JSON with every default written out, and returns the paths of what it wrote, as problems name
them.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from gradlab.spec.study.axes import Knob

# The path of a knob that is one field.
FIELDS: dict[str, tuple[str, ...]] = {
    "optimizer": ("training", "optimizer"),
    "learning_rate": ("training", "optimizer", "learning_rate"),
    "batch_size": ("training", "batch_size"),
    "noise": ("dataset", "noise"),
}
# The field of a layer that a knob writes.
OF_LAYERS = {"width": "units", "activation": "activation", "initializer": "kernel_initializer"}


class Misplaced(Exception):
    """The base spec has nothing that an axis could change.

    Attributes:
        expected, received: as in a `Problem`.
    """

    def __init__(self, expected: str, received: str) -> None:
        super().__init__(f"expected {expected}; received {received}")
        self.expected, self.received = expected, received


def turn(knob: Knob, fields: dict[str, Any], value: Any) -> tuple[str, ...]:
    """Write a knob's value into a spec. Return the paths of what was written.

    Raises:
        Misplaced: the spec has no such part.
    """
    if knob == "depth":
        return (_deepen(fields, value),)
    if knob in FIELDS:
        return (_write_field(knob, fields, value),)
    paths = []
    for path, layer in _changed(knob, fields):
        layer[OF_LAYERS[knob]] = deepcopy(value)
        paths.append(f"{path}.{OF_LAYERS[knob]}")
    if not paths:
        layers = "layers" if knob == "initializer" else "hidden layers"
        raise Misplaced(f"a base spec with {layers} that have `{OF_LAYERS[knob]}`", f"{knob!r}, and none that has")
    return tuple(paths)


def _write_field(knob: str, fields: dict[str, Any], value: Any) -> str:
    *parents, last = FIELDS[knob]
    place = fields
    for name in parents:
        if isinstance(place[name], str):
            place[name] = {"kind": place[name]}
        place = place[name]
    if knob == "noise" and last not in place:
        raise Misplaced("a base spec whose dataset has noise", f"'noise', and the dataset {place.get('kind')}")
    place[last] = deepcopy(value)
    return ".".join(FIELDS[knob])


def _changed(knob: str, fields: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the layers that a knob changes, with their paths."""
    layers = list(_layers(fields, hidden=knob != "initializer"))
    having = [(path, layer) for path, layer in layers if OF_LAYERS[knob] in layer]
    if knob != "activation":
        return iter(having)
    # A layer whose activation stands behind it as a layer of its own stays linear.
    curved = [(path, layer) for path, layer in having if layer["activation"] != {"kind": "linear"}]
    return iter(curved or having)


def _layers(fields: dict[str, Any], *, hidden: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the layers of a spec with their paths, those inside blocks too; `hidden`: without the output layers."""
    model = fields["model"]
    if "nodes" in model:
        outputs = model["outputs"]
        for i, node in enumerate(model["nodes"]):
            if isinstance(node.get("layer"), dict) and not (hidden and node["name"] in outputs):
                yield from _inside(f"model.nodes[{i}].layer", node["layer"])
        return
    layers = model["layers"]
    for i, layer in enumerate(layers[:-1] if hidden else layers):
        yield from _inside(f"model.layers[{i}]", layer)


def _inside(path: str, layer: dict[str, Any] | str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(layer, str):
        return  # another axis has chosen a kind by its name, which has none of the fields that knobs change
    yield path, layer
    for i, inner in enumerate(layer.get("layers") or ()):
        yield from _inside(f"{path}.layers[{i}]", inner)
    if isinstance(held := layer.get("layer"), dict):
        yield from _inside(f"{path}.layer", held)


def _deepen(fields: dict[str, Any], value: Any) -> str:
    """Write the number of hidden layers: the `repeat` of the one form that they have. Return its path."""
    layers = fields["model"].get("layers")
    if layers is None:
        raise Misplaced("a base spec whose model is a chain of layers", "'depth', and a graph")
    hidden = layers[:-1]
    places = [i for i, layer in enumerate(hidden) if "kernel_initializer" in layer or "layers" in layer]
    forms = [{**hidden[i], "repeat": 1} for i in places]
    if not places or places != list(range(places[0], places[-1] + 1)) or any(form != forms[0] for form in forms):
        expected = "a base spec with hidden layers of one form, one behind the other"
        raise Misplaced(expected, f"'depth', and {len(places)} with weights that differ" if places else "'depth'")
    first = places[0]
    layers[first : places[-1] + 1] = [{**forms[0], "repeat": value}]
    return f"model.layers[{first}].repeat"
