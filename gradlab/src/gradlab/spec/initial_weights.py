"""InitialWeights: weights of an uploaded file that runs begin with, in place of weights that are drawn."""

from collections.abc import Iterable, Mapping, Sequence

from pydantic import Field, field_validator

from gradlab.errors import Invalid, Problem
from gradlab.frozen import UPLOAD_ID, ByName, Frozen, PathName, impossible
from gradlab.spec.network import NamedLayer
from gradlab.spec.problems import among

FIELD = "training.initial_weights"
# What stands between a layer's name and a tensor's in the file.
SEPARATOR = "/"
# Tensors that a refusal names.
MAX_LISTED = 5

Shape = tuple[int, ...]


class InitialWeights(Frozen):
    """The weights that every run begins with, whatever its seed."""

    id: str = Field(pattern=UPLOAD_ID)
    """The id of uploaded weights, which `POST /weights` returns."""
    layers: ByName[PathName] | None = None
    """The layers that begin with weights of the file, each with the file's layer. The others are drawn by their
    initialisers. Null: all layers, by their own names."""

    @field_validator("layers")
    @classmethod
    def _some(cls, layers: ByName[str] | None) -> ByName[str] | None:
        if layers is not None and not layers:
            raise ValueError("one layer at least, or null for all of them")
        return layers

    def source_of(self, layer: str) -> str | None:
        """Return the layer of the file whose weights a layer of the network begins with; None if it is drawn."""
        return layer if self.layers is None else self.layers.get(layer)


def given_layers(start: InitialWeights | None, layers: Iterable[NamedLayer]) -> dict[str, str]:
    """Return the layers that begin with weights of a file, each with the file's layer."""
    if start is None:
        return {}
    sources = {layer.name: start.source_of(layer.name) for layer in layers if has_weights(layer)}
    return {name: source for name, source in sources.items() if source is not None}


def has_weights(layer: NamedLayer) -> bool:
    """True if a layer has trained tensors or running averages of its own."""
    return bool(layer.tensors or layer.averages)


def tensors_in(layer: NamedLayer, name: str) -> dict[str, Shape]:
    """Return the tensors of a layer as a file has them under `name`, in Keras's order: trained ones, then averages."""
    own = {tensor.parameter: tensor.shape for tensor in layer.tensors} | layer.averages
    return {f"{name}{SEPARATOR}{tensor}": shape for tensor, shape in own.items()}


def check_start(start: InitialWeights | None, layers: Sequence[NamedLayer], *, is_pretrained: bool) -> None:
    """Refuse initial weights that the network cannot begin with. Raises pydantic's error with the field."""
    if start is None:
        return
    if is_pretrained:
        raise impossible(FIELD, "null with pretraining, which begins with drawn weights", start.id)
    weighted = [layer.name for layer in layers if has_weights(layer)]
    for name in start.layers or ():
        if name not in weighted:
            raise impossible(f"{FIELD}.layers", f"a layer with weights of its own: {among(weighted, name)}", name)


def check_fits(start: InitialWeights, layers: Sequence[NamedLayer], shapes: Mapping[str, Shape]) -> None:
    """Refuse a file that does not hold what a network is to begin with.

    Args:
        start: the initial weights, as the spec has them.
        layers: all layers of the network.
        shapes: the shape of each tensor of the file.

    Raises:
        Invalid: a tensor is missing, has another shape, or belongs to no layer where all layers are given.
    """
    by_name, expected = {layer.name: layer for layer in layers}, dict[str, Shape]()
    for name, source in given_layers(start, layers).items():
        own = tensors_in(by_name[name], source)
        expected |= own
        for tensor, shape in own.items():
            if tensor not in shapes:
                raise Invalid(Problem(f"{FIELD}.id", f"weights with {tensor} of shape {shape}", _listed([*shapes])))
            if shapes[tensor] != shape:
                raise Invalid(Problem(f"{FIELD}.id", f"{tensor} of shape {shape}", str(shapes[tensor])))
    if start.layers is None and (others := [tensor for tensor in shapes if tensor not in expected]):
        raise Invalid(Problem(f"{FIELD}.id", "weights of this network's layers alone", f"{_listed(others)} as well"))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_LISTED:,} more" if len(names) > MAX_LISTED else ""
    return f"{', '.join(names[:MAX_LISTED]) or 'no tensor'}{more}"
