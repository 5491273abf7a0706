"""Layers, losses and optimisers as Keras code."""

import json
from collections.abc import Mapping
from typing import Any

from gradlab.frozen import Frozen, arguments_of, kind_of
from gradlab.vocabulary.activations import ActivationFunction
from gradlab.vocabulary.constraints import WeightConstraint
from gradlab.vocabulary.initializers import WeightInitializer
from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.dense import ActivationLayer
from gradlab.vocabulary.losses import LossFunction
from gradlab.vocabulary.optimizers import GradientOptimizer
from gradlab.vocabulary.regularizers import WeightRegularizer
from gradlab.vocabulary.schedules import LearningRateSchedule

# The fields that Keras's layers take by position, in that order.
POSITIONAL = ("units", "filters", "kernel_size", "rate", "stddev", "activation", "target_shape")
# Activations with parameters that Keras has as layers, which can be saved with a model.
WITH_PARAMETERS = {"relu": "ReLU", "leaky_relu": "LeakyReLU", "elu": "ELU", "softmax": "Softmax"}
UNWRITTEN = ("kind", "repeat")
# Fields that have a default here, and none in all of Keras's classes.
REQUIRED = ("pool_size",)


def layer_code(layer: LayerSpec, changed: tuple[str, ...] = ()) -> str:
    """Return the call that makes a layer: ``Dense(5, activation="tanh")``.

    Args:
        layer: the layer; of its fields those are written that differ from Keras's defaults.
        changed: fields that are written in any case.
    """
    name = "Activation" if isinstance(layer, ActivationLayer) else layer.keras_class()
    written = _written(layer, changed)
    written.pop("causal", None)  # of attention: an argument of the call
    first = [_value(written.pop(field)) for field in POSITIONAL[:5] if field in written]
    if name in ("Activation", "Reshape"):
        first.append(_value(written.pop("activation" if name == "Activation" else "target_shape")))
    if inner := written.pop("layer", None):
        of_inner = tuple(field.removeprefix("layer.") for field in changed if field.startswith("layer."))
        first.insert(0, layer_code(inner, of_inner))
    return f"{name}({', '.join([*first, *(f'{field}={_value(value)}' for field, value in written.items())])})"


def optimizer_code(optimizer: GradientOptimizer) -> str:
    """Return the call that makes an optimiser: ``keras.optimizers.SGD(learning_rate=0.01)``."""
    written = {"learning_rate": optimizer.learning_rate, **_written(optimizer)}
    arguments = ", ".join(f"{field}={_value(value)}" for field, value in written.items())
    return f"keras.optimizers.{optimizer.keras_name}({arguments})"


def loss_code(loss: LossFunction, *, sparse: bool = False) -> str:
    """Return the loss as an argument of `compile`. A `sparse` one takes class indices, if Keras has it so."""
    written = _written(loss)
    has_sparse = loss.kind == "categorical_crossentropy" and "label_smoothing" not in written
    kind = f"sparse_{loss.kind}" if sparse and has_sparse else loss.kind
    arguments = ", ".join(f"{field}={_value(value)}" for field, value in written.items())
    if not arguments:
        return json.dumps(kind)
    name = "".join(part.title() for part in kind.split("_"))
    return f"keras.losses.{'KLDivergence' if name == 'KlDivergence' else name}({arguments})"


def by_output_code(codes: Mapping[str, str]) -> str:
    """Return the code of an argument of `compile`: that of the only output, by an empty name, or a dictionary."""
    if "" in codes:
        return codes[""]
    return f"{{{', '.join(f'{json.dumps(name, ensure_ascii=False)}: {code}' for name, code in codes.items())}}}"


def _written(part: Frozen, changed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the fields that the code of a layer or an optimiser names; the activation first, as in Keras."""
    own = arguments_of(type(part))
    fields = {argument: type(part).model_fields[field] for argument, field in own.items()}
    named = sorted((field for field in fields if field not in UNWRITTEN), key=lambda field: field != "activation")
    values = {field: getattr(part, own[field]) for field in named}
    return {
        field: value
        for field, value in values.items()
        if field in changed or field in REQUIRED or fields[field].is_required() or value != fields[field].get_default()
    }


def _value(value: Any) -> str:
    """Return a value of a field as code."""
    if isinstance(value, WeightInitializer):
        return _named(value, "initializers", value.keras_name)
    if isinstance(value, WeightRegularizer):
        return _named(value, "regularizers", value.keras_name, always=True)
    if isinstance(value, WeightConstraint):
        return _named(value, "constraints", value.keras_name, always=True)
    if isinstance(value, ActivationFunction):
        return _activation(value)
    if isinstance(value, LearningRateSchedule):
        arguments = ", ".join(f"{field}={_value(each)}" for field, each in value.arguments().items())
        return f"keras.optimizers.schedules.{value.keras_name}({arguments})"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _named(part: Frozen, module: str, keras_name: str, *, always: bool = False) -> str:
    """Return the name of an initialiser or the like, or the call that makes it if it has parameters of its own."""
    written = _written(part)
    if not written and not always:
        return json.dumps(kind_of(type(part)))
    arguments = {field: getattr(part, field) for field in type(part).model_fields if field != "kind"}
    return f"keras.{module}.{keras_name}({', '.join(f'{name}={_value(each)}' for name, each in arguments.items())})"


def _activation(function: ActivationFunction) -> str:
    arguments = ", ".join(f"{field}={_value(value)}" for field, value in _written(function).items())
    if not arguments:
        return json.dumps(function.kind)
    if function.kind in WITH_PARAMETERS:
        return f"keras.layers.{WITH_PARAMETERS[function.kind]}({arguments})"
    return f"lambda x: keras.activations.{function.kind}(x, {arguments})"  # which Keras cannot save
