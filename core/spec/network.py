"""A network's layers as a reader counts them, with the shapes that flow through."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.history import Tensor
from core.layers import LayerSpec, Shape


@dataclass(frozen=True)
class NamedLayer:
    """One layer of a network, repeats written out.

    Attributes:
        name: its kind and its number among its kind, counted from the input: ``dense_1``.
        spec: what was asked for.
        input_shape: what goes in, without the batch axis.
        output_shape: what comes out, without the batch axis.
    """

    name: str
    spec: LayerSpec
    input_shape: Shape
    output_shape: Shape

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Its trainable tensors, in Keras's order."""
        shapes = self.spec.parameters(self.input_shape)
        return tuple(Tensor(self.name, parameter, shape) for parameter, shape in shapes.items())

    @property
    def parameter_count(self) -> int:
        """How many trainable numbers it has."""
        return sum(math.prod(tensor.shape) for tensor in self.tensors)


def layer_count(layers: Sequence[LayerSpec]) -> int:
    """How many layers there are once repeats are written out."""
    return sum(layer.repeat for layer in layers)


def walk(layers: Sequence[LayerSpec], input_shape: Shape) -> tuple[NamedLayer, ...]:
    """Send a shape through all layers, repeats written out."""
    counted: Counter[str] = Counter()
    named, shape = [], input_shape
    for layer in layers:
        for _ in range(layer.repeat):
            counted[layer.kind] += 1
            output_shape = layer.output_shape(shape)
            named.append(NamedLayer(f"{layer.kind}_{counted[layer.kind]}", layer, shape, output_shape))
            shape = output_shape
    return tuple(named)
