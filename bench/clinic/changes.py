"""Changes that make a healthy spec ill: (fields of a spec, random generator) -> new fields.

The strength of a change is random. Its bounds were widened until the cases were ill by `bench.clinic.criterion` on both
halves, without regard to any rule.
"""

import copy
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bench.clinic.case import DEAD, VANISHING

Fields = dict[str, Any]
RECURRENT = ("simple_rnn", "gru", "lstm")
KERNEL_LAYERS = ("dense", "conv1d", "conv2d", *RECURRENT)


@dataclass(frozen=True)
class Change:
    """One change of a healthy spec.

    Attributes:
        name: the change.
        illness: the illness that it causes.
        roots: rules of which each is a right root cause.
        apply: (fields, random generator) -> the fields of an ill spec.
    """

    name: str
    illness: str
    roots: tuple[str, ...]
    apply: Callable[[Fields, random.Random], Fields]


def between(low: float, high: float, chance: random.Random) -> float:
    """Draw a number between two, log-uniform, rounded to two digits."""
    return float(f"{math.exp(chance.uniform(math.log(low), math.log(high))):.2g}")


def hidden(fields: Fields) -> Iterator[Fields]:
    """Yield the hidden layers with a kernel, including those inside blocks."""
    yield from _kernels(fields["model"]["layers"][:-1])


def _kernels(layers: list[Fields]) -> Iterator[Fields]:
    for layer in layers:
        if layer["kind"] in KERNEL_LAYERS:
            yield layer
        yield from _kernels(layer.get("layers", []))
        yield from _kernels([layer["layer"]] if "layer" in layer else [])


def drawn(name: str, illness: str, roots: tuple[str, ...], **draws: Callable[[random.Random], Any]) -> Change:
    """Return a change of the hidden layers' initialisers.

    Args:
        name, illness, roots: see `Change`.
        draws: field of a layer -> a function that draws an initialiser.
    """

    def apply(fields: Fields, chance: random.Random) -> Fields:
        chosen = {field: draw(chance) for field, draw in draws.items()}
        for layer in hidden(fields):
            layer.update({field: value for field, value in chosen.items() if _has(layer, field)})
        return fields

    return Change(name, illness, roots, _on_a_copy(apply))


def _has(layer: Fields, field: str) -> bool:
    return field != "recurrent_initializer" or layer["kind"] in RECURRENT


def rate(name: str, illness: str, roots: tuple[str, ...], low: float, high: float) -> Change:
    """Return a change that multiplies the learning rate by a factor between two numbers."""

    def apply(fields: Fields, chance: random.Random) -> Fields:
        optimizer = fields["training"]["optimizer"]
        optimizer["learning_rate"] = float(f"{optimizer['learning_rate'] * between(low, high, chance):.2g}")
        return fields

    return Change(name, illness, roots, _on_a_copy(apply))


def activation(name: str, kind: str, illness: str, roots: tuple[str, ...]) -> Change:
    """Return a change to another activation in all hidden layers, with Keras's default initialiser of kernels."""

    def apply(fields: Fields, chance: random.Random) -> Fields:
        for layer in hidden(fields):
            layer["activation"] = kind
            layer["kernel_initializer"] = "glorot_uniform"
        return fields

    return Change(name, illness, roots, _on_a_copy(apply))


def output(kind: str, loss: Any = None) -> Change:
    """Return a change to another activation of the last layer, and optionally another loss."""

    def apply(fields: Fields, chance: random.Random) -> Fields:
        fields["model"]["layers"][-1]["activation"] = kind
        fields["training"]["loss"] = loss or fields["training"]["loss"]
        return fields

    name = f"{kind} output" + (f", {loss if isinstance(loss, str) else 'logits'}" if loss else "")
    return Change(name, "mismatched", ("output_mismatch",), _on_a_copy(apply))


def dataset(name: str, illness: str, roots: tuple[str, ...], **changes: Any) -> Change:
    """Return a change of fields of the dataset; callable values are drawn."""

    def apply(fields: Fields, chance: random.Random) -> Fields:
        made = {field: value(chance) if callable(value) else value for field, value in changes.items()}
        fields["dataset"].update(made)
        return fields

    return Change(name, illness, roots, _on_a_copy(apply))


def blocks(scale: float) -> Change:
    """Return a change of the scale of residual branches."""

    def apply(fields: Fields, chance: random.Random) -> Fields:
        for layer in fields["model"]["layers"]:
            if layer["kind"] == "residual":
                layer["scale"] = scale
        return fields

    roots = ("predicted_exploding", "exploding_gradient", "initial_variance")
    return Change("unscaled blocks", "exploding", roots, _on_a_copy(apply))


def _on_a_copy(apply: Callable[[Fields, random.Random], Fields]) -> Callable[[Fields, random.Random], Fields]:
    return lambda fields, chance: apply(copy.deepcopy(fields), chance)


def _normal(low: float, high: float) -> Callable[[random.Random], Fields]:
    return lambda chance: {"kind": "random_normal", "stddev": between(low, high, chance)}


