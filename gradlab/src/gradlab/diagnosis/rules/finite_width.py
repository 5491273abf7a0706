"""A network so deep for its width that random draws of it differ widely."""

import math

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.layers import LayerView
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.unknown import GIVEN, Unknown

# Thresholds of β. The logarithm of the squared output length of random relu layers is distributed as N(−β/2, β) (Hanin
# & Nica 2018): the typical network has e^(−β/2) of the mean. Layers of 5 units fail so often: 5 of them, β = 5, in 0 of
# 32 seeds, 7 in 1 of 16, 10 in 6 of 16, 15 in 13 of 16. 20 layers of 32 units, β = 3, fail in 0 of 8.
SPREAD, SPREAD_CRITICAL = 8.0, 15.0
# Other activations lose directions instead of length. 10 tanh layers of 5 units fail in 0 of 16 seeds, 15 in 1, 20 in
# 8; of 20 layers selu fails in 10, leaky_relu in 6, elu in 2.
SPREAD_OTHERS = 15.0
# Initialisers that keep every direction: 20 tanh layers of 5 units drawn orthogonal fail in 0 of 16 seeds.
KEEPS = ("orthogonal", "identity")
# Layers that change neither length nor direction of the signal in a fresh network, and dense layers.
PLAIN = ("dense", "activation", "dropout", "gaussian_noise", "flatten")


def detect(run: Run) -> Sighting | None:
    """Add up the inverse widths of the hidden layers."""
    if run.view.given:
        raise Unknown(GIVEN)
    layers = _drawn_independently(run.hidden_layers)
    functions = [layer for layer in run.hidden_layers if layer.function and layer.function.kind != "linear"]
    relu = bool(functions) and all(layer.is_relu for layer in functions)
    spread = 5 * math.fsum(1 / layer.output_shape[-1] for layer in layers)
    bound = SPREAD if relu else SPREAD_OTHERS
    if not spread > bound:
        return None
    measures = (
        measure("beta", spread, ">", bound),
        measure("hidden_layers", len(layers), ">", None, "layers"),
        measure("typical_size", math.exp(-spread / 2), "<", None, "of the mean"),
    )
    names = tuple(layer.name for layer in layers)
    if not relu:
        return Sighting(names, 0, measures, explanation=ALIGNED, remedies=FOR_OTHERS)
    return Sighting(names, 0, measures, "critical" if spread >= SPREAD_CRITICAL else "warning")


def _drawn_independently(hidden: tuple[LayerView, ...]) -> list[LayerView]:
    """The dense layers of a plain network whose weights are drawn independently; () for other networks."""
    if any(layer.kind not in PLAIN or (layer.own and layer.own.shares) for layer in hidden):
        return []
    kernels = [(layer, kernel) for layer in hidden if layer.kind == "dense" and (kernel := layer.kernel)]
    drawn = [(layer, layer.initializer(kernel)) for layer, kernel in kernels]
    return [layer for layer, initializer in drawn if initializer and initializer.kind not in KEEPS]


ALIGNED = (
    "{hidden_layers:layer this narrow makes|layers this narrow make} a gamble of every draw (β = {beta}): each random "
    "matrix favours some direction over the others, and many in a row leave one direction only. The units of the "
    "later layers are then copies of one another, and little of the signal finds its way back. Some seeds are lucky. "
    "Widen the layers, take fewer of them, or draw them orthogonal, which favours no direction."
)
FOR_OTHERS = ("orthogonal_initializer", "wider_layers", "residual_connections", "fewer_layers", "batch_normalization")

RULE = Rule(
    name="finite_width",
    title="Too deep for its width",
    kind="risk",
    severity="warning",
    formula=(
        "β = 5·Σ 1/n over the widths n of the hidden dense layers of a plain network, orthogonal ones apart: > spread "
        "for relu, critical from spread_critical on; > spread_others for others"
    ),
    thresholds={"spread": SPREAD, "spread_critical": SPREAD_CRITICAL, "spread_others": SPREAD_OTHERS},
    source=(
        "Hanin & Nica 2018, Products of many large random matrices and gradients in deep neural networks; thresholds "
        "measured"
    ),
    explanation=(
        "{hidden_layers:relu layer this narrow makes|relu layers this narrow make} a gamble of every draw: from one "
        "draw to the next the logarithm of the output's squared length varies like a normal variable of variance β = "
        "{beta}. He's initialiser keeps the mean squared length, but the typical network has {typical_size} of it, so "
        "little that nothing is learnt, and some layer may be off for every input. Some seeds are lucky. Widen the "
        "layers, take fewer of them, or an activation that has a slope below zero."
    ),
    remedies=("activation_leaky_relu", "activation_elu", "wider_layers", "residual_connections", "fewer_layers"),
    causes=(),
    detect=detect,
)
