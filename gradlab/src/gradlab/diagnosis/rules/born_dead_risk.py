"""The chance that a relu network is dead before its first update, or a layer that is."""

import math

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import DRAW
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.unknown import Unknown

# Shares of draws: one network in twenty is a risk, one in four a critical one. 5, 7, 10, 15 and 20 relu layers of 5
# units are born dead in 1, 2, 9, 22 and 28 of 100 draws on the two circles.
CHANCE, CHANCE_CRITICAL = 0.05, 0.25


def detect(run: Run) -> Sighting | None:
    """Draw the network many times, and check the run's own draw."""
    dead = dead_at_birth(run)
    try:
        if any(layer.is_relu for layer in run.hidden_layers):
            run.view.need_chain()
        layers, chance = run.view.hidden_relus, run.view.born_dead
    except Unknown:
        if not dead:
            raise
        layers, chance = (), math.nan
    if not dead and not chance > CHANCE:
        return None
    from gradlab.theory import born_dead_bound  # only networks of relus need it

    measures = (
        measure("chance", chance, ">", CHANCE, "share of the draws"),
        measure("bound", born_dead_bound(layers) if layers else math.nan, ">", None, "share of the draws"),
        measure("dead_layers", len(dead), ">", 0, "layers, in this draw"),
    )
    critical = bool(dead) or chance > CHANCE_CRITICAL
    return Sighting(dead or tuple(layer.name for layer in layers), 0, measures, "critical" if critical else "warning")


def dead_at_birth(run: Run) -> tuple[str, ...]:
    """Return the hidden relu layers of which every unit is dead at epoch 0."""
    recorded = run.hidden("activations", "dead_fraction", lambda layer: layer.is_relu)
    if recorded is None or recorded.initially is None:
        return ()
    return tuple(name for name, dead in zip(recorded.layers, recorded.initially >= 1, strict=True) if np.all(dead))


RULE = Rule(
    name="born_dead_risk",
    title="The network may be dead before it has learnt anything",
    kind="risk",
    severity="warning",
    formula=(
        "share of 200 draws in which some hidden relu layer is off for every input of the probe batch > chance, "
        "critical > chance_critical; or such a layer at epoch 0"
    ),
    thresholds={"chance": CHANCE, "chance_critical": CHANCE_CRITICAL},
    source="Lu, Shin, Su & Karniadakis 2019, Dying ReLU and initialization",
    explanation=(
        "A relu unit is off where its input is negative. If all units of one layer are off for all inputs, what comes "
        "out of the network is a constant and no gradient passes: it cannot recover. Of networks drawn as this spec "
        "says {chance:%} are born dead[[ (theory allows {bound:%} at most, for weights around 0 and biases of 0)]]. "
        "In this draw {dead_layers:layer is dead|layers are dead}. Use wider layers, biases of 0, or an activation "
        "with a slope below zero, whose units cannot die."
    ),
    remedies=("activation_leaky_relu", "activation_elu", "wider_layers", "initializer_for_activation", "fewer_layers"),
    also=(
        "activation_selu",
        "activation_tanh",
        "residual_connections",
    ),
    causes=("input_range", *DRAW, "finite_width"),
    detect=detect,
)
