"""Layers for sequences of symbols: embeddings, and attention by several heads."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from pydantic import Field, model_validator

from gradlab.frozen import added
from gradlab.vocabulary.constraints import Constraint
from gradlab.vocabulary.initializers import Initializer, RandomUniform
from gradlab.vocabulary.layers.layer import LayerSpec, Shape, ShapeMismatch, expect_rank
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
    mask_zero: bool = added(False)
    """Symbol 0 marks time steps that do not count: recurrent layers, attention and means over time pass them over."""

    @property
    def masks(self) -> bool:
        return self.mask_zero

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, "time")
        return shape[0], self.output_dim

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        return {"embeddings": (self.input_dim, self.output_dim)}

    def operations(self, shape: Shape) -> float:
        return float(shape[0] * self.output_dim)


class Heads(WeightedLayer):
    """Attention by several heads. One input attends to itself; in a graph it may take a query, a value and a key."""

    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the attention weights that is dropped while training."""
    causal: bool = False
    """Attend only to the same and to earlier time steps."""

    def output_shape(self, shape: Shape) -> Shape:
        expect_rank(shape, "time", "features")
        return shape

    def merged_shape(self, shapes: Sequence[Shape]) -> Shape:
        if not 1 <= len(shapes) <= 3:
            raise ShapeMismatch("a query, and perhaps a value and a key", f"{len(shapes)} inputs")
        if len({shape[-1] for shape in shapes if shape}) > 1 or len({shape[:1] for shape in shapes[1:]}) > 1:
            expected = "a query, a value and a key of equal features, the last two of equal time steps"
            raise ShapeMismatch(expected, ", ".join(map(str, shapes)))
        return self.output_shape(shapes[0])

    @abstractmethod
    def sizes(self) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        """Return the number of heads and their length, of queries, keys and values."""

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        features, (queries, _, values) = shape[-1], self.sizes()
        tensors: dict[str, Shape] = {}
        for part, size in zip(("query", "key", "value"), self.sizes(), strict=True):
            tensors[f"{part}_kernel"] = (features, *size)
            tensors[f"{part}_bias"] = size
        made = queries[0], values[1]
        tensors |= {"attention_output_kernel": (*made, features), "attention_output_bias": (features,)}
        return {name: size for name, size in tensors.items() if self.use_bias or name.endswith("kernel")}

    def state_size(self, shape: Shape) -> int:
        return 2 if self.dropout else 0  # the two words of Keras's seed generator

    def operations(self, shape: Shape) -> float:
        (heads, length), _, (_, values) = self.sizes()
        return shape[0] * super().operations(shape) + shape[0] ** 2 * heads * (length + values)

    def drawn_arguments(self, keras: Any, seeds: Iterator[int]) -> dict[str, Any]:
        """Return Keras's arguments of the weights, with initialisers that draw the projections apart."""
        arguments = self.weight_arguments(keras, seeds)
        for tensor, rule in (("kernel", self.kernel_initializer), ("bias", self.bias_initializer)):
            arguments[f"{tensor}_initializer"] = _drawing(rule, keras, seeds)
        return arguments

    def create_weights(self, layer: Any, shape: Shape) -> None:
        layer.build((None, *shape), (None, *shape))

    def call(self, layer: Any, x: Any, training: bool) -> Any:
        return layer(x, x, use_causal_mask=self.causal, training=training)

    def merge(self, layer: Any, xs: Sequence[Any], training: bool) -> Any:
        query, value, key = (*xs, None, None)[:3]
        if value is None:
            return self.call(layer, query, training)
        return layer(query, value, key, use_causal_mask=self.causal, training=training)


class MultiHeadAttention(Heads):
    """Attention (Vaswani et al. 2017): each time step attends to all; (time, features) -> the same shape."""

    kind: Literal["multi_head_attention"] = "multi_head_attention"
    num_heads: int = Field(ge=1, le=1000)
    """Number of attention heads."""
    key_dim: int = Field(ge=1, le=100_000)
    """Length of queries and keys in each head."""
    value_dim: int | None = Field(default=None, ge=1, le=100_000)
    """Length of values in each head; `key_dim` by default."""

    def sizes(self) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        keys = self.num_heads, self.key_dim
        return keys, keys, (self.num_heads, self.value_dim or self.key_dim)

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        arguments = self.drawn_arguments(keras, seeds)
        return keras.layers.MultiHeadAttention(
            self.num_heads,
            self.key_dim,
            value_dim=self.value_dim,
            dropout=self.dropout,
            seed=next(seeds),
            name=name,
            **arguments,
        )


class GroupQueryAttention(Heads):
    """Attention whose groups of query heads share a head of keys and values (Ainslie et al. 2023)."""

    kind: Literal["group_query_attention"] = "group_query_attention"
    head_dim: int = Field(ge=1, le=100_000)
    """Length of queries, keys and values in each head."""
    num_query_heads: int = Field(ge=1, le=1000)
    """Number of heads of queries, a multiple of `num_key_value_heads`."""
    num_key_value_heads: int = Field(ge=1, le=1000)
    """Number of heads of keys and values."""

    @model_validator(mode="after")
    def _check_groups(self) -> "GroupQueryAttention":
        if self.num_query_heads % self.num_key_value_heads:
            heads = self.num_key_value_heads
            raise ValueError(f"num_query_heads that is a multiple of num_key_value_heads ({heads})")
        return self

    def sizes(self) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        shared = self.num_key_value_heads, self.head_dim
        return (self.num_query_heads, self.head_dim), shared, shared

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        arguments = self.drawn_arguments(keras, seeds)
        return keras.layers.GroupQueryAttention(
            self.head_dim,
            self.num_query_heads,
            self.num_key_value_heads,
            dropout=self.dropout,
            seed=next(seeds),
            name=name,
            **arguments,
        )


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
