"""What every layer is: its fields, the shapes it makes, and how Keras builds it.

Keras is handed in, never imported: a spec is checked, counted and estimated without TensorFlow. Shapes leave the
batch axis out. Defaults are Keras 3's, https://keras.io/api/layers/.
"""

import math
from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gradlab.frozen import Frozen
from gradlab.vocabulary.activations import Activation

Shape = tuple[int, ...]

# What can be chosen for a tensor, by the end of the field's name.
RULES = {"initializer": "an initialiser", "regularizer": "a regulariser", "constraint": "a constraint"}


class ShapeMismatch(Exception):
    """A layer cannot take what comes in.

    Attributes:
        expected: what it can take, in words.
        received: what came.
    """

    def __init__(self, expected: str, received: str) -> None:
        super().__init__(f"expected {expected}; received {received}")
        self.expected = expected
        self.received = received


class LayerSpec(Frozen):
    """One layer of a network, or `repeat` of them in a row."""

    kind: str
    repeat: int = Field(default=1, ge=1, le=10_000)
    """How many such layers in a row, each with weights of its own."""

    vectorizes: ClassVar[bool] = False
    """Whether `tf.vectorized_map` can stack it."""
    mixes_samples: ClassVar[bool] = False
    """Whether a sample's output depends on the others of its batch, as with batch normalisation."""

    @model_validator(mode="after")
    def _rules_suit_their_tensors(self) -> "LayerSpec":
        # How many features come in is not known yet; that two or more do is assumed.
        for field, tensor, size, needed in unsuited(self, (2,)):
            axes = f"{len(size)} ax{'i' if len(size) == 1 else 'e'}s"
            expected = f"{RULES[field.rpartition('_')[2]]} for {tensor}, a tensor of {axes}"
            received = f"{getattr(self, field).kind}, which needs {needed}"
            context = {"field": field, "expected": expected, "received": received}
            raise PydanticCustomError("impossible", "{expected}", context)
        return self

    @property
    def side_by_side(self) -> bool:
        """Whether the networks of several seeds can be stacked in one: a constraint would mix their weights."""
        limits = (getattr(self, field) for field in type(self).model_fields if field.endswith("_constraint"))
        return self.vectorizes and all(limit is None for limit in limits)

    def output_shape(self, shape: Shape) -> Shape:
        """The shape that comes out when `shape` goes in. Raises ShapeMismatch where it cannot go in."""
        return shape

    def around(self, shape: Shape, out: Shape) -> Shape:
        """The same for whoever has sent `shape` through the layers inside already, so that blocks in blocks are not
        walked again at every level: `out` is what came out of them, and `shape` for a layer that is no block."""
        return self.output_shape(shape)

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        """The trainable tensors for an input of `shape`, in Keras's order."""
        return {}

    def state_size(self, shape: Shape) -> int:
        """How many numbers the layer keeps that no gradient trains, such as running means."""
        return 0

    def operations(self, shape: Shape) -> float:
        """Multiply-adds of one sample's way forward, about."""
        return float(sum(math.prod(tensor) for tensor in self.parameters(shape).values()))

    def watched(self, shape: Shape) -> Shape | None:
        """The shape of the activations that are recorded; None where nothing is: the layer only passes on."""
        return self.output_shape(shape) if self.parameters(shape) else None

    @property
    def function(self) -> Activation | None:
        """The activation that turns what the layer computes into what it puts out; None where there is none."""
        return None

    @property
    def inner(self) -> tuple["LayerSpec", ...]:
        """The layers inside a block, first to last."""
        return ()

    def time_steps(self, shape: Shape) -> int | None:
        """Over how many time steps the signal is recorded; None for a layer without recurrence."""
        return None

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        """The Keras layer, named `name`; every random draw it makes is seeded from `seeds`."""
        raise NotImplementedError

    def create_weights(self, layer: Any, shape: Shape) -> None:
        """Draw the weights of a Keras layer for inputs of `shape`, without sending anything through it."""
        layer.build((None, *shape))

    def call(self, layer: Any, x: Any, training: bool, *, skip: Any) -> Any:
        """Send a batch through the Keras layer.

        Args:
            layer: what `build` made.
            x: what comes in; for a block, what came out of its inner layers.
            training: passed on by the layers that care.
            skip: what came into the block; the same as `x` for a layer that is none.
        """
        return layer(x)


def unsuited(layer: LayerSpec, shape: Shape) -> Iterator[tuple[str, str, Shape, str]]:
    """What was chosen for a tensor of another kind: the field, the tensor with its shape, and what is needed."""
    chosen = {field: getattr(layer, field) for field in type(layer).model_fields if field.rpartition("_")[2] in RULES}
    if not any(chosen.values()):
        return
    for tensor, size in layer.parameters(shape).items():
        # query_kernel follows the rules for kernels, recurrent_kernel has its own.
        group = "recurrent" if tensor == "recurrent_kernel" else tensor.rpartition("_")[2]
        for field, rule in chosen.items():
            if rule and field.rpartition("_")[0] == group and (needed := rule.needs(size)):
                yield field, tensor, size, needed


def expect_rank(shape: Shape, *axes: str) -> None:
    """Raise ShapeMismatch unless `shape` has as many axes as are named."""
    if len(shape) != len(axes):
        raise ShapeMismatch(f"inputs of shape ({', '.join(axes)}{',' * (len(axes) == 1)})", str(shape))
