"""The changes that make a healthy spec ill: from the fields of a spec, and a source of chance, to new fields.

How strong a change is, is drawn by chance within bounds that were widened until what is made is ill by the criterion of
`bench.clinic.criterion`, on both halves, whatever any rule says.
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
    """One thing done to a healthy spec.

    Attributes:
        name: how.
        illness: to which end.
        roots: the rules any of which names the cause.
        apply: fields and chance -> the fields of an ill spec.
    """

    name: str
    illness: str
    roots: tuple[str, ...]
    apply: Callable[[Fields, random.Random], Fields]


def between(low: float, high: float, chance: random.Random) -> float:
    """A number between two, as likely in each order of magnitude, with two digits."""
    return float(f"{math.exp(chance.uniform(math.log(low), math.log(high))):.2g}")


def hidden(fields: Fields) -> Iterator[Fields]:
    """The hidden layers that have a kernel, those inside blocks among them."""
    yield from _kernels(fields["model"]["layers"][:-1])


def _kernels(layers: list[Fields]) -> Iterator[Fields]:
    for layer in layers:
        if layer["kind"] in KERNEL_LAYERS:
            yield layer
        yield from _kernels(layer.get("layers", []))
        yield from _kernels([layer["layer"]] if "layer" in layer else [])


def drawn(name: str, illness: str, roots: tuple[str, ...], **draws: Callable[[random.Random], Any]) -> Change:
    """A change of how the hidden layers' weights are drawn: field -> the initialiser, by chance."""

    def apply(fields: Fields, chance: random.Random) -> Fields:
        chosen = {field: draw(chance) for field, draw in draws.items()}
        for layer in hidden(fields):
            layer.update({field: value for field, value in chosen.items() if _has(layer, field)})
        return fields

    return Change(name, illness, roots, _on_a_copy(apply))


def _has(layer: Fields, field: str) -> bool:
    return field != "recurrent_initializer" or layer["kind"] in RECURRENT


def rate(name: str, illness: str, roots: tuple[str, ...], low: float, high: float) -> Change:
    """The learning rate times a factor between two numbers."""

    def apply(fields: Fields, chance: random.Random) -> Fields:
        optimizer = fields["training"]["optimizer"]
        optimizer["learning_rate"] = float(f"{optimizer['learning_rate'] * between(low, high, chance):.2g}")
        return fields

    return Change(name, illness, roots, _on_a_copy(apply))


def activation(name: str, kind: str, illness: str, roots: tuple[str, ...]) -> Change:
    """Another activation in all hidden layers, with the initialiser that Keras gives their kernels."""

    def apply(fields: Fields, chance: random.Random) -> Fields:
        for layer in hidden(fields):
            layer["activation"] = kind
            layer["kernel_initializer"] = "glorot_uniform"
        return fields

    return Change(name, illness, roots, _on_a_copy(apply))


def output(kind: str, loss: Any = None) -> Change:
    """Another activation of the last layer, perhaps another loss."""

    def apply(fields: Fields, chance: random.Random) -> Fields:
        fields["model"]["layers"][-1]["activation"] = kind
        fields["training"]["loss"] = loss or fields["training"]["loss"]
        return fields

    name = f"{kind} output" + (f", {loss if isinstance(loss, str) else 'logits'}" if loss else "")
    return Change(name, "mismatched", ("output_mismatch",), _on_a_copy(apply))


def dataset(name: str, illness: str, roots: tuple[str, ...], **changes: Any) -> Change:
    """Other fields of the dataset."""

    def apply(fields: Fields, chance: random.Random) -> Fields:
        made = {field: value(chance) if callable(value) else value for field, value in changes.items()}
        fields["dataset"].update(made)
        return fields

    return Change(name, illness, roots, _on_a_copy(apply))


def blocks(scale: float) -> Change:
    """Residual blocks whose branches are not scaled down."""

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


SIZE = ("initial_variance",)
SMALL = drawn("small weights", "vanishing", (*VANISHING, *SIZE), kernel_initializer=_normal(0.0003, 0.002))
LARGE = drawn(
    "large weights",
    "exploding",
    (*SIZE, "predicted_exploding", "exploding_gradient"),
    kernel_initializer=_scaled(200, 2000),
)
SWITCHED = drawn(
    "large weights",
    "saturated",
    (*SIZE, "saturation", "saturation_range"),
    kernel_initializer=_scaled(1000, 10_000),
)
BIASED = drawn(
    "large biases", "saturated", ("saturation", "saturation_range", *SIZE), bias_initializer=_constant(20, 60)
)
OFF = drawn("biases below zero", "dead_relu", DEAD, bias_initializer=_constant(20, 100, -1))
ZERO = drawn("zero weights", "symmetric", ("symmetric_units",), kernel_initializer=lambda _: "zeros")
EQUAL = drawn("equal weights", "symmetric", ("symmetric_units",), kernel_initializer=_equal)
ONE_SIDED = drawn("one-sided weights", "nonzero_mean", ("nonzero_mean_initialization",), kernel_initializer=_one_sided)
SLOW = rate("rate too low", "slow", ("learning_rate",), 1e-6, 1e-4)
EXPLODE = rate("rate far too high", "exploding", ("learning_rate",), 300, 3000)
KILL = rate("rate far too high", "dead_relu", ("learning_rate", *DEAD), 30, 100)
SWING = rate("rate too high", "oscillating", ("learning_rate", "oscillation"), 10, 30)
SWING_OF_ADAM = rate("rate too high", "oscillating", ("learning_rate", "oscillation"), 20, 60)
LARGE_INPUTS = dataset(
    "large inputs", "unscaled", ("input_range",), scale=lambda chance: (0.0, between(300, 3000, chance))
)
LARGE_TARGETS = dataset("raw targets", "unscaled", ("target_range",), target_scale=None)
RAW_INPUTS = dataset("raw inputs", "unscaled", ("input_range",), scale=None)
SHORT = drawn(
    "weak recurrence",
    "through_time",
    ("vanishing_through_time",),
    recurrent_initializer=lambda chance: {"kind": "orthogonal", "gain": between(0.001, 0.02, chance)},
)
STRONG = drawn(
    "strong recurrence",
    "exploding",
    ("exploding_through_time",),
    recurrent_initializer=lambda chance: {"kind": "orthogonal", "gain": between(4, 8, chance)},
)
FORGETFUL = drawn(
    "no recurrence",
    "through_time",
    ("vanishing_through_time",),
    recurrent_initializer=lambda chance: {"kind": "random_normal", "stddev": between(1e-5, 1e-3, chance)},
)
UNSCALED_BLOCKS = blocks(2.0)
SIGMOID = activation("sigmoid", "sigmoid", "vanishing", VANISHING)
FLAT = activation("sigmoid", "sigmoid", "through_time", ("vanishing_through_time",))


def few(train: int) -> Change:
    """So few training samples that the network can learn them by heart, in as many updates."""

    def apply(fields: Fields, chance: random.Random) -> Fields:
        whole, batch = fields["dataset"]["train_size"], fields["training"]["batch_size"]
        fields["training"]["epochs"] *= math.ceil(whole / batch) // math.ceil(train / batch)
        fields["dataset"]["train_size"] = train
        return fields

    return Change("few samples", "overfit", ("overfitting",), _on_a_copy(apply))
