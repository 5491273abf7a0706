"""The activation functions of PyTorch, as activations of the vocabulary."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import torch

from gradlab.vocabulary import activations
from gradlab.vocabulary.activations import ActivationFunction

Function = tuple[Callable[..., ActivationFunction | None], dict[str, Any]]


def _named(make: Callable[..., ActivationFunction | None], **defaults: Any) -> Function:
    return make, defaults


def _leaky_relu(negative_slope: float) -> ActivationFunction:
    return activations.LeakyRelu(negative_slope=float(negative_slope))


def _gelu(approximate: str) -> ActivationFunction:
    return activations.Gelu(approximate=approximate == "tanh")


def _hard_tanh(min_val: float, max_val: float) -> ActivationFunction | None:
    return activations.HardTanh() if (min_val, max_val) == (-1, 1) else None


def _softplus(beta: float) -> ActivationFunction | None:
    return activations.Softplus() if beta == 1 else None


def _none() -> ActivationFunction | None:
    return None


# Name of a function of `torch`, `torch.nn.functional` or a tensor, without a `_` at its end -> the activation that its
# arguments after the first make, with their names and PyTorch's defaults.
FUNCTIONS: dict[str, Function] = {
    "tanh": _named(activations.Tanh),
    "relu": _named(activations.Relu),
    "relu6": _named(activations.Relu6),
    "sigmoid": _named(activations.Sigmoid),
    "leaky_relu": _named(_leaky_relu, negative_slope=0.01),
    "elu": _named(lambda alpha: activations.Elu(alpha=float(alpha)), alpha=1.0),
    "celu": _named(lambda alpha: activations.Celu(alpha=float(alpha)), alpha=1.0),
    "selu": _named(activations.Selu),
    "gelu": _named(_gelu, approximate="none"),
    "silu": _named(activations.Silu),
    "mish": _named(activations.Mish),
    "hardsigmoid": _named(activations.HardSigmoid),
    "hardswish": _named(activations.HardSilu),
    "hardtanh": _named(_hard_tanh, min_val=-1.0, max_val=1.0),
    "logsigmoid": _named(activations.LogSigmoid),
    "log_sigmoid": _named(activations.LogSigmoid),
    "softplus": _named(_softplus, beta=1),
    "softsign": _named(activations.Softsign),
    "softshrink": _named(lambda lambd: activations.SoftShrink(threshold=float(lambd)), lambd=0.5),
    "hardshrink": _named(lambda lambd: activations.HardShrink(threshold=float(lambd)), lambd=0.5),
    "tanhshrink": _named(activations.TanhShrink),
    "softmax": _named(activations.Softmax),
    "log_softmax": _named(activations.LogSoftmax),
    "prelu": _named(_none),
}
# Functions that are the output's activation behind a layer, and something else everywhere else, as in an attention.
OVER_UNITS = ("softmax", "log_softmax")


@lru_cache(maxsize=1024)
def function_name(function: Any) -> str | None:
    """Return the name of an activation function in `FUNCTIONS`; None if it is none of them."""
    name = str(getattr(function, "__name__", "")).rstrip("_")
    return name if name in FUNCTIONS else None


def activation_of(name: str, arguments: Sequence[Any], named: dict[str, Any]) -> ActivationFunction | None:
    """Return the activation of a call of the function `name`; None if the vocabulary does not have it.

    Args:
        name: the function's name in `FUNCTIONS`.
        arguments: the arguments after the first.
        named: the named arguments.
    """
    key = (name, tuple(arguments), tuple(sorted(named.items())))
    if any(isinstance(each, torch.Tensor) for each in (*arguments, *named.values())):
        return _activation(*key)
    try:
        return _activation_before(*key)
    except TypeError:  # an argument that cannot be a key
        return _activation(*key)


def _activation(name: str, arguments: tuple[Any, ...], named: tuple[tuple[str, Any], ...]) -> ActivationFunction | None:
    make, defaults = FUNCTIONS[name]
    values = dict(zip(defaults, arguments, strict=False))
    values = {key: dict(named).get(key, values.get(key, default)) for key, default in defaults.items()}
    return make(**values)


_activation_before = lru_cache(maxsize=256)(_activation)
