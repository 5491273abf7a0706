"""A network's layers as a reader counts them, with the shapes that flow through."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gradlab.measurement.history import Tensor
from gradlab.vocabulary.layers import LayerSpec, Shape, ShapeMismatch


@dataclass(frozen=True)
class NamedLayer:
    """One layer of a network, repeats written out.

    Attributes:
        name: its kind and its number among its kind, counted from the input: ``dense_1``.
        spec: what was asked for.
        input_shape: what goes in, without the batch axis.
        output_shape: what comes out, without the batch axis.
        inner: the layers inside a block, first to last.
    """

    name: str
    spec: LayerSpec
    input_shape: Shape
    output_shape: Shape
    inner: tuple["NamedLayer", ...] = ()

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Its own trainable tensors, in Keras's order, those of inner layers apart."""
        shapes = self.spec.parameters(self.input_shape)
        return tuple(Tensor(self.name, parameter, shape) for parameter, shape in shapes.items())

    @property
    def parameter_count(self) -> int:
        """How many trainable numbers it has itself."""
        return sum(math.prod(tensor.shape) for tensor in self.tensors)


class Misfit(Exception):
    """A layer cannot take what the layer before it puts out.

    Attributes:
        path: where the layer stands in the spec: ``layers[2]``, ``layers[2].layers[0]``.
        mismatch: what it can take, and what came.
    """

    def __init__(self, path: str, name: str, mismatch: ShapeMismatch) -> None:
        super().__init__(f"{path}: {mismatch}")
        self.path = path
        self.name = name
        self.mismatch = mismatch


def layer_count(layers: Sequence[LayerSpec]) -> int:
    """How many layers there are once repeats are written out, those inside blocks among them."""
    return sum(layer.repeat * (1 + layer_count(layer.inner)) for layer in layers)


def walk(layers: Sequence[LayerSpec], input_shape: Shape) -> tuple[NamedLayer, ...]:
    """Send a shape through all layers, repeats written out. Raises Misfit where one cannot take what comes."""
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
                output_shape = layer.around(shape, inner[-1].output_shape if inner else shape)
            except ShapeMismatch as mismatch:
                raise Misfit(where, name, mismatch) from mismatch
            named.append(NamedLayer(name, layer, shape, output_shape, inner))
            shape = output_shape
    return tuple(named)


def in_order(layers: Sequence[NamedLayer]) -> Iterator[NamedLayer]:
    """Every layer in the order in which samples pass it: those inside a block before the block."""
    for layer in layers:
        yield from in_order(layer.inner)
        yield layer
