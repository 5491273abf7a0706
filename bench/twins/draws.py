"""Initial weights of a spec, drawn by PyTorch from the same distributions as Keras's, in Keras's order of axes."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from gradlab.spec import ExperimentSpec, NamedLayer
from gradlab.spec.network import in_order
from gradlab.vocabulary.initializers import WeightInitializer

Shape = tuple[int, ...]
# Family -> (scale, mode, distribution) of Keras's variance scaling.
SCALINGS = {
    "glorot_uniform": (1.0, "fan_avg", "uniform"),
    "glorot_normal": (1.0, "fan_avg", "truncated_normal"),
    "he_uniform": (2.0, "fan_in", "uniform"),
    "he_normal": (2.0, "fan_in", "truncated_normal"),
    "lecun_uniform": (1.0, "fan_in", "uniform"),
    "lecun_normal": (1.0, "fan_in", "truncated_normal"),
}
# The standard deviation of a normal distribution that is truncated at two of its own.
TRUNCATED = 0.87962566103423978


def initial_weights(spec: ExperimentSpec) -> dict[str, torch.Tensor]:
    """Draw the trainable tensors of a spec: ``layer/parameter`` -> tensor. It draws from PyTorch's own generator."""
    return {f"{layer.name}/{name}": value for layer in in_order(spec.network) for name, value in _of_layer(layer)}


def _of_layer(layer: NamedLayer) -> Iterator[tuple[str, torch.Tensor]]:
    inside: Any = getattr(layer.spec, "layer", layer.spec)
    for tensor in layer.tensors:
        role = tensor.parameter.removeprefix("forward_").removeprefix("backward_")
        field = {"recurrent_kernel": "recurrent"}.get(role, role)
        value = drawn(getattr(inside, f"{field}_initializer"), tensor.shape)
        if role == "bias" and inside.kind == "lstm" and inside.unit_forget_bias:
            value[inside.units : 2 * inside.units] = 1.0
        yield tensor.parameter, value


def drawn(initializer: WeightInitializer, shape: Shape) -> torch.Tensor:
    """Draw a tensor in Keras's order of axes."""
    own: Any = initializer
    value = torch.empty(shape)
    if own.kind in SCALINGS:
        return _scaled(value, *SCALINGS[own.kind])
    if own.kind == "variance_scaling":
        return _scaled(value, own.scale, own.mode, own.distribution)
    match own.kind:
        case "zeros":
            return value.zero_()
        case "ones":
            return value.fill_(1.0)
        case "constant":
            return value.fill_(own.value)
        case "identity":
            return own.gain * torch.eye(*shape)
        case "random_uniform":
            return value.uniform_(own.minval, own.maxval)
        case "random_normal":
            return value.normal_(own.mean, own.stddev)
        case "truncated_normal":
            return _truncated(value, own.mean, own.stddev)
        case "orthogonal":
            flat = nn.init.orthogonal_(torch.empty(math.prod(shape[:-1]), shape[-1]), own.gain)
            return flat.reshape(shape)
    raise ValueError(f"initializer: expected one of Keras's kinds; received {own.kind}")


def _truncated(value: torch.Tensor, mean: float, deviation: float) -> torch.Tensor:
    return nn.init.trunc_normal_(value, mean, deviation, mean - 2 * deviation, mean + 2 * deviation)


def _scaled(value: torch.Tensor, scale: float, mode: str, distribution: str) -> torch.Tensor:
    *positions, into, out = value.shape
    field = math.prod(positions)
    n = {"fan_in": into, "fan_out": out, "fan_avg": (into + out) / 2}[mode] * field
    deviation = math.sqrt(scale / n)
    if distribution == "uniform":
        return value.uniform_(-math.sqrt(3) * deviation, math.sqrt(3) * deviation)
    if distribution == "untruncated_normal":
        return value.normal_(0.0, deviation)
    return _truncated(value, 0.0, deviation / TRUNCATED)
