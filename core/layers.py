"""Shelf: each kind of layer, its fields, the shapes it makes, and how Keras builds it.

Keras is handed in, never imported: a spec is checked, counted and estimated without TensorFlow. Shapes leave the
batch axis out. Defaults are Keras 3's, https://keras.io/api/layers/.
"""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from core.activations import Activation, Linear
from core.frozen import Frozen, one_of
from core.initializers import GlorotUniform, Initializer, Zeros

Shape = tuple[int, ...]


class LayerSpec(Frozen):
    """One layer of a network, or `repeat` of them in a row."""

    kind: str
    repeat: int = Field(default=1, ge=1, le=10_000)
    """How many such layers in a row, each with weights of its own."""

    def output_shape(self, shape: Shape) -> Shape:
        """The shape that comes out when `shape` goes in."""
        return shape

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        """The trainable tensors for an input of `shape`, in Keras's order."""
        return {}

    def state_size(self, shape: Shape) -> int:
        """How many numbers the layer keeps that no gradient trains, such as running means."""
        return 0

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        """The Keras layer, named `name`; every random draw it makes is seeded from `seeds`."""
        raise NotImplementedError


class Dense(LayerSpec):
    """Fully connected: activation(x·kernel + bias), (n,) -> (units,)."""

    kind: Literal["dense"] = "dense"
    units: int = Field(ge=1, le=1_000_000)
    """Width of the layer."""
    activation: Activation = Linear()
    """Applied to x·kernel + bias."""
    use_bias: bool = True
    """Add a bias to each unit."""
    kernel_initializer: Initializer = GlorotUniform()
    """How the kernel is drawn."""
    bias_initializer: Initializer = Zeros()
    """How the bias is drawn."""

    def output_shape(self, shape: Shape) -> Shape:
        return (*shape[:-1], self.units)

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        tensors: dict[str, Shape] = {"kernel": (shape[-1], self.units)}
        return tensors | {"bias": (self.units,)} if self.use_bias else tensors

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        return keras.layers.Dense(
            self.units,
            activation=self.activation.build(keras),
            use_bias=self.use_bias,
            kernel_initializer=self.kernel_initializer.build(keras, next(seeds)),
            bias_initializer=self.bias_initializer.build(keras, next(seeds)),
            name=name,
        )


class ActivationLayer(LayerSpec):
    """An activation as a layer of its own, for example after batch normalisation."""

    kind: Literal["activation"] = "activation"
    activation: Activation
    """The function."""

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        return keras.layers.Activation(self.activation.build(keras), name=name)


class Dropout(LayerSpec):
    """Sets a random share of its inputs to zero while training and scales up the rest (Srivastava et al. 2014)."""

    kind: Literal["dropout"] = "dropout"
    rate: float = Field(ge=0, lt=1)
    """The share set to zero."""

    def state_size(self, shape: Shape) -> int:
        return 2  # the two words of Keras's seed generator

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        return keras.layers.Dropout(self.rate, seed=next(seeds), name=name)


class BatchNormalization(LayerSpec):
    """gamma·(x − mean)/√(variance + epsilon) + beta over the batch (Ioffe & Szegedy 2015)."""

    kind: Literal["batch_normalization"] = "batch_normalization"
    momentum: float = Field(default=0.99, ge=0, lt=1)
    """Decay of the running mean and variance used outside training."""
    epsilon: float = Field(default=0.001, gt=0, le=1)
    """Keeps the division finite."""
    center: bool = True
    """Learn an offset, beta."""
    scale: bool = True
    """Learn a factor, gamma."""

    def parameters(self, shape: Shape) -> dict[str, Shape]:
        learnt = {"gamma": self.scale, "beta": self.center}
        return {parameter: (shape[-1],) for parameter, wanted in learnt.items() if wanted}

    def state_size(self, shape: Shape) -> int:
        return 2 * shape[-1]

    def build(self, keras: Any, *, name: str, seeds: Iterator[int]) -> Any:
        return keras.layers.BatchNormalization(
            momentum=self.momentum, epsilon=self.epsilon, center=self.center, scale=self.scale, name=name
        )


LAYERS: tuple[type[LayerSpec], ...] = (Dense, ActivationLayer, Dropout, BatchNormalization)

Layer = one_of(LAYERS)
