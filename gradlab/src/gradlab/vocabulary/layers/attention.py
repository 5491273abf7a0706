"""Layers for sequences of symbols: embeddings, and self-attention."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

from pydantic import Field

from gradlab.vocabulary.constraints import Constraint
from gradlab.vocabulary.initializers import Initializer, RandomUniform
from gradlab.vocabulary.layers.layer import LayerSpec, Shape, expect_rank
from gradlab.vocabulary.layers.weighted import WeightedLayer
from gradlab.vocabulary.regularizers import Regularizer


class Embedding(LayerSpec):
    """A learnt vector for each symbol, (time,) -> (time, output_dim). The inputs are whole numbers from 0."""

    kind: Literal["embedding"] = "embedding"
    input_dim: int = Field(ge=1, le=1_000_000)
    """Number of symbols; inputs must be below it."""
    output_dim: int = Field(ge=1, le=100_000)
    """Length of each symbol's vector."""
    embeddings_initializer: Initializer = RandomUniform()
    """Initialiser of the vectors."""
    embeddings_regularizer: Regularizer | None = None
    """Penalty on the vectors, added to the loss; none by default."""
    embeddings_constraint: Constraint | None = None
    """Constraint on the vectors, applied after every update; none by default."""

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, "time")
        return shape[0], self.output_dim

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        return {"embeddings": (self.input_dim, self.output_dim)}

    def operations(self, shape: Shape) -> float:
        return float(shape[0] * self.output_dim)

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        return keras.layers.Embedding(
            self.input_dim,
            self.output_dim,
            embeddings_initializer=self.embeddings_initializer.build(keras, next(seeds)),
            embeddings_regularizer=self.embeddings_regularizer and self.embeddings_regularizer.build(keras),
            embeddings_constraint=self.embeddings_constraint and self.embeddings_constraint.build(keras),
            name=name,
        )


class MultiHeadAttention(WeightedLayer):
    """Self-attention (Vaswani et al. 2017): each time step attends to all; (time, features) -> the same shape."""

    kind: Literal["multi_head_attention"] = "multi_head_attention"
    num_heads: int = Field(ge=1, le=1000)
    """Number of attention heads."""
    key_dim: int = Field(ge=1, le=100_000)
    """Length of queries and keys in each head."""
    value_dim: int | None = Field(default=None, ge=1, le=100_000)
    """Length of values in each head; `key_dim` by default."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the attention weights that is dropped while training."""
    causal: bool = False
    """Attend only to the same and to earlier time steps."""

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, "time", "features")
        return shape

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        features, heads, values = shape[-1], self.num_heads, self.value_dim or self.key_dim
        tensors: dict[str, Shape] = {}
        for part, size in (("query", self.key_dim), ("key", self.key_dim), ("value", values)):
            tensors[f"{part}_kernel"] = (features, heads, size)
            tensors[f"{part}_bias"] = (heads, size)
        tensors |= {"attention_output_kernel": (heads, values, features), "attention_output_bias": (features,)}
        return {name: size for name, size in tensors.items() if self.use_bias or name.endswith("kernel")}

    def state_size(self, shape: Shape) -> int:
        return 2 if self.dropout else 0  # the two words of Keras's seed generator

    def operations(self, shape: Shape) -> float:
        pairwise = shape[0] ** 2 * self.num_heads * (self.key_dim + (self.value_dim or self.key_dim))
        return shape[0] * super().operations(shape) + pairwise

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        arguments = self.weight_arguments(keras, seeds)
        for tensor, rule in (("kernel", self.kernel_initializer), ("bias", self.bias_initializer)):
            arguments[f"{tensor}_initializer"] = _drawing(rule, keras, seeds)
        return keras.layers.MultiHeadAttention(
            self.num_heads,
            self.key_dim,
            value_dim=self.value_dim,
            dropout=self.dropout,
            seed=next(seeds),
            name=name,
            **arguments,
        )

    def create_weights(self, layer: Any, shape: Shape) -> None:
        layer.build((None, *shape), (None, *shape))

    def call(self, layer: Any, x: Any, training: bool) -> Any:
        return layer(x, x, use_causal_mask=self.causal, training=training)


class _Draws:
    """An initialiser whose copies continue its sequence of draws.

    Keras gives each projection a copy of the layer's initialiser with the same seed. Queries and keys would be equal.
    """

    def __init__(self, draw: Callable[[Shape, Any], Any]) -> None:
        self._draw = draw

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        return self._draw(shape, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"draw": self._draw}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "_Draws":
        return cls(**config)


def _drawing(rule: Any, keras: Any, seeds: Iterator[int]) -> _Draws:
    def draw(shape: Shape, dtype: Any) -> Any:
        return rule.build(keras, next(seeds))(shape, dtype=dtype)

    return _Draws(draw)
