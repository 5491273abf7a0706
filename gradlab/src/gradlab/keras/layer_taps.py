"""Taps in a model's layers: during one call of the model they read pre-activations, and add zeros to them.

The derivative of the loss by these zeros is the back-propagated signal. A tap replaces `activation` or `call` of one
layer object while the model is called, and puts back what was there. It sees a layer's first use in a call.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import ops

from gradlab.keras.arrays import array
from gradlab.keras.described import ACTIVATION_LAYERS
from gradlab.keras.recurrence import OpenedRecurrence, is_recurrent, obstacle
from gradlab.watch.untapped import NOT_ONE_TENSOR

# No signal passes these: nothing is lost by leaving them out.
WHOLE_NUMBERS = "its output is whole numbers"
# Layers that compute something else in training.
MODAL = (
    keras.layers.BatchNormalization,
    keras.layers.Dropout,
    keras.layers.GaussianNoise,
    keras.layers.GaussianDropout,
    keras.layers.AlphaDropout,
)


@dataclass(frozen=True, eq=False)
class TappedLayer:
    """A layer with a tap.

    Attributes:
        name: its name in the model's description.
        layer: the Keras layer.
        opened: the recurrent layer with its pre-activations; None for other layers.
    """

    name: str
    layer: Any
    opened: OpenedRecurrence | None = None

    @property
    def functions(self) -> list[tuple[Any, int]]:
        """Its activations, each with a number of units; 0 for all units. [] for a layer without one."""
        if self.opened is not None:
            return self.opened.gates
        if is_activation_layer(self.layer):
            return [(lambda z: type(self.layer).call(self.layer, z), 0)]
        function = getattr(self.layer, "activation", None)
        return [(function, 0)] if callable(function) and function is not keras.activations.linear else []


@dataclass(eq=False)
class Flows:
    """Values that the taps read in one call of a model.

    Attributes:
        nudges: layer -> zeros that are added to its pre-activations; a layer without them is only read.
        z, h: layer -> pre-activations and activations.
        untapped: layer -> the reason why it could not be read.
        masked: layer -> the share of its positions that a mask removes.
    """

    nudges: Mapping[str, Any]
    z: dict[str, Any] = field(default_factory=dict)
    h: dict[str, Any] = field(default_factory=dict)
    untapped: dict[str, str] = field(default_factory=dict)
    masked: dict[str, float] = field(default_factory=dict)

    def nudged(self, name: str, z: Any) -> Any:
        """Return the pre-activations with the layer's zeros added."""
        nudge = self.nudges.get(name)
        return z if nudge is None else z + ops.cast(nudge, z.dtype)

    def keep(self, name: str, z: Any, h: Any) -> None:
        """Keep a layer's pre-activations and activations."""
        self.z[name], self.h[name] = z, h


def is_activation_layer(layer: Any) -> bool:
    """True if the layer is an activation by itself."""
    return isinstance(layer, keras.layers.Activation) or type(layer).__name__ in ACTIVATION_LAYERS


def tapped_layer(name: str, layer: Any) -> tuple[TappedLayer | None, str | None]:
    """Return a layer with its tap; None with the reason if it cannot be tapped."""
    if reason := obstacle(layer):
        return None, reason
    if not is_recurrent(layer):
        return TappedLayer(name, layer), None
    try:
        cell = (layer.forward_layer if hasattr(layer, "forward_layer") else layer).cell
        return TappedLayer(name, layer, OpenedRecurrence(layer, int(cell.kernel.shape[0]))), None
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"


@contextlib.contextmanager
def tapped(layers: Sequence[TappedLayer], flows: Flows, normalizations: Sequence[Any]) -> Iterator[None]:
    """Tap layers for one call of their model.

    Args:
        layers: the layers.
        flows: gets what they read.
        normalizations: batch normalisations, which use the statistics of the batch as they do in training.
    """
    with contextlib.ExitStack() as replaced:
        for layer in normalizations:
            replaced.enter_context(_replaced(layer, "call", _in_training_mode(layer)))
        for each in layers:
            name, tap = ("activation", _around_activation) if _has_activation(each) else ("call", _around_call)
            replaced.enter_context(_replaced(each.layer, name, tap(each, flows)))
        yield


