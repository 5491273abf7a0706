"""Layers that make one output of several inputs. They stand in graphs; in a chain every layer has one input."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from gradlab.vocabulary.layers.layer import MAX_AXIS, AxisNumber, LayerSpec, Shape, ShapeMismatch, keras_arguments


class Merging(LayerSpec):
    """A layer without weights that takes several inputs."""

    vectorizes = True

    def output_shape(self, shape: Shape) -> Shape:
        raise ShapeMismatch("two inputs or more, as a node of a graph has them", f"one, of shape {shape}")

    def merged_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the output's shape: the largest size along each axis.

        Raises:
            ShapeMismatch: there are fewer than two inputs, or two differ along an axis, and neither has size 1 there.
        """
        if len(shapes) < 2:
            return self.output_shape(*shapes)
        sizes = [{*axis} for axis in zip(*shapes, strict=False)]
        if len({len(shape) for shape in shapes}) > 1 or any(len(axis - {1}) > 1 for axis in sizes):
            raise ShapeMismatch("inputs of one shape, or of size 1 along an axis", _listed(shapes))
        return tuple(max(axis) for axis in sizes)

    def create_weights(self, layer: Any, shape: Shape) -> None:
        """Create no weights: there are none."""

    def merge(self, layer: Any, xs: Sequence[Any], training: bool) -> Any:
        return layer(list(xs))


class Add(Merging):
    """The sum of its inputs, element by element: a skip connection is the sum of a layer's input and its output."""

    kind: Literal["add"] = "add"

    def merged_shape(self, shapes: Sequence[Shape]) -> Shape:
        whole = super().merged_shape(shapes)
        if shapes[0] != whole:  # what is recorded of it has the shape of its first input
            raise ShapeMismatch(f"a first input of the sum's shape, {whole}", _listed(shapes))
        return whole

    def watched(self, shape: Shape) -> Shape:
        return shape


class Concatenate(Merging):
    """Its inputs one behind the other along one axis; all other axes must be equal."""

    kind: Literal["concatenate"] = "concatenate"
    axis: int = Field(default=-1, ge=-MAX_AXIS, le=MAX_AXIS)
    """The axis. As in Keras the batch axis is 0, and negative numbers count from the last axis."""

    def merged_shape(self, shapes: Sequence[Shape]) -> Shape:
        if len(shapes) < 2:
            return self.output_shape(*shapes)
        rank = len(shapes[0]) + 1
        place = (self.axis if self.axis >= 0 else self.axis + rank) - 1
        if not 0 <= place < rank - 1:
            raise ShapeMismatch(f"inputs with an axis {self.axis} behind the batch axis", _listed(shapes))
        if len({(len(shape), *shape[:place], *shape[place + 1 :]) for shape in shapes}) > 1:
            raise ShapeMismatch(f"inputs whose shapes differ in axis {self.axis} alone", _listed(shapes))
        return (*shapes[0][:place], sum(shape[place] for shape in shapes), *shapes[0][place + 1 :])


class Subtract(Merging):
    """The first input minus the second, element by element."""

    kind: Literal["subtract"] = "subtract"

    def merged_shape(self, shapes: Sequence[Shape]) -> Shape:
        if len(shapes) > 2:
            raise ShapeMismatch("two inputs", _listed(shapes))
        return super().merged_shape(shapes)


class Multiply(Merging):
    """The product of its inputs, element by element."""

    kind: Literal["multiply"] = "multiply"


class Average(Merging):
    """The mean of its inputs, element by element."""

    kind: Literal["average"] = "average"


class Maximum(Merging):
    """The largest of its inputs, element by element."""

    kind: Literal["maximum"] = "maximum"


class Minimum(Merging):
    """The smallest of its inputs, element by element."""

    kind: Literal["minimum"] = "minimum"


