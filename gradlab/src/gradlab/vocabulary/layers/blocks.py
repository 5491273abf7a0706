"""Layers that contain layers."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from gradlab.vocabulary.layers.layer import LayerSpec, Shape, ShapeMismatch

# Far above any service's own bounds. It limits the time that the check itself takes.
MAX_LISTED_LAYERS = 20_000

if TYPE_CHECKING:
    Layer = Any  # any kind of layer, this one too; resolved when the registry is complete


class Residual(LayerSpec):
    """x + scale·f(x), where f are the layers inside (He et al. 2016)."""

    kind: Literal["residual"] = "residual"
    layers: Annotated[tuple["Layer", ...], Field(strict=False, min_length=1, max_length=MAX_LISTED_LAYERS)]
    """The layers inside, first to last. Their output must have the shape of their input."""
    scale: float = Field(default=1.0, ge=-1e6, le=1e6)
    """Factor on the output of the layers inside. With L blocks, 1/√L keeps the signals' size (Hanin & Rolnick 2018)."""

    vectorizes = True

    def output_shape(self, shape: Shape) -> Shape:
        out = shape
        for layer in self.layers:
            for _ in range(layer.repeat):
                out = layer.output_shape(out)
        return self.merged_shape((shape, out))

    def merged_shape(self, shapes: Sequence[Shape]) -> Shape:
        shape, out = shapes
        if out != shape:
            raise ShapeMismatch(f"layers inside with the output shape of their input, {shape}", str(out))
        return shape

    def watched(self, shape: Shape) -> Shape:
        return shape

    @property
    def inner(self) -> tuple[LayerSpec, ...]:
        return self.layers

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        return keras.layers.Add(name=name)

    def create_weights(self, layer: Any, shape: Shape) -> None:
        """Create no weights: a residual connection has none itself."""

    def merge(self, layer: Any, xs: Sequence[Any], training: bool) -> Any:
        x, inside = xs
        return layer([x, inside if self.scale == 1 else inside * self.scale])
