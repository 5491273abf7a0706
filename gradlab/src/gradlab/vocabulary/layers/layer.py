"""LayerSpec: the fields, shapes, parameters and Keras layer that every kind of layer has.

Keras is an argument and is not imported, so that a spec is checked and estimated without TensorFlow. Shapes have no
batch axis. Defaults are Keras 3's, https://keras.io/api/layers/.
"""

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from gradlab.frozen import Frozen, arguments_of, impossible
from gradlab.vocabulary.activations import Activation
from gradlab.vocabulary.initializers import WeightInitializer

Shape = tuple[int, ...]
# The axes of a batch of volumes, (batch, depth, height, width, channels), and some more.
MAX_AXIS = 8
AxisNumber = Annotated[int, Field(ge=1, le=MAX_AXIS)]
"""An axis of a sample, counted from 1 as in Keras: the batch axis is 0."""

# What a field chooses for a tensor, by the last word of the field's name.
RULES = {"initializer": "an initialiser", "regularizer": "a regulariser", "constraint": "a constraint"}


class ShapeMismatch(Exception):
    """A layer cannot take an input of this shape.

    Attributes:
        expected: the inputs that it can take, in words.
        received: the input's shape or size, in words.
    """

    def __init__(self, expected: str, received: str) -> None:
        super().__init__(f"expected {expected}; received {received}")
        self.expected = expected
        self.received = received


class LayerSpec(Frozen):
    """One layer of a network, or `repeat` of them in a row."""

    kind: str
    repeat: int = Field(default=1, ge=1, le=10_000)
    """Number of such layers in a row, each with its own weights."""

    vectorizes: ClassVar[bool] = False
    """True if `tf.vectorized_map` can stack it."""
    mixes_samples: ClassVar[bool] = False
    """True if a sample's output depends on the other samples of its batch, as with batch normalisation."""

    keras_name: ClassVar[str] = ""
    """Its class in `keras.layers`, where this one has another name."""

    @classmethod
    def keras_class(cls) -> str:
        """Return the name of its class in `keras.layers`."""
        return cls.keras_name or cls.__name__

    @model_validator(mode="after")
    def _check_rules(self) -> "LayerSpec":
        # The number of input features is not known yet. At least two are assumed, enough for every rule.
        for field, tensor, size, needed in unsuited(self, (2,)):
            axes = f"{len(size)} ax{'i' if len(size) == 1 else 'e'}s"
            expected = f"{RULES[field.rpartition('_')[2]]} for {tensor}, a tensor of {axes}"
            received = f"{getattr(self, field).kind}, which needs {needed}"
            raise impossible(field, expected, received)
        return self

    @property
    def side_by_side(self) -> bool:
        """True if the networks of several seeds can be stacked in one. A constraint would mix their weights."""
        limits = (getattr(self, field) for field in type(self).model_fields if field.endswith("_constraint"))
        return self.vectorizes and all(limit is None for limit in limits)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the output's shape for an input of `shape`. Raises ShapeMismatch if the layer cannot take it."""
        return shape

    def merged_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the output's shape for inputs of `shapes`, one for most layers.

        A block has two inputs: its own, and the output of the layers inside.

        Raises:
            ShapeMismatch: the layer cannot take so many inputs, or these shapes.
        """
        if len(shapes) != 1:
            raise ShapeMismatch("one input", f"{len(shapes)}: {', '.join(map(str, shapes))}")
        return self.output_shape(shapes[0])

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        """Return the trainable tensors' shapes for an input of `shape`, by name and in Keras's order."""
        return {}

    def averages(self, shape: Shape) -> dict[str, Shape]:
        """Return the running averages' shapes for an input of `shape`, by name and in Keras's order."""
        return {}

    def state_size(self, shape: Shape) -> int:
        """Return how many numbers the layer keeps that are not trained by gradients, such as running means."""
        return 0

    def operations(self, shape: Shape) -> float:
        """Return the approximate number of multiply-adds of one sample's forward pass."""
        return float(sum(math.prod(tensor) for tensor in self.parameters(shape).values()))

    def watched(self, shape: Shape) -> Shape | None:
        """Return the shape of the recorded activations; None if the layer's activations are not recorded."""
        return self.output_shape(shape) if self.parameters(shape) else None

    @property
    def masks(self) -> bool:
        """True if it marks time steps that do not count, for the layers behind it."""
        return False

    @property
    def function(self) -> Activation | None:
        """The activation that the layer applies to its result; None if there is none."""
        return None

    @property
    def inner(self) -> tuple["LayerSpec", ...]:
        """The layers inside a block, first to last; empty for other layers."""
        return ()

    def time_steps(self, shape: Shape) -> int | None:
        """Return the number of time steps at which the signal is recorded; None for a layer without recurrence."""
        return None

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        """Build the Keras layer, named `name`. All its random draws take their seeds from `seeds`.

        By default it is Keras's layer with the class's name, and the fields are its arguments.
        """
        return getattr(keras.layers, self.keras_class())(name=name, **keras_arguments(self, keras, seeds))

    def rule_group(self, tensor: str) -> str:
        """Return the beginning of the names of the fields whose rules apply to a tensor: ``kernel`` for its kernel."""
        # The rules for kernels also apply to query_kernel; recurrent_kernel has its own.
        return "recurrent" if tensor == "recurrent_kernel" else tensor.rpartition("_")[2]

    def create_weights(self, layer: Any, shape: Shape) -> None:
        """Draw the weights of a Keras layer for inputs of `shape`, without calling it."""
        layer.build((None, *shape))

    def draw(self, keras: Any, shape: Shape, seeds: Iterator[int]) -> list[Any] | None:
        """Draw the initial values of `parameters` for inputs of `shape` without a Keras layer.

        They are those of `build` and `create_weights`, bit by bit.

        Returns:
            A tensor for each parameter; None for a layer that only Keras's own can draw.
        """
        return None

    def call(self, layer: Any, x: Any, training: bool) -> Any:
        """Call the Keras layer with a batch.

        Args:
            layer: the result of `build`.
            x: the input, (batch, *shape).
            training: True while training; only some layers use it.
        """
        return layer(x)

    def merge(self, layer: Any, xs: Sequence[Any], training: bool) -> Any:
        """Call the Keras layer with all its inputs, in the order of `merged_shape`; most layers have one."""
        return self.call(layer, xs[0], training)


