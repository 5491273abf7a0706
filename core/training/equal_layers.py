"""Equal layers of a compiled program, which read their weights by the same code.

XLA compiles fusions that are the same once. Where a layer begins in the row of weights would be a constant in each
fusion that reads it, so that each of fifty equal layers would be compiled by itself. Here it is an argument of the
program, one for each layer: of one array with all, each fusion would have a constant place.
"""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import tensorflow as tf
from tensorflow.compiler.tf2xla.ops import gen_xla_ops
from tensorflow.python.framework import ops
from tensorflow.python.ops import control_flow_util

from core.plan.equal_layers import equal_layers
from core.training.network import Network


class EqualLayers:
    """The large layers of a network that are equal to others."""

    def __init__(self, network: Network) -> None:
        owners = [layer.keras for layer in network.layers if not layer.named.shares]
        shapes = [tuple(tuple(variable.shape) for variable in owner.trainable_variables) for owner in owners]
        equal = equal_layers(shapes)
        self._layers: list[tuple[int, int, list[int]]] = []  # first tensor, first number, sizes of tensors
        tensor = number = 0
        for each in shapes:
            sizes = [math.prod(shape) for shape in each]
            if each in equal:
                self._layers.append((tensor, number, sizes))
            tensor, number = tensor + len(each), number + sum(sizes)

    @cached_property
    def begins(self) -> list[Any]:
        """The place in the rows at which each of these layers begins, (2,) int32 each, with 0 for the row first."""
        return [tf.constant([0, number]) for _, number, _ in self._layers]

    def read(self, rows: Any, begins: Sequence[Any]) -> Iterator[tuple[int, list[Any]]]:
        """Yield the number of each layer's first tensor, and its tensors.

        Args:
            rows: (width, numbers).
            begins: as the property, arguments of the program that is traced.
        """
        for (tensor, _, sizes), begin in zip(self._layers, begins, strict=True):
            layer = gen_xla_ops.xla_dynamic_slice(rows, begin, [rows.shape[0], sum(sizes)])
            yield tensor, tf.split(layer, sizes, axis=1)


def is_compiled() -> bool:
    """Return True while a function is traced that XLA compiles: other functions have no operations of XLA."""
    return bool(control_flow_util.GraphOrParentsInXlaContext(ops.get_default_graph()))
