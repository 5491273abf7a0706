"""Layers of Keras as layers of the vocabulary, from their class names and arguments."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from gradlab.frozen import arguments_of, kind_of
from gradlab.translate.from_keras.notes import Notes, Untranslatable
from gradlab.translate.from_keras.objects import KerasObject, keras_object, plain
from gradlab.translate.from_keras.table import ACTIVATION_LAYERS, layer_kinds, reason_against
from gradlab.translate.from_keras.values import (
    Fields,
    activation_layer,
    check_left_out,
    is_default,
    validated,
    value_of,
)
from gradlab.vocabulary.layers import Layer, LayerSpec, Shape

# One number stands for equal ones along all axes.
SIZES = frozenset({"kernel_size", "strides", "pool_size", "dilation_rate", "size"})
FLOAT32 = ("float32", None)
INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool")
# The layer that a wrapper holds, such as `Bidirectional` or `TimeDistributed`.
WRAPPED = ("layer",)
# What Keras's `Bidirectional` sets in its two layers, whatever they were made with.
SET_BY_BIDIRECTIONAL = ("zero_output_for_mask",)


def layer_of(thing: KerasObject, where: str, notes: Notes, call: Fields, shapes: tuple[Shape | None, ...]) -> Any:
    """Return a layer of the vocabulary; None if the layer cannot be translated, which `notes` then says.

    Args:
        thing: the layer.
        where: its name in the network, for problems.
        notes: the problems so far.
        call: what it is called with beside its inputs, such as ``use_causal_mask``.
        shapes: the shapes of its inputs, without the batch axis; None for one that is unknown.
    """
    count = len(notes.problems)
    fields = layer_fields(thing, where, notes, call, shapes)
    if fields is None or len(notes.problems) > count:
        return None
    try:
        spec: LayerSpec = validated(Layer, fields)
    except Untranslatable as error:
        notes.refuse(where, error.expected, error.received)
        return None
    return spec


def layer_fields(
    thing: KerasObject, where: str, notes: Notes, call: Fields, shapes: tuple[Shape | None, ...] = ()
) -> Fields | None:
    """Return a layer's kind and fields, each problem in `notes`; None if the vocabulary has no such layer."""
    is_activation = thing.class_name in ACTIVATION_LAYERS  # which remedies change as they change any activation
    member = None if is_activation else layer_kinds().get(thing.class_name.lower())
    if not thing.is_of_keras or (member is None and not is_activation):
        name = thing.class_name if thing.is_of_keras else thing.registered_name or thing.class_name
        class_name = thing.class_name if thing.is_of_keras else name
        notes.refuse(where, reason_against(class_name), name)
        return None
    _check_common(thing, where, notes)
    if member is None:
        try:
            return {"kind": "activation", "activation": activation_layer(thing, notes)}
        except Untranslatable as error:
            notes.refuse(where, error.expected, error.received)
            return None
    reader = _Reader(thing, member, where, notes, shapes)
    for name, value in thing.config.items():
        reader.read(name, value)
    for name, value in call.items():
        reader.read_of_call(name, value)
    return reader.fields


