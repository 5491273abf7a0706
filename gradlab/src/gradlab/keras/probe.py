"""Probes of a Keras model: forward and backward passes of some samples that observe every layer and change nothing.

Dropout is off. Batch normalisations use the statistics of the samples, as they do in training, and keep their running
means. All variables are read, none is written: what the model assigns in a probe is dropped.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from gradlab.keras.arrays import array, precise
from gradlab.keras.backends import backend
from gradlab.keras.elementwise import is_elementwise, steepest_of
from gradlab.keras.guard import unnoticed
from gradlab.keras.layer_taps import (
    Flows,
    TappedLayer,
    is_activation_layer,
    tapped,
    tapped_layer,
    watching_modes,
)
from gradlab.keras.recurrence import parts_of
from gradlab.watch.series import together

# Numbers that a run returns as one array, which is fetched at once. To copy more takes longer than to fetch each.
MAX_JOINED = 1_000_000
# (x, y, predictions) -> the mean loss of the samples.
Loss = Callable[[Any, Any, Any], Any]


@dataclass(frozen=True, eq=False)
class ProbedLayer:
    """One layer on the probe batch: arrays of (records, samples, units). A position or time step counts as a sample.

    Attributes:
        z: pre-activations.
        h: activations.
        slope: the activation's derivative at z; NaN if it mixes units.
        delta: the derivative of each sample's loss by z; NaN without a loss.
        steepest: the largest slope of the activation, one number or (units,); None where it is unknown.
        steps: time steps of a recurrent layer; 0 for any other layer.
    """

    z: np.ndarray
    h: np.ndarray
    slope: np.ndarray
    delta: np.ndarray
    steepest: np.ndarray | float | None
    steps: int


class Probe:
    """A forward and backward pass of the probe batch through a model.

    Args:
        model: a built Keras model.
        layers: the layers to observe, with their names.
        loss: the loss; None if it is unknown, and then there are no signals.
        samples: x and y of the probe batch, arrays in the model's structures.
        factor: the number by which the loss is multiplied, so that each sample's own loss counts once.

    Attributes:
        untapped: layer -> the reason why it is not observed.
        lossless: the reason why there are no signals; None if there are.
        output_shape: the output's shape, None for the batch axis; None for several outputs.
        masked_shares: layer -> the share of its positions that a mask removes.
        entries: the numbers that a run returns; 0 before the first one.
    """

    def __init__(
        self, model: Any, layers: Sequence[tuple[str, Any]], loss: Loss | None, samples: tuple[Any, Any], factor: float
    ) -> None:
        self._model, self._loss, self._factor = model, loss, factor
        self.untapped: dict[str, str] = {}
        self.lossless: str | None = None if loss is not None else "the loss is not known"
        self._layers: list[TappedLayer] = []
        self._named = layers
        for name, layer in layers:
            each, reason = tapped_layer(name, layer)
            if each is None:
                self.untapped[name] = reason or "unknown"
            else:
                self._layers.append(each)
        self._variables = model_variables(model)
        self._normalizations = normalizations_of(model)
        self._x, self._y = (tree.map_structure(_tensor, each) for each in samples)
        self._shapes = self._discover()
        self._slopes = {each.name: self._slope_of(each) for each in self._layers}
        self._run = backend.compiled(self._forward_and_backward)
        self._nudges: list[Any] | None = None
        self._outputs: list[tuple[int, ...]] = []
        self._is_traced = False
        self.entries = 0

    def _discover(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Call the model once: shapes and types of the pre-activations of all layers that the call reaches."""
        flows = Flows({})
        prediction = self._call(flows, backend.values(self._variables))
        shapes = [tuple(each.shape) for each in tree.flatten(prediction)]
        self.output_shape = (None, *shapes[0][1:]) if len(shapes) == 1 else None
        self.masked_shares = flows.masked
        self.untapped |= flows.untapped
        for each in self._layers:
            if each.name not in flows.z and each.name not in self.untapped:
                self.untapped[each.name] = "the model's call does not use it"
        self._layers = [each for each in self._layers if each.name not in self.untapped]
        if self._loss is not None:
            try:
                self._stateless(backend.values(self._variables), lambda: self._loss_of(prediction))
            except Exception as error:
                self._loss, self.lossless = None, f"{type(error).__name__}: {error}"
        z = {name: flows.z[name] for name in (each.name for each in self._layers)}
        return {name: (tuple(each.shape), keras.backend.standardize_dtype(each.dtype)) for name, each in z.items()}

    def _call(self, flows: Flows, values: Sequence[Any]) -> Any:
        with tapped(self._layers, flows, self._normalizations):
            return self._stateless(values, lambda: self._model(self._x, training=False))

    def _stateless(self, values: Sequence[Any], action: Callable[[], Any]) -> Any:
        with keras.StatelessScope(list(zip(self._variables, values, strict=True)), collect_losses=True):
            return action()

    def _loss_of(self, prediction: Any) -> Any:
        assert self._loss is not None
        return ops.cast(self._loss(self._x, self._y, prediction), "float32") * self._factor

    def _forward_and_backward(self, values: Sequence[Any], nudges: Sequence[Any]) -> Any:
        names = [each.name for each in self._layers]

        def forward(nudges: list[Any]) -> tuple[Any, Any]:
            flows = Flows(dict(zip(names, nudges, strict=True)))

            def called() -> Any:
                prediction = self._model(self._x, training=False)
                return ops.sum(ops.zeros(())) if self._loss is None else self._loss_of(prediction)

            with tapped(self._layers, flows, self._normalizations):
                loss = self._stateless(values, called)
            return loss, ([flows.z[name] for name in names], [flows.h[name] for name in names])

        _, (zs, hs), deltas = backend.value_and_gradients(forward, list(nudges))
        missing = [ops.zeros_like(z) if delta is None else delta for z, delta in zip(zs, deltas, strict=True)]
        slopes = [self._slopes[name](z) for name, z in zip(names, zs, strict=True)]
        values = [*zs, *hs, *slopes, *missing]
        self._outputs = [tuple(each.shape) for each in values]
        if not values or any(size is None for shape in self._outputs for size in shape):
            return values
        if sum(int(np.prod(shape)) for shape in self._outputs) > MAX_JOINED:
            return values
        is_double = any(keras.backend.standardize_dtype(each.dtype) == "float64" for each in values)
        flat = [ops.reshape(ops.cast(each, "float64" if is_double else "float32"), (-1,)) for each in values]
        return ops.concatenate(flat)

    def training_modes(self) -> dict[str, float]:
        """Return 1 for each layer that runs in training mode when the model does, else 0.

        Only layers that compute something else then are listed: dropout, noise, batch normalisations. The masks of
        that call are added to `masked_shares`.
        """
        modes: dict[str, float] = {}
        with watching_modes(self._named, modes, self.masked_shares):
            self._stateless(backend.values(self._variables), lambda: self._model(self._x, training=True))
        return modes

    def _slope_of(self, each: TappedLayer) -> Callable[[Any], Any]:
        functions = each.functions
        if not functions:
            return ops.ones_like
        if each.opened is None:
            ((function, _),) = functions
            shape, dtype = self._shapes[each.name]
            if not is_elementwise(function, shape, dtype):
                return lambda z: ops.ones_like(z) * np.nan
            return partial(_derivative, function)

        def slope(z: Any) -> Any:
            parts = zip(functions, parts_of(z, [units for _, units in functions]), strict=True)
            return ops.concatenate([_derivative(function, part) for (function, _), part in parts], axis=-1)

        return slope

    def run(self) -> Any:
        """Probe the model with its present weights, and return what `read` takes. It does not wait for the result."""
        # A compiled run neither draws nor names anything.
        with contextlib.nullcontext() if self._is_traced and not backend.IS_EAGER else unnoticed():
            if self._nudges is None:
                self._nudges = backend.constants([np.zeros(*self._shapes[each.name]) for each in self._layers])
            outputs = self._run(backend.values(self._variables), self._nudges)
            if not self._is_traced:
                self._is_traced = True
                self.entries = sum(int(np.prod([size or 0 for size in shape])) for shape in self._outputs)
            return outputs

    def read(self, runs: Sequence[Any]) -> dict[str, ProbedLayer]:
        """Return what several runs observed: layer -> its arrays, with the runs along the first axis."""
        values, count = self._values(runs), len(self._layers)
        by_part = [values[part * count : (part + 1) * count] for part in range(4)]
        arrays = [[_by_unit(x, each) for x, each in zip(part, self._layers, strict=True)] for part in by_part]
        return {
            each.name: ProbedLayer(
                z, h, slope, delta if self._loss is not None else np.full_like(delta, np.nan), *self._constants(each)
            )
            for each, z, h, slope, delta in zip(self._layers, *arrays, strict=True)
        }

    def _values(self, runs: Sequence[Any]) -> list[np.ndarray]:
        """Return pre-activations, activations, slopes and signals of all layers, with the runs along the first axis."""
        if isinstance(runs[0], list | tuple):  # large ones, or shapes that were not known when it was compiled
            return [together([precise(each) for each in parts]) for parts in zip(*runs, strict=True)]
        ends = np.cumsum([int(np.prod(shape)) for shape in self._outputs])
        parts = np.split(together([array(each) for each in runs]), ends[:-1], axis=1)
        return [part.reshape(len(runs), *shape) for part, shape in zip(parts, self._outputs, strict=True)]

    def _constants(self, each: TappedLayer) -> tuple[np.ndarray | float | None, int]:
        functions = each.functions
        if each.opened is not None:
            largest = [np.nan if (steepest := steepest_of(f)) is None else steepest for f, _ in functions]
            return np.repeat(np.array(largest, np.float32), [units for _, units in functions]), self._shapes[each.name][
                0
            ][1]
        if not functions:
            return 1.0, 0
        return steepest_of(each.layer if is_activation_layer(each.layer) else functions[0][0]), 0


def model_variables(model: Any) -> list[Any]:
    """Return the variables of a model that its call may read or write, without metrics."""
    return [*model.trainable_variables, *model.non_trainable_variables]


def normalizations_of(model: Any) -> list[Any]:
    """Return a model's batch normalisations."""
    return [each for each in model._flatten_layers() if isinstance(each, keras.layers.BatchNormalization)]


def _tensor(value: Any) -> Any:
    return ops.convert_to_tensor(value)


def _derivative(function: Any, z: Any) -> Any:
    """Return the derivative of an elementwise function at each entry of z."""
    _, _, (slope,) = backend.value_and_gradients(lambda parts: (ops.sum(function(parts[0])), None), [z])
    return ops.zeros_like(z) if slope is None else slope


def _by_unit(values: np.ndarray, each: TappedLayer) -> np.ndarray:
    """Return (records, batch, *positions, units) as (records, samples, units)."""
    if getattr(each.layer, "data_format", None) == "channels_first" and values.ndim > 3:
        values = np.moveaxis(values, 2, -1)
    return values.reshape(len(values), -1, values.shape[-1] if values.ndim > 2 else 1)
