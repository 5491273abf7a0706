"""Keras networks built from a spec, and the initial state of a run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from gradlab.spec import ExperimentSpec, NamedLayer


@dataclass(frozen=True, eq=False)
class BuiltLayer:
    """A layer of the spec together with its Keras layer.

    Attributes:
        named: the layer of the spec.
        keras: the Keras layer.
        inner: the layers inside a block.
    """

    named: NamedLayer
    keras: Any
    inner: tuple["BuiltLayer", ...]

    def __call__(self, x: Any, training: bool) -> Any:
        """Return the layer's output for a batch."""
        inside = x
        for layer in self.inner:
            inside = layer(inside, training)
        return self.named.spec.call(self.keras, inside, training, skip=x)

    def in_order(self) -> Iterator["BuiltLayer"]:
        """Yield the layers inside this one, then this layer."""
        for layer in self.inner:
            yield from layer.in_order()
        yield self


class Network:
    """A Keras network with the initial weights of one seed.

    Attributes:
        model: the Keras model: it can be called, saved and fitted like any other.
        built: its layers from the input to the output, blocks as one.
        layers: all its layers in the order of the forward pass.
        trainable: the trainable variables, in the order of the spec's tensors.
        state: the other variables: running means, random states.
    """

    def __init__(self, spec: ExperimentSpec, seed: int) -> None:
        self.built = _build(spec.network, spec, seed)
        self.layers = tuple(layer for block in self.built for layer in block.in_order())
        entry = keras.Input(spec.dataset.feature_shape)
        self.model = keras.Model(entry, self(entry))
        self.trainable = [variable for layer in self.layers for variable in layer.keras.trainable_variables]
        self.state = [variable for layer in self.layers for variable in _untrained(layer.keras)]

    def __call__(self, x: Any, training: bool = False) -> Any:
        """Return the prediction for a batch, (batch, *units)."""
        for layer in self.built:
            x = layer(x, training)
        return x

    @property
    def variables(self) -> list[Any]:
        """All variables: `trainable`, then `state`."""
        return [*self.trainable, *self.state]


def _build(layers: Sequence[NamedLayer], spec: ExperimentSpec, seed: int) -> tuple[BuiltLayer, ...]:
    return tuple(BuiltLayer(each, _keras_layer(each, spec, seed), _build(each.inner, spec, seed)) for each in layers)


def _keras_layer(layer: NamedLayer, spec: ExperimentSpec, seed: int) -> Any:
    position = spec.layers.index(layer)
    return layer.spec.build(keras, name=layer.name, seeds=_seeds(seed, position))


def _seeds(seed: int, position: int) -> Iterator[int]:
    """Yield seeds for the draws of one layer, derived from the run's seed and the layer's position alone.

    Layers draw different numbers, a layer draws the same numbers whatever surrounds it, and no global random state is
    touched.
    """
    # Keras takes 32-bit seeds; a SeedSequence spreads neighbouring ones far apart.
    sequence = np.random.SeedSequence(seed, spawn_key=(position,))
    return iter((sequence.generate_state(16) >> 1).tolist())


def _untrained(layer: Any) -> list[Any]:
    trained = {id(variable) for variable in layer.trainable_variables}
    return [variable for variable in layer.variables if id(variable) not in trained]


@dataclass(frozen=True, eq=False)
class LayerValues:
    """Values of one layer's variables: the trainable ones, and the others."""

    trainable: list[np.ndarray]
    state: list[np.ndarray]

    @classmethod
    def of(cls, layer: Any) -> "LayerValues":
        """Return the values of a Keras layer."""
        return cls(
            *([variable.numpy() for variable in part] for part in (layer.trainable_variables, _untrained(layer)))
        )


def initial_values(spec: ExperimentSpec, seed: int) -> list[LayerValues]:
    """Return the values of the layers of `Network(spec, seed)` without building the network: some milliseconds."""
    values = []
    for layer in spec.layers:
        built = _keras_layer(layer, spec, seed)
        layer.spec.create_weights(built, layer.input_shape)
        values.append(LayerValues.of(built))
    return values


def flattened(values: Sequence[LayerValues]) -> list[np.ndarray]:
    """Return the values in the order of `Network.variables`."""
    trainable = [array for layer in values for array in layer.trainable]
    return trainable + [array for layer in values for array in layer.state]
