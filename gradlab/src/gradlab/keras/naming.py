"""Unique names of a Keras model's layers and trainable tensors, at any depth of nesting."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from gradlab.keras.blocks import residuals
from gradlab.keras.configuration import layer_spec
from gradlab.keras.described import activation_of, none_if_raises, normalized_values_of
from gradlab.keras.shapes import inbound_names, initializer_of, input_shape_of, output_shape_of, units_of
from gradlab.measurement.history import Tensor
from gradlab.spec.external import ExternalLayer, ExternalParameter
from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.attention import MultiHeadAttention
from gradlab.vocabulary.layers.blocks import Residual

# Characters of the longest name that an `ExternalSpec` accepts.
MAX_NAME_LENGTH = 200


@dataclass
class _Owner:
    """A layer, its unique name, its own trainable variables, and whether layers inside it are listed, too."""

    name: str
    layer: Any
    variables: list[Any] = field(default_factory=list)
    opened: bool = False


def named_variables(model: Any) -> list[tuple[Tensor, Any]]:
    """Return the trainable variables of a built Keras model, each once and with its tensor's description."""
    return [
        (Tensor(owner.name, name, tuple(variable.shape)), variable)
        for owner in _owners(model)
        for name, variable in zip(_parameter_names(owner.variables), owner.variables, strict=True)
    ]


def tensors_of(model: Any) -> list[Tensor]:
    """Return the trainable tensors of a built Keras model, named by layer and parameter.

    A layer inside a nested model or a custom layer is named by its path: ``base/conv2d``. A layer of Keras's own that
    holds others, such as `Bidirectional`, stays one layer. Its parameters' names begin with the inner layer's:
    ``forward_kernel``, ``query_bias``.
    """
    return [tensor for tensor, _ in named_variables(model)]


def layers_of(model: Any) -> list[ExternalLayer]:
    """Return the layers of a built Keras model, in its order, for an `ExternalSpec`. Input layers are left out.

    Variables that belong to the model itself are listed under a layer with the model's name.
    """
    owners = _owners(model)
    inbound = none_if_raises(inbound_names, model, {id(owner.layer): owner.name for owner in owners}) or {}
    configurations = {id(owner.layer): none_if_raises(layer_spec, owner.layer) for owner in owners if not owner.opened}
    configurations |= none_if_raises(residuals, [owner.layer for owner in owners], configurations) or {}
    return [_described(owner, inbound.get(owner.name), configurations.get(id(owner.layer))) for owner in owners]


def _described(owner: _Owner, inbound: tuple[str, ...] | None, configuration: LayerSpec | None) -> ExternalLayer:
    layer, names = owner.layer, _parameter_names(owner.variables)
    drawn = {name: none_if_raises(initializer_of, layer, name) for name in names} if configuration is None else {}
    output = output_shape_of(layer)
    return ExternalLayer(
        name=owner.name,
        class_name=_valid(type(layer).__name__),
        output_shape=output,
        activation=none_if_raises(activation_of, layer),
        normalized_values=none_if_raises(normalized_values_of, layer),
        parameters=tuple(
            ExternalParameter(name=name, shape=tuple(variable.shape))
            for name, variable in zip(names, owner.variables, strict=True)
        ),
        configuration=configuration,
        inbound=inbound,
        input_shape=output if isinstance(configuration, Residual | MultiHeadAttention) else input_shape_of(layer),
        units=none_if_raises(units_of, layer, output),
        initializers={name: initializer for name, initializer in drawn.items() if initializer is not None},
    )


def watched_layers(model: Any) -> list[tuple[str, Any]]:
    """Return the layers whose outputs are observed, by their names in `layers_of`: all that hold no others."""
    return [(owner.name, owner.layer) for owner in _owners(model) if owner.layer is not model and not owner.opened]


def frozen_tensors(model: Any) -> list[str]:
    """Return the paths, ``layer/parameter``, of weights that the user has set not to be trained."""
    return [
        f"{owner.name}/{variable.name}"
        for owner in _owners(model)
        if not owner.opened
        for variable in owner.layer.weights
        if not variable.trainable and any(variable is each for each in _trained_unless_frozen(owner.layer))
    ]