@contextlib.contextmanager
def watching_modes(
    layers: Sequence[tuple[str, Any]], modes: dict[str, float], masked: dict[str, float]
) -> Iterator[None]:
    """Note for one call of the model which of the layers that compute something else in training run in training mode.

    Args:
        layers: layers with their names.
        modes: gets layer -> 1 in training mode, 0 otherwise.
        masked: gets layer -> the share of entries that its mask removes; of several masks, the largest.
    """
    with contextlib.ExitStack() as replaced:
        for name, layer in layers:
            replaced.enter_context(_replaced(layer, "call", _noting(name, layer, modes, masked)))
        yield


def _noting(name: str, layer: Any, modes: dict[str, float], masked: dict[str, float]) -> Callable[..., Any]:
    call, is_modal = layer.call, isinstance(layer, MODAL)
    # Keras runs a batch normalisation that is not trainable in inference mode. Dropout drops all the same.
    is_frozen = isinstance(layer, keras.layers.BatchNormalization) and not layer.trainable

    def called(*arguments: Any, **named: Any) -> Any:
        if is_modal:
            modes[name] = float(bool(named.get("training")) and not is_frozen)
        for key, mask in named.items():
            if key.endswith("mask") and ops.is_tensor(mask):
                share = 1 - float(ops.convert_to_numpy(ops.mean(ops.cast(mask, "float32"))))
                masked[name] = max(share, masked.get(name, 0.0))
        return call(*arguments, **named)

    return called


@contextlib.contextmanager
def _replaced(layer: Any, name: str, replacement: Any) -> Iterator[None]:
    """Set an attribute of the object itself, past Keras's tracking of attributes, and put back what was there."""
    own = vars(layer)
    had, before = name in own, own.get(name)
    own[name] = replacement
    try:
        yield
    finally:
        if had:
            own[name] = before
        else:
            own.pop(name, None)


def _has_activation(each: TappedLayer) -> bool:
    if each.opened is not None or is_activation_layer(each.layer):
        return False
    return callable(getattr(each.layer, "activation", None))


def _in_training_mode(layer: Any) -> Callable[..., Any]:
    call = layer.call

    def called(*arguments: Any, **named: Any) -> Any:
        return call(*arguments, **{**named, "training": True})

    return called


def _around_activation(each: TappedLayer, flows: Flows) -> Callable[..., Any]:
    function = each.layer.activation

    def activation(z: Any, *more: Any, **named: Any) -> Any:
        if each.name in flows.z:
            return function(z, *more, **named)
        z = flows.nudged(each.name, z)
        h = function(z, *more, **named)
        flows.keep(each.name, z, h)
        return h

    return activation


def _around_call(each: TappedLayer, flows: Flows) -> Callable[..., Any]:
    call, is_activation = each.layer.call, is_activation_layer(each.layer)

    def called(*arguments: Any, **named: Any) -> Any:
        if each.name in flows.z or each.name in flows.untapped:
            return call(*arguments, **named)
        if each.opened is not None:
            return _open(each, flows, call, *arguments, **named)
        if is_activation:
            z = flows.nudged(each.name, arguments[0])
            output = call(z, *arguments[1:], **named)
        else:
            output = call(*arguments, **named)
            if not keras.ops.is_tensor(output):
                flows.untapped[each.name] = NOT_ONE_TENSOR
                return output
            if "float" not in keras.backend.standardize_dtype(output.dtype):
                flows.untapped[each.name] = WHOLE_NUMBERS
                return output
            z = output = flows.nudged(each.name, output)
        flows.keep(each.name, z, output)
        return output

    return called


def _open(each: TappedLayer, flows: Flows, call: Any, x: Any, *arguments: Any, **named: Any) -> Any:
    if arguments or named.get("initial_state") is not None:
        flows.untapped[each.name] = "it begins from a state that the model gives it"
        return call(x, *arguments, **named)
    assert each.opened is not None
    nudge = flows.nudges.get(each.name)
    if nudge is None:
        nudge = ops.zeros((x.shape[0], x.shape[1], each.opened.width), dtype=x.dtype)
    opened = each.opened(x, ops.cast(nudge, x.dtype), named.get("mask"))
    flows.keep(each.name, opened.z, opened.h)
    if named.get("mask") is not None and not flows.nudges:  # the first call, outside of a compiled one
        flows.masked[each.name] = 1 - float(array(ops.mean(ops.cast(named["mask"], "float32"))))
    return opened.output
