"""Calls of layers in a functional model: which tensors a layer takes, as Keras 2 and Keras 3 write them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gradlab.translate.from_keras.notes import Untranslatable
from gradlab.translate.from_keras.objects import keras_object, plain


@dataclass(frozen=True)
class TensorRef:
    """An output of a call.

    Attributes:
        layer: name of the layer, within its model.
        call: number of the call, from 0.
        output: number of the output, from 0.
    """

    layer: str
    call: int
    output: int


@dataclass
class Call:
    """A call of a layer.

    Attributes:
        tensors: the tensors it takes by position, a list of tensors written out.
        numbers: numbers among its arguments by position, with their place: (0, 0.5).
        named: the tensors it takes by name, such as ``value`` and ``key``.
        options: all other arguments by name.
    """

    tensors: list[TensorRef] = field(default_factory=list)
    numbers: list[tuple[int, float]] = field(default_factory=list)
    named: dict[str, TensorRef] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def refs(self) -> list[TensorRef]:
        """All tensors that it takes, those by position first."""
        return [*self.tensors, *self.named.values()]


def calls_of(nodes: Any) -> list[Call]:
    """Return the calls of a layer, from its `inbound_nodes`.

    Raises:
        Untranslatable: they have neither the form of Keras 2 nor that of Keras 3.
    """
    if not isinstance(nodes, list | tuple):
        raise Untranslatable("a list of calls", nodes)
    return [_call(node) for node in nodes]


def _call(node: Any) -> Call:
    call = Call()
    if isinstance(node, dict):
        for place, argument in enumerate(_listed(node.get("args", []))):
            _add_argument(call, place, argument)
        named = node.get("kwargs", {})
        for name, value in (named if isinstance(named, dict) else {}).items():
            _add_named(call, name, value)
        return call
    # Keras 2: [[layer, call, output, named], ...], for a single tensor without the outer list.
    entries = _listed(node)
    if entries and isinstance(entries[0], str):
        entries = [entries]
    for place, entry in enumerate(entries):
        if not isinstance(entry, list | tuple) or len(entry) < 3:
            raise Untranslatable("[layer, call, output] for each input", entry)
        if entry[0] == "_CONSTANT_VALUE":
            _add_argument(call, place, entry[2])
        else:
            call.tensors.append(_ref(entry[:3]))
        for name, value in (entry[3] if len(entry) > 3 and isinstance(entry[3], dict) else {}).items():
            if name != "name":
                _add_named(call, name, value)
    return call


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise Untranslatable("a list of inputs", value)
    return list(value)


def _add_argument(call: Call, place: int, argument: Any) -> None:
    refs = list(_refs(argument))
    call.tensors.extend(refs)
    if not refs and argument is not None:
        value = plain(argument)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Untranslatable("tensors and numbers as inputs", argument)
        try:
            call.numbers.append((place, float(value)))
        except OverflowError as error:  # a whole number of hundreds of digits
            raise Untranslatable("tensors and numbers as inputs, of double precision", argument) from error


def _add_named(call: Call, name: str, value: Any) -> None:
    refs = list(_refs(value)) or list(_keras_2_ref(value))
    if len(refs) == 1:
        call.named[name] = refs[0]
    elif refs:
        # Such as `initial_state`: several tensors by one name.
        call.named |= {f"{name}[{place}]": ref for place, ref in enumerate(refs)}
    elif value is not None:
        call.options[name] = value


def _refs(value: Any) -> Iterator[TensorRef]:
    """Yield the tensors of Keras 3 in a value, at any depth."""
    if isinstance(value, list | tuple):
        for each in value:
            yield from _refs(each)
        return
    thing = keras_object(value)
    if thing is not None and thing.class_name == "__keras_tensor__":
        yield _ref(thing.config.get("keras_history"))
    elif isinstance(value, dict):
        for each in value.values():
            yield from _refs(each)


def _keras_2_ref(value: Any) -> Iterator[TensorRef]:
    if isinstance(value, list | tuple) and len(value) == 3 and isinstance(value[0], str):
        yield _ref(value)


def _ref(history: Any) -> TensorRef:
    if isinstance(history, list | tuple) and len(history) == 3:
        layer, call, output = history
        if isinstance(layer, str) and isinstance(call, int) and isinstance(output, int):
            return TensorRef(layer, call, output)
    raise Untranslatable("[layer, call, output] of a tensor", history)


def refs_of(listed: Any) -> list[TensorRef]:
    """Return the tensors that a model lists as its inputs or outputs: one, a list, or by names.

    Raises:
        Untranslatable: they have another form.
    """
    if isinstance(listed, dict):
        return [ref for each in listed.values() for ref in refs_of(each)]
    entries = _listed(listed)
    return [_ref(entries)] if entries and isinstance(entries[0], str) else [_ref(entry) for entry in entries]