def _trained_unless_frozen(layer: Any) -> list[Any]:
    return [each for inside in layer._flatten_layers(include_self=True) for each in inside._trainable_variables]


def _owners(model: Any) -> list[_Owner]:
    """Return all layers in the model's order. A layer or a variable that is used several times is listed once."""
    waiting = {id(variable): variable for variable in model.trainable_variables}
    visited: set[int] = set()
    owners: list[_Owner] = []

    def visit(layer: Any, name: str, inner: Sequence[Any]) -> None:
        inside = {id(variable) for each in inner for variable in each.variables}
        own = [waiting.pop(id(each)) for each in layer.variables if id(each) in waiting and id(each) not in inside]
        if own or not inner:
            owners.append(_Owner(name, layer, own, bool(inner)))
        for each in inner:
            if id(each) not in visited and not isinstance(each, keras.layers.InputLayer):
                visited.add(id(each))
                path = each.name if layer is model else f"{name}/{each.name}"
                visit(each, path, _inner(each) if _is_opened(each) else [])

    visit(model, model.name, _inner(model))
    if waiting:
        owners.append(_Owner(model.name, model, list(waiting.values())))
    for owner, name in zip(owners, _distinct([owner.name for owner in owners]), strict=True):
        owner.name = name
    return owners


def _inner(layer: Any) -> list[Any]:
    """Return the layers directly inside a layer or a model."""
    if isinstance(layer, keras.Model):
        return list(layer.layers)
    return list(layer._flatten_layers(include_self=False, recursive=False))


def _is_opened(layer: Any) -> bool:
    """True for nested models, for custom layers that hold others, and for wrappers around either.

    Keras's own recurrent, bidirectional and attention layers count as one layer each, as the rules of the diagnosis
    expect. So do derived classes that do not override `call`.
    """
    if isinstance(layer, keras.Model):
        return True
    computes = next((base for base in type(layer).__mro__ if "call" in vars(base)), type(layer))
    if computes.__module__.split(".")[0] != "keras":
        return True
    return any(_is_opened(each) for each in _inner(layer))


def _parameter_names(variables: Sequence[Any]) -> list[str]:
    """Return the variables' names, with the inner layer's name in front if they are not distinct otherwise."""
    names = [variable.name for variable in variables]
    if len(set(names)) < len(names):
        paths = [variable.path.split("/") for variable in variables]
        parts = [path[-3 if len(path) > 2 and "cell" in path[-2] else -2] if len(path) > 1 else "" for path in paths]
        ways = [next((way for way in ("forward", "backward") if way in part), part) for part in parts]
        short = [f"{way}_{name}" for way, name in zip(ways, names, strict=True)]
        names = short if len(set(short)) == len(short) else ["/".join(path) for path in _without_common_start(paths)]
    return _distinct(names)


def _without_common_start(paths: list[list[str]]) -> list[list[str]]:
    common = 0
    while all(len(path) > common + 1 for path in paths) and len({path[common] for path in paths}) == 1:
        common += 1
    return [path[common:] for path in paths]


def _distinct(names: Sequence[str]) -> list[str]:
    """Return distinct names that an `ExternalSpec` accepts: the second ``fc1`` is ``fc1_2``."""
    taken: set[str] = set()
    distinct = []
    for name in map(_valid, names):
        candidate, count = name, 1
        while candidate in taken:
            count += 1
            candidate = _shortened(name, f"_{count}")
        taken.add(candidate)
        distinct.append(candidate)
    return distinct


def _valid(name: str) -> str:
    printable = "".join(letter if letter >= " " and letter != "\x7f" else "?" for letter in name)
    return _shortened(printable or "unnamed", "")


def _shortened(name: str, ending: str) -> str:
    """Return the end of a name that is too long: of a path, the end distinguishes best."""
    room = MAX_NAME_LENGTH - len(ending)
    return (name if len(name) <= room else f"…{name[1 - room :]}") + ending
