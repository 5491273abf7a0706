"""Translation of PyTorch's optimisers to the service's vocabulary; None where it has no word for one."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from pydantic import ValidationError

from gradlab.vocabulary import optimizers
from gradlab.vocabulary.optimizers import GradientOptimizer

# What does not change an update: how it is computed.
BESIDE = ("params", "lr", "foreach", "fused", "capturable", "differentiable", "initial_lr", "decoupled_weight_decay")


def optimizer_spec(optimizer: torch.optim.Optimizer) -> GradientOptimizer | None:
    """Return an optimiser as a spec of the service has it; None for several rates, or for what a spec cannot say.

    Its rate is the present one; later ones are metrics. Clipping is not PyTorch's optimiser's: it is measured.
    """
    first, *others = optimizer.param_groups
    if any(_settings(each) != _settings(first) or each["lr"] != first["lr"] for each in others):
        return None
    translate = TRANSLATIONS.get(type(optimizer).__name__)
    if translate is None or not type(optimizer).__module__.startswith("torch."):
        return None
    try:
        return translate(float(first["lr"]), first)
    except ValidationError:
        return None


def optimizer_class(optimizer: torch.optim.Optimizer) -> str:
    """Return the name of an optimiser's class: ``torch.optim.AdamW``."""
    kind = type(optimizer)
    module = "torch.optim" if kind.__module__.startswith("torch.optim") else kind.__module__
    return f"{module}.{kind.__name__}"[-200:]


def _settings(group: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in group.items() if name not in BESIDE}


def _without(group: Mapping[str, Any], names: Sequence[str]) -> bool:
    """True if settings that the vocabulary does not have are off."""
    return not any(group.get(name) for name in names)


def _sgd(rate: float, group: Mapping[str, Any]) -> GradientOptimizer | None:
    if not _without(group, ("weight_decay", "dampening", "maximize")):
        return None
    return optimizers.Sgd(learning_rate=rate, momentum=group["momentum"], nesterov=group["nesterov"])


def _adam(rate: float, group: Mapping[str, Any]) -> GradientOptimizer | None:
    if not _without(group, ("weight_decay", "maximize")):
        return None
    return optimizers.Adam(learning_rate=rate, amsgrad=group["amsgrad"], **_betas(group))


def _adamw(rate: float, group: Mapping[str, Any]) -> GradientOptimizer | None:
    if group.get("maximize"):
        return None
    decay = group["weight_decay"]
    return optimizers.AdamW(learning_rate=rate, amsgrad=group["amsgrad"], weight_decay=decay, **_betas(group))


def _adamax(rate: float, group: Mapping[str, Any]) -> GradientOptimizer | None:
    if not _without(group, ("weight_decay", "maximize")):
        return None
    return optimizers.Adamax(learning_rate=rate, **_betas(group))


def _rmsprop(rate: float, group: Mapping[str, Any]) -> GradientOptimizer | None:
    if not _without(group, ("weight_decay", "maximize")):
        return None
    fields = {"rho": group["alpha"], "momentum": group["momentum"], "centered": group["centered"]}
    return optimizers.RMSprop(learning_rate=rate, epsilon=group["eps"], **fields)


def _adagrad(rate: float, group: Mapping[str, Any]) -> GradientOptimizer | None:
    if not _without(group, ("weight_decay", "maximize", "lr_decay")):
        return None
    begin = group["initial_accumulator_value"]
    return optimizers.Adagrad(learning_rate=rate, epsilon=group["eps"], initial_accumulator_value=begin)


def _adadelta(rate: float, group: Mapping[str, Any]) -> GradientOptimizer | None:
    if not _without(group, ("weight_decay", "maximize")):
        return None
    return optimizers.Adadelta(learning_rate=rate, rho=group["rho"], epsilon=group["eps"])


def _betas(group: Mapping[str, Any]) -> dict[str, Any]:
    return {"beta_1": group["betas"][0], "beta_2": group["betas"][1], "epsilon": group["eps"]}


TRANSLATIONS = {
    "SGD": _sgd,
    "Adam": _adam,
    "AdamW": _adamw,
    "Adamax": _adamax,
    "RMSprop": _rmsprop,
    "Adagrad": _adagrad,
    "Adadelta": _adadelta,
}
