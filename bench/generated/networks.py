"""Random networks that fit the inputs of a dataset and the outputs of a loss."""

import math
import string
from collections.abc import Sequence
from random import Random
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bench.generated.fields import FieldDrawer, Fields
from bench.generated.scale import Scale
from gradlab.frozen import Frozen, kind_of
from gradlab.vocabulary.datasets import DatasetSpec
from gradlab.vocabulary.layers import Layer, LayerSpec, Shape, ShapeMismatch
from gradlab.vocabulary.layers.attention import Embedding
from gradlab.vocabulary.layers.dense import Dense
from gradlab.vocabulary.layers.pooling import Reshape
from gradlab.vocabulary.losses import LossFunction

LAYER = TypeAdapter(Layer)
# Attempts at drawing a layer that fits, before it is left out.
DRAWS = 30
# Nesting depth of blocks.
MAX_DEPTH = 2
# Kinds beside those of volumes that take inputs of four axes.
FOUR_AXES = ("conv3d_transpose", "conv_lstm2d")
# Probability that the output layer has the usual activation of its loss.
USUAL_OUTPUT = 0.8


class NetworkDrawer:
    """Draws layers one after another, each for the output shape of the one before.

    Args:
        random: the source of chance.
        scale: how large the network may be.
        members: kinds of layers to choose from.
        focus: the kind that is drawn most often.
    """

    def __init__(
        self, random: Random, scale: Scale, members: Sequence[type[LayerSpec]], focus: type[LayerSpec]
    ) -> None:
        self._random, self._scale = random, scale
        # Most inputs are flat, and most layers need another shape: reshaping is drawn more often.
        self._members: list[type[LayerSpec]] = [
            *members,
            *[focus] * (len(members) // 2),
            *[Reshape] * (len(members) // 8),
        ]
        self._axes = 3 if kind_of(focus).endswith("3d") or kind_of(focus) in FOUR_AXES else 2
        self._steps = self._depth = 0
        self._shape: Shape = ()
        special = {"repeat": self._repeat, "layers": self._inner, "target_shape": self._target_shape}
        special |= {"equation": self._equation, "output_shape": self._sizes, "bias_axes": self._bias_axes}
        self._fields = FieldDrawer(random, scale.size, special)

    def network(self, dataset: DatasetSpec, loss: LossFunction) -> list[Fields]:
        """Draw hidden layers and an output layer."""
        self._steps = 0
        layers: list[Fields] = []
        shape = dataset.feature_shape
        if dataset.whole_below and self._random.random() < 0.5:
            rows = dataset.whole_below + self._random.choice([0, 0, 3])
            layers, shape = self._layer(shape, Embedding, input_dim=rows)
        for _ in range(self._random.randint(0, self._scale.layers)):
            drawn, shape = self._layer(shape)
            layers += drawn
        units = self._random.choice(loss.units_for(dataset.target))
        return layers + self._output(shape, (*dataset.target.steps, units), loss)

    def _layer(self, shape: Shape, member: type[LayerSpec] | None = None, **given: Any) -> tuple[list[Fields], Shape]:
        """Draw one layer for inputs of `shape`.

        Returns:
            The layer in a list, empty after `DRAWS` misfits; and the output shape.
        """
        for _ in range(DRAWS):
            self._shape, steps = shape, self._steps
            chosen: type[LayerSpec] = member or self._random.choice(self._members)
            if "layers" in chosen.model_fields and self._depth >= MAX_DEPTH:
                continue
            fields = self._fields.model(chosen, **given)
            try:
                layer = LAYER.validate_python(fields)
                return [fields], self._through(layer, shape)
            except (ValidationError, ShapeMismatch, _TooLarge):
                self._steps = steps
        return [], shape

    def _through(self, layer: LayerSpec, shape: Shape) -> Shape:
        """Return the output shape of `repeat` layers.

        Raises:
            ShapeMismatch: a layer does not fit the shape.
            _TooLarge: a layer exceeds the scale.
        """
        for _ in range(layer.repeat):
            output, scale = layer.output_shape(shape), self._scale
            parameters = sum(math.prod(tensor) for tensor in layer.parameters(shape).values())
            self._steps += layer.time_steps(shape) or 0
            sizes = (
                (math.prod(output), scale.flow),
                (parameters, scale.parameters),
                (layer.operations(shape), scale.operations),
                (self._steps, scale.steps),
            )
            if any(size > bound for size, bound in sizes):
                raise _TooLarge
            shape = output
        return shape

    def _repeat(self, _: type[Frozen]) -> int:
        return self._random.choice([1] * 8 + [2, 3])

    def _inner(self, member: type[Frozen]) -> list[Fields]:
        """Draw layers inside a block; their output has the shape of their input."""
        outer = shape = self._shape
        layers = []
        self._depth += 1
        for _ in range(self._random.randint(1, 2)):
            drawn, shape = self._layer(shape)
            layers += drawn
        self._shape, self._depth = outer, self._depth - 1
        if layers and shape == outer:
            return layers
        if shape[:-1] != outer[:-1]:
            return [self._fields.model(Dense, units=outer[-1], repeat=1)]
        return [*layers, self._fields.model(Dense, units=outer[-1], repeat=1)]

    def _equation(self, member: type[Frozen]) -> str:
        """Return the equation of a dense layer along the first axis of the inputs."""
        first, *others = [*string.ascii_lowercase[1 : 1 + len(self._shape)]] or ["b"]
        return f"a{first}{''.join(others)},{first}z->a{''.join(others)}z"

    def _sizes(self, member: type[Frozen]) -> list[int | None]:
        return [None] * (len(self._shape) - 1) + [self._random.randint(1, self._scale.size)]

    def _bias_axes(self, member: type[Frozen]) -> str | None:
        return self._random.choice([None, "z"])

    def _target_shape(self, member: type[Frozen]) -> list[int]:
        """Draw up to three axes, or four for volumes, with as many entries as the input."""
        rest, axes = math.prod(self._shape), []
        for _ in range(self._random.randint(0, self._axes)):
            axes.append(self._random.choice([size for size in range(1, rest + 1) if rest % size == 0]))
            rest //= axes[-1]
        return [*axes, rest]

    def _output(self, shape: Shape, target: Shape, loss: LossFunction) -> list[Fields]:
        given: dict[str, Any] = {"repeat": 1}
        if loss.output_activation and self._random.random() < USUAL_OUTPUT:
            given["activation"] = loss.output_activation
        if shape[:-1] == target[:-1]:
            return [self._dense(shape, units=target[-1], **given)]
        if len(target) == 1:
            return [{"kind": "flatten"}, self._dense((math.prod(shape),), units=target[-1], **given)]
        last = self._dense((math.prod(shape),), units=math.prod(target), **given)
        return [{"kind": "flatten"}, last, {"kind": "reshape", "target_shape": list(target)}]

    def _dense(self, shape: Shape, **given: Any) -> Fields:
        while True:
            fields = self._fields.model(Dense, **given)
            try:
                LAYER.validate_python(fields).output_shape(shape)
            except (ValidationError, ShapeMismatch):
                continue
            return fields


class _TooLarge(Exception):
    """A layer exceeds the scale."""
