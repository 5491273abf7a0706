"""A network's layers with repeats written out, their names, and the shapes between them."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from gradlab.measurement.history import Tensor
from gradlab.vocabulary.layers import LayerSpec, Shape, ShapeMismatch


@dataclass(frozen=True)
class NamedLayer:
    """One layer of a network, repeats written out.

    Attributes:
        name: its kind, and its number among the layers of that kind, counted from the input: ``dense_1``.
        spec: the layer as the spec has it.
        input_shape: without the batch axis.
        output_shape: without the batch axis.
        inner: the layers inside a block, first to last; empty for other layers.
    """

    name: str
    spec: LayerSpec
    input_shape: Shape
    output_shape: Shape
    inner: tuple["NamedLayer", ...] = ()

    @cached_property
    def tensors(self) -> tuple[Tensor, ...]:
        """Its own trainable tensors, in Keras's order, without those of inner layers."""
        shapes = self.spec.parameters(self.input_shape)
        return tuple(Tensor(self.name, parameter, shape) for parameter, shape in shapes.items())

    @property
    def parameter_count(self) -> int:
        """Number of its own trainable parameters, without those of inner layers."""
        return sum(math.prod(tensor.shape) for tensor in self.tensors)


class Misfit(Exception):
    """A layer cannot take the output of the layer before it.

    Attributes:
        path: the layer's place in the spec: ``layers[2]``, ``layers[2].layers[0]``.
        name: the layer's name in the network: ``dense_3``.
        mismatch: the expected and the received shape.
    """

    def __init__(self, path: str, name: str, mismatch: ShapeMismatch) -> None:
        super().__init__(f"{path}: {mismatch}")
        self.path = path
        self.name = name
        self.mismatch = mismatch


def layer_count(layers: Sequence[LayerSpec]) -> int:
    """Return the number of layers with repeats written out, including those inside blocks."""
    return sum(layer.repeat * (1 + layer_count(layer.inner)) for layer in layers)


def walk(layers: Sequence[LayerSpec], input_shape: Shape) -> tuple[NamedLayer, ...]:
    """Compute the shapes through all layers, repeats written out.

    Raises:
        Misfit: a layer cannot take the output of the layer before it.
    """
    return _walk(layers, input_shape, Counter(), "layers")


def _walk(layers: Sequence[LayerSpec], shape: Shape, counted: Counter[str], path: str) -> tuple[NamedLayer, ...]:
    named = []
    for place, layer in enumerate(layers):
        where = f"{path}[{place}]"
        for _ in range(layer.repeat):
            inner = _walk(layer.inner, shape, counted, f"{where}.layers")
            counted[layer.kind] += 1
            name = f"{layer.kind}_{counted[layer.kind]}"
            try:
                output_shape = layer.output_shape_from(shape, inner[-1].output_shape if inner else shape)
            except ShapeMismatch as mismatch:
                raise Misfit(where, name, mismatch) from mismatch
            named.append(NamedLayer(name, layer, shape, output_shape, inner))
            shape = output_shape
    return tuple(named)


def in_order(layers: Sequence[NamedLayer]) -> Iterator[NamedLayer]:
    """Yield every layer in the order of the forward pass: those inside a block, then the block."""
    for layer in layers:
        yield from in_order(layer.inner)
        yield layer