class Dot(Merging):
    """The products of two inputs, summed along one axis of each."""

    kind: Literal["dot"] = "dot"
    axes: AxisNumber | Annotated[tuple[AxisNumber, AxisNumber], Field(strict=False)]
    """The axis of the sum: one for both inputs, or one for each; as in Keras the batch axis is 0."""
    normalize: bool = False
    """Divide each input by its length along the axis first: the product is then the cosine."""
    vectorizes = False

    def merged_shape(self, shapes: Sequence[Shape]) -> Shape:
        if len(shapes) != 2:
            raise ShapeMismatch("two inputs", _listed(shapes))
        places = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        if any(place > len(shape) for place, shape in zip(places, shapes, strict=True)):
            raise ShapeMismatch(f"inputs with the axes {self.axes}, the batch axis being 0", _listed(shapes))
        left, right = (shape[place - 1] for place, shape in zip(places, shapes, strict=True))
        if left != right:
            raise ShapeMismatch(f"inputs of equal size along the axes {self.axes}", _listed(shapes))
        kept = [
            size
            for place, shape in zip(places, shapes, strict=True)
            for axis, size in enumerate(shape, 1)
            if axis != place
        ]
        return tuple(kept) or (1,)


class MergingAttention(Merging):
    """A layer that takes a query, a value and perhaps a key: for each step of the query a mean of the values' steps."""

    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the weights of the mean that is dropped while training."""
    causal: bool = False
    """Attend only to the same and to earlier time steps."""
    vectorizes = False

    def merged_shape(self, shapes: Sequence[Shape]) -> Shape:
        if not 2 <= len(shapes) <= 3 or any(len(shape) != 2 for shape in shapes):
            raise ShapeMismatch("a query, a value and perhaps a key, of shape (time, features) each", _listed(shapes))
        query, value, key = (*shapes, shapes[1])[:3]
        if query[-1] != key[-1] or value[0] != key[0]:
            expected = "a query and a key of equal features, a value and a key of equal time steps"
            raise ShapeMismatch(expected, _listed(shapes))
        return query[0], value[-1]

    def watched(self, shape: Shape) -> None:
        return None  # of the query's shape alone the output's does not follow

    def state_size(self, shape: Shape) -> int:
        return 2 if self.dropout else 0  # the two words of Keras's seed generator

    def operations(self, shape: Shape) -> float:
        return 2.0 * shape[0] ** 2 * shape[-1]

    def create_weights(self, layer: Any, shape: Shape) -> None:
        layer.build([(None, *shape)] * 2)

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        arguments = keras_arguments(self, keras, seeds, "causal")
        return getattr(keras.layers, self.keras_class())(seed=next(seeds), name=name, **arguments)

    def merge(self, layer: Any, xs: Sequence[Any], training: bool) -> Any:
        return layer(list(xs), use_causal_mask=self.causal, training=training)


class Attention(MergingAttention):
    """softmax(q·kᵀ)·v, without weights of its own (Luong et al. 2015)."""

    kind: Literal["attention"] = "attention"
    use_scale: bool = False
    """Multiply the scores by a learnt number."""
    score_mode: Literal["dot", "concat"] = "dot"
    """dot: q·k; concat: a learnt number times Σ tanh(q + k)."""

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        scale: dict[str, Shape] = {"scale": ()} if self.use_scale else {}
        return scale | ({"concat_score_weight": ()} if self.score_mode == "concat" else {})


class AdditiveAttention(MergingAttention):
    """softmax(Σ scale·tanh(q + k))·v, with a learnt factor for each feature (Bahdanau et al. 2015)."""

    kind: Literal["additive_attention"] = "additive_attention"
    use_scale: bool = True
    """Learn a factor for each feature."""

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        return {"scale": (shape[-1],)} if self.use_scale else {}

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        layer = super().build(keras, name=name, seeds=seeds)
        # Keras draws the factors without a seed.
        add_weight = partial(layer.add_weight)
        drawn = keras.initializers.GlorotUniform(seed=next(seeds))
        layer.add_weight = lambda **options: add_weight(**{**options, "initializer": drawn})
        return layer


def _listed(shapes: Sequence[Shape]) -> str:
    return ", ".join(map(str, shapes))