def unsuited(layer: LayerSpec, shape: Shape) -> Iterator[tuple[str, str, Shape, str]]:
    """Yield rules that do not fit their tensor: the field, the tensor, its shape, and the kind of tensor it needs."""
    chosen = {field: rule for field in _rule_fields(type(layer)) if (rule := getattr(layer, field))}
    if not chosen:
        return
    for tensor, size in layer.parameters(shape).items():
        group = layer.rule_group(tensor)
        for field, rule in chosen.items():
            if field.rpartition("_")[0] == group and (needed := rule.needs(size)):
                yield field, tensor, size, needed


@cache
def _rule_fields(layer: type[LayerSpec]) -> tuple[str, ...]:
    return tuple(field for field in layer.model_fields if field.rpartition("_")[2] in RULES)


def expect_suited(layer: LayerSpec, shape: Shape) -> None:
    """Raise ShapeMismatch if inputs of `shape` make a tensor that one of the layer's rules cannot take."""
    for field, tensor, size, needed in unsuited(layer, shape):
        expected = f"inputs for which {tensor} is {needed}, as {field} requires"
        raise ShapeMismatch(expected, f"{shape}, for which its shape is {size}")


def keras_arguments(layer: Frozen, keras: Any, seeds: Iterator[int], *left_out: str) -> dict[str, Any]:
    """Return a layer's fields as Keras's arguments, without `left_out`. Each initialiser has its own seed."""
    arguments: dict[str, Any] = {}
    for argument, field in arguments_of(type(layer)).items():
        value = getattr(layer, field)
        if field in ("kind", "repeat", *left_out):
            continue
        if isinstance(value, WeightInitializer):
            value = value.build(keras, next(seeds))
        arguments[argument] = value.build(keras) if hasattr(value, "build") else value
    return arguments


def expect_rank(shape: Shape, *axes: str) -> None:
    """Raise ShapeMismatch unless `shape` has one axis for each name in `axes`."""
    if len(shape) != len(axes):
        raise ShapeMismatch(f"inputs of shape ({', '.join(axes)}{',' * (len(axes) == 1)})", str(shape))
