"""Layers that make one output of several inputs. They stand in graphs; in a chain every layer has one input."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal

from gradlab.vocabulary.layers.layer import LayerSpec, Shape, ShapeMismatch


class Merging(LayerSpec):
    """A layer without weights that takes several inputs."""

    vectorizes = True
    keras_name: ClassVar[str]
    """The class in `keras.layers`."""

    def output_shape(self, shape: Shape) -> Shape:
        raise ShapeMismatch("two inputs or more, as a node of a graph has them", f"one, of shape {shape}")

    def merged_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the output's shape. Raises ShapeMismatch unless there are two inputs or more, of one shape."""
        if len(shapes) < 2:
            return self.output_shape(*shapes)
        if len(set(shapes)) > 1:
            raise ShapeMismatch("inputs of one shape", _listed(shapes))
        return shapes[0]

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        return getattr(keras.layers, self.keras_name)(name=name)

    def create_weights(self, layer: Any, shape: Shape) -> None:
        """Create no weights: there are none."""

    def merge(self, layer: Any, xs: Sequence[Any], training: bool) -> Any:
        return layer(list(xs))


class Add(Merging):
    """The sum of its inputs, element by element: a skip connection is the sum of a layer's input and its output."""

    kind: Literal["add"] = "add"
    keras_name = "Add"

    def watched(self, shape: Shape) -> Shape:
        return shape


class Concatenate(Merging):
    """Its inputs one behind the other along one axis; all other axes must be equal."""

    kind: Literal["concatenate"] = "concatenate"
    axis: int = -1
    """The axis. As in Keras the batch axis is 0, and negative numbers count from the last axis."""
    keras_name = "Concatenate"

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

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        return keras.layers.Concatenate(axis=self.axis, name=name)


def _listed(shapes: Sequence[Shape]) -> str:
    return ", ".join(map(str, shapes))
