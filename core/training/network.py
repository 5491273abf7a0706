"""Keras networks built from a spec, and the initial state of a run."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from core.training.nests import flat, nest
from core.training.uniform_draws import Initializers
from gradlab.spec import ExperimentSpec, NamedLayer


@dataclass(frozen=True, eq=False)
class BuiltLayer:
    """A layer of the spec together with its Keras layer.

    Attributes:
        named: the layer of the spec.
        keras: the Keras layer; that of another one, if its weights are shared.
    """

    named: NamedLayer
    keras: Any

    def __call__(self, xs: Sequence[Any], training: bool) -> Any:
        """Return the layer's output for a batch; `xs` are the outputs of the layers that it takes."""
        return self.named.spec.merge(self.keras, xs, training)


# A function from a layer and its inputs for a batch to its output.
Through = Callable[[BuiltLayer, Sequence[Any]], Any]


class Network:
    """A Keras network with the initial weights of one seed.

    Attributes:
        model: the Keras model: it can be called, saved and fitted like any other.
        layers: all its layers in the order of the forward pass, those of a block before it.
        trainable: the trainable variables, in the order of the spec's tensors; shared ones once.
        state: the other variables: running means, random states.
    """

    def __init__(self, spec: ExperimentSpec, seed: int) -> None:
        self._inputs, self._outputs = spec.model.inputs, [output.layer.name for output in spec.outputs]
        self.layers = _build(spec, seed)
        self.model = self._model(spec)
        owners = [layer.keras for layer in self.layers if not layer.named.shares]
        self.trainable = [variable for layer in owners for variable in layer.trainable_variables]
        self.state = [variable for layer in owners for variable in _untrained(layer)]

    def _model(self, spec: ExperimentSpec) -> Any:
        """Return the Keras model. Its inputs have the spec's names if there are several."""
        if len(spec.inputs) == 1:
            entries: Any = keras.Input(spec.inputs[0].shape)
        else:
            entries = tuple(keras.Input(each.shape, name=each.name) for each in spec.inputs)
        # Lists, as functional models have them: the file of the network is then that of such a model.
        inputs, outputs = (list(ends) if isinstance(ends, tuple) else ends for ends in (entries, self(entries)))
        return keras.Model(inputs, outputs)

    def __call__(self, x: Any, training: bool = False) -> Any:
        """Return the prediction for a batch, (batch, *units) of each output: see `forward`."""
        return self.forward(x, lambda layer, xs: layer(xs, training))

    def forward(self, x: Any, through: Through) -> Any:
        """Return the prediction for a batch, with `through` called for each layer in the order of the forward pass.

        This is the only walk through a network: whoever observes or changes what a layer does passes another `through`.

        Args:
            x: (batch, *features); a tuple of them, one for each of the spec's inputs, if there are several.
            through: computes a layer's output.

        Returns:
            (batch, *units); a tuple of them, one for each of the spec's outputs, if there are several.
        """
        values = dict(zip(self._inputs, flat(x), strict=True))
        for layer in self.layers:
            values[layer.named.name] = through(layer, [values[name] for name in layer.named.inputs])
        return nest([values[name] for name in self._outputs])

    @property
    def variables(self) -> list[Any]:
        """All variables: `trainable`, then `state`."""
        return [*self.trainable, *self.state]


def _build(spec: ExperimentSpec, seed: int) -> tuple[BuiltLayer, ...]:
    owners = {
        layer.name: layer.spec.build(keras, name=layer.name, seeds=_seeds(seed, position))
        for position, layer in enumerate(spec.layers)
        if not layer.shares
    }
    return tuple(BuiltLayer(layer, owners[layer.shares or layer.name]) for layer in spec.layers)


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
    """Return the values of the layers of `Network(spec, seed)` without building the network: some milliseconds.

    A layer that shares another's weights has none itself.
    """
    values = []
    for position, layer in enumerate(spec.layers):
        if layer.shares:
            values.append(LayerValues([], []))
            continue
        drawn = layer.spec.draw(Initializers(), layer.input_shape, _seeds(seed, position))
        if drawn is not None:
            values.append(LayerValues([np.asarray(tensor) for tensor in drawn], []))
            continue
        built = layer.spec.build(keras, name=layer.name, seeds=_seeds(seed, position))
        layer.spec.create_weights(built, layer.input_shape)
        values.append(LayerValues.of(built))
    return values


def flattened(values: Sequence[LayerValues]) -> list[np.ndarray]:
    """Return the values in the order of `Network.variables`."""
    trainable = [array for layer in values for array in layer.trainable]
    return trainable + [array for layer in values for array in layer.state]
