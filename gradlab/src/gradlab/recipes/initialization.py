"""Recipes about the weights that a network begins with."""

from gradlab.recipes.networks import POSITIVE, network
from gradlab.recipes.recipe import Fields, Recipe
from gradlab.recipes.tutorial import ARRIVING

# A line of cells reaches from signals that vanish to signals that explode: the border is at 1 for tanh without biases,
# at 2.8 with σ_b = 0.7, and at 2 for relu (`gradlab.theory.border`).
VARIANCES = {"first": 0.5, "last": 4.0, "count": 8}
DEVIATIONS = {"first": 0.0, "last": 0.7, "count": 5}
# The factor of δ per layer, whose square theory calls χ.
GROWTH = {"name": "growth of δ", "series": "signals", "statistic": "rms", "epoch": 0, "reduce": "growth"}
INITIALIZERS = (POSITIVE, "glorot_uniform", "he_uniform", "lecun_normal", "orthogonal")


def _phase(activation: str) -> Fields:
    layer = {
        "kind": "dense", "units": 32, "activation": activation, "repeat": 20,
        "kernel_initializer": {"kind": "variance_scaling", "distribution": "untruncated_normal"},
        "bias_initializer": {"kind": "random_normal", "stddev": 0.1},
    }  # fmt: skip
    weights = {"name": "σ_w²", "pointer": "/model/layers/0/kernel_initializer/scale", "range": VARIANCES}
    biases = {"name": "σ_b", "pointer": "/model/layers/0/bias_initializer/stddev", "range": DEVIATIONS}
    base = network(f"twenty {activation} layers", layer, epochs=100)
    return {"base": base, "axes": [weights, biases], "measures": [GROWTH, *ARRIVING]}


def _initializers(activation: str) -> Fields:
    layer = {"kind": "dense", "units": 5, "activation": activation, "repeat": 5}
    activations = {"knob": "activation", "values": ["tanh", "sigmoid", "relu", "leaky_relu", "elu", "selu"]}
    initializers = {"knob": "initializer", "values": list(INITIALIZERS)}
    return {"base": network("five layers", layer), "axes": [activations, initializers], "measures": ARRIVING}


PHASE = Recipe(
    name="phase",
    title="Phase diagram",
    question="Which variances of weights and biases let twenty layers learn, and does theory foretell them?",
    chart="diagnosis", activations=("tanh", "relu"), seeds=5, write=_phase,
)  # fmt: skip
INITIALIZATION = Recipe(
    name="initializer",
    title="Initialiser by activation",
    question="Which initialiser goes with which activation?",
    chart="diagnosis", activations=("tanh",), seeds=5, write=_initializers,
)  # fmt: skip