class _Reader:
    """Reads the arguments of one layer; each problem goes into the notes."""

    def __init__(
        self,
        thing: KerasObject,
        member: type[LayerSpec],
        where: str,
        notes: Notes,
        shapes: tuple[Shape | None, ...],
    ) -> None:
        self._thing, self._names = thing, frozenset(arguments_of(member)) - {"kind", "repeat"}
        self._where, self._notes, self._shapes = where, notes, shapes
        self.fields: Fields = {"kind": kind_of(member)}

    def read(self, name: str, value: Any) -> None:
        """Read an argument of the layer."""
        if name in ("trainable", "dtype") and name not in self._names:
            return
        if name == "backward_layer":
            self._check_backward(value)
        elif name in WRAPPED and name in self._names:
            self._read_inner(name, value)
        else:
            self._attempt(name, value)

    def read_of_call(self, name: str, value: Any) -> None:
        """Read an argument of the layer's call."""
        own = "causal" if name == "use_causal_mask" and "causal" in self._names else name
        if own in self._names:
            self.fields[own] = value
        elif value not in (None, False):
            self._notes.refuse(f"{self._where}.{name}", "a call with inputs alone", value)

    def _attempt(self, name: str, value: Any) -> None:
        try:
            is_last = self._is_last_axis(name, value)
            if name in self._names:
                self.fields[name] = -1 if is_last and name == "axis" else self._value(name, value)
            elif not is_last:
                check_left_out("layers", self._thing.class_name, name, value, self._notes, self._where)
        except Untranslatable as error:
            self._notes.refuse(f"{self._where}.{name}", error.expected, error.received)

    def _value(self, name: str, value: Any) -> Any:
        value = value_of(name, value, self._notes, self._where)
        if name in SIZES and isinstance(value, tuple) and len({*value}) == 1:
            return value[0]
        if name == "target_shape" and isinstance(value, tuple) and -1 in value:
            return self._whole(value)
        return value

    def _whole(self, target: tuple[int, ...]) -> tuple[int, ...]:
        """Return a shape with the size that -1 stands for."""
        import math

        (shape,) = self._shapes if len(self._shapes) == 1 else (None,)
        whole = all(isinstance(size, int) for size in target)
        others = math.prod(size for size in target if size != -1) if whole else 0
        if shape is None or target.count(-1) != 1 or others < 1:
            raise Untranslatable("sizes of all axes: with -1, the shape of the inputs has to be known", target)
        return tuple(math.prod(shape) // others if size == -1 else size for size in target)

    def _is_last_axis(self, name: str, value: Any) -> bool:
        """True for the axis of a normalisation that is the last one, counted from the batch axis on."""
        if name == "attention_axes":
            # The axes between samples and features; the vocabulary has sequences alone, with one.
            return value is None or plain(value) == (1,)
        if name != "axis" or len(self._shapes) > 1:
            return False
        shape = self._shapes[0] if self._shapes else None
        last = (-1,) if shape is None else (-1, len(shape))
        return plain(value) in (*last, *((axis,) for axis in last))

    def _read_inner(self, name: str, value: Any) -> None:
        inner = keras_object(value)
        if inner is None:
            self._notes.refuse(f"{self._where}.{name}", "a layer of Keras", value)
            return
        shapes = self._shapes
        if self._thing.class_name == "TimeDistributed":
            shapes = tuple(shape and shape[1:] for shape in shapes)
        elif self._thing.class_name == "Bidirectional":
            inner = _without(inner, SET_BY_BIDIRECTIONAL)
        fields = layer_fields(inner, f"{self._where}.{name}", self._notes, {}, shapes)
        if fields is not None:
            self.fields[name] = fields

    def _check_backward(self, value: Any) -> None:
        """Check that the backward layer of a bidirectional one differs from its layer in its direction alone."""
        layers = [keras_object(each) for each in (value, self._thing.config.get("layer"))]
        backward, forward = (None if each is None else _without_direction(each, self._notes) for each in layers)
        if value is not None and backward != forward:
            expected = "none, or the layer itself with go_backwards: two directions of one kind"
            self._notes.refuse(f"{self._where}.backward_layer", expected, "another layer")


def _without_direction(thing: KerasObject, notes: Notes) -> Any:
    apart = Notes(is_keras_2=notes.is_keras_2)
    return layer_fields(_without(thing, ("go_backwards", "seed", *SET_BY_BIDIRECTIONAL)), "", apart, {})


def _without(thing: KerasObject, names: Collection[str]) -> KerasObject:
    """The object without some of its arguments."""
    config = {name: value for name, value in thing.config.items() if name not in names}
    return replace(thing, config=config)


def _check_common(thing: KerasObject, where: str, notes: Notes) -> None:
    """Refuse a layer of another precision than float32, or one whose weights are frozen."""
    dtype = thing.config.get("dtype")
    if dtype_name(dtype) not in (*FLOAT32, *INTEGERS):
        notes.refuse(f"{where}.dtype", "float32, in which this service trains", str(dtype_name(dtype)))
    if thing.config.get("trainable", True) is False and _has_weights(thing):
        expected = "true: this service trains all layers. Leave the frozen part out, and train on what it puts out"
        notes.refuse(f"{where}.trainable", expected, "false")


def _has_weights(thing: KerasObject) -> bool:
    """True if one of a layer's arguments draws weights."""
    held = keras_object(thing.config.get("layer"))
    config: Mapping[str, Any] = held.config if held is not None else thing.config
    return any(name.endswith("_initializer") for name in config)


def dtype_name(value: Any) -> Any:
    """Return the name of a type of numbers, as a text or as a policy of Keras; None if there is none."""
    policy = keras_object(value)
    if policy is None:
        return value
    name = policy.config.get("name")
    if policy.class_name not in ("DTypePolicy", "Policy"):
        return policy.class_name
    return name


__all__ = ["dtype_name", "is_default", "layer_fields", "layer_of"]