def _scaled(low: float, high: float) -> Callable[[random.Random], Fields]:
    return lambda chance: {"kind": "variance_scaling", "scale": between(low, high, chance), "mode": "fan_in"}


def _constant(low: float, high: float, sign: int = 1) -> Callable[[random.Random], Fields]:
    return lambda chance: {"kind": "constant", "value": sign * between(low, high, chance)}


def _one_sided(chance: random.Random) -> Fields:
    top = between(0.5, 2, chance)
    return chance.choice(
        [
            {"kind": "random_uniform", "minval": 0.0, "maxval": top},
            {"kind": "random_normal", "mean": top, "stddev": top / 4},
            {"kind": "truncated_normal", "mean": top / 2, "stddev": top / 8},
        ]
    )


def _equal(chance: random.Random) -> Any:
    return chance.choice(["zeros", "ones", {"kind": "constant", "value": between(0.01, 0.5, chance)}])


INITIAL_SIZE = ("initial_variance",)
SMALL_WEIGHTS = drawn(
    "small weights", "vanishing", (*VANISHING, *INITIAL_SIZE), kernel_initializer=_normal(0.0003, 0.002)
)
LARGE_WEIGHTS = drawn(
    "large weights",
    "exploding",
    (*INITIAL_SIZE, "predicted_exploding", "exploding_gradient"),
    kernel_initializer=_scaled(200, 2000),
)
SATURATED_BY_WEIGHTS = drawn(
    "large weights",
    "saturated",
    (*INITIAL_SIZE, "saturation", "saturation_range"),
    kernel_initializer=_scaled(1000, 10_000),
)
SATURATED_BY_BIAS = drawn(
    "large biases", "saturated", ("saturation", "saturation_range", *INITIAL_SIZE), bias_initializer=_constant(20, 60)
)
DEAD_BY_BIAS = drawn("biases below zero", "dead_relu", DEAD, bias_initializer=_constant(20, 100, -1))
ZERO_WEIGHTS = drawn("zero weights", "symmetric", ("symmetric_units",), kernel_initializer=lambda _: "zeros")
EQUAL_WEIGHTS = drawn("equal weights", "symmetric", ("symmetric_units",), kernel_initializer=_equal)
ONE_SIDED_WEIGHTS = drawn(
    "one-sided weights", "nonzero_mean", ("nonzero_mean_initialization",), kernel_initializer=_one_sided
)
RATE_TOO_LOW = rate("rate too low", "slow", ("learning_rate",), 1e-6, 1e-4)
EXPLODING_BY_RATE = rate("rate far too high", "exploding", ("learning_rate",), 300, 3000)
DEAD_BY_RATE = rate("rate far too high", "dead_relu", ("learning_rate", *DEAD), 30, 100)
OSCILLATING_BY_RATE = rate("rate too high", "oscillating", ("learning_rate", "oscillation"), 10, 30)
OSCILLATING_ADAM = rate("rate too high", "oscillating", ("learning_rate", "oscillation"), 20, 60)
LARGE_INPUTS = dataset(
    "large inputs", "unscaled", ("input_range",), scale=lambda chance: (0.0, between(300, 3000, chance))
)
LARGE_TARGETS = dataset("raw targets", "unscaled", ("target_range",), target_scale=None)
RAW_INPUTS = dataset("raw inputs", "unscaled", ("input_range",), scale=None)
WEAK_RECURRENCE = drawn(
    "weak recurrence",
    "through_time",
    ("vanishing_through_time",),
    recurrent_initializer=lambda chance: {"kind": "orthogonal", "gain": between(0.001, 0.02, chance)},
)
STRONG_RECURRENCE = drawn(
    "strong recurrence",
    "exploding",
    ("exploding_through_time",),
    recurrent_initializer=lambda chance: {"kind": "orthogonal", "gain": between(4, 8, chance)},
)
NO_RECURRENCE = drawn(
    "no recurrence",
    "through_time",
    ("vanishing_through_time",),
    recurrent_initializer=lambda chance: {"kind": "random_normal", "stddev": between(1e-5, 1e-3, chance)},
)
UNSCALED_BLOCKS = blocks(2.0)
VANISHING_BY_SIGMOID = activation("sigmoid", "sigmoid", "vanishing", VANISHING)
FORGETTING_BY_SIGMOID = activation("sigmoid", "sigmoid", "through_time", ("vanishing_through_time",))


def few(train: int) -> Change:
    """Return a change to so few training samples that the network overfits, in the same number of updates."""

    def apply(fields: Fields, chance: random.Random) -> Fields:
        whole, batch = fields["dataset"]["train_size"], fields["training"]["batch_size"]
        fields["training"]["epochs"] *= math.ceil(whole / batch) // math.ceil(train / batch)
        fields["dataset"]["train_size"] = train
        return fields

    return Change("few samples", "overfit", ("overfitting",), _on_a_copy(apply))
