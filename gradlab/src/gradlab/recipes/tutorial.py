"""Recipes of the five extensions that the tutorial leaves to the reader."""

from gradlab.recipes.networks import OF_THE_TUTORIAL, POSITIVE, SGD, tutorial
from gradlab.recipes.recipe import Fields, Recipe

# The share of the output's signal that arrives at the first layer, before the first update and at the end.
ARRIVING = [
    {"name": f"signal arriving, {name}", "series": "signals", "statistic": "rms", "epoch": epoch, "reduce": "ratio"}
    for name, epoch in (("untrained", 0), ("trained", "last"))
]
EPOCHS = (0, 10, 50, 100, 200, 300, 400, 500)
NORMS = [
    {"name": f"L1 {name}, epoch {epoch}", "series": "weights", "statistic": "l1", "epoch": epoch, "reduce": reduce}
    for reduce, name in (("first", "of the first layer"), ("last", "of the output layer"))
    for epoch in EPOCHS
]


def _xavier(activation: str) -> Fields:
    axis = {"knob": "initializer", "values": [POSITIVE, "glorot_uniform"]}
    return {"base": tutorial(activation), "axes": [axis], "measures": ARRIVING}


def _adam(activation: str) -> Fields:
    axis = {"knob": "optimizer", "values": [SGD, "adam", {"kind": "adam", "learning_rate": 0.01}]}
    return {"base": tutorial(activation), "axes": [axis], "measures": ARRIVING}


def _weights(activation: str) -> Fields:
    activations = {"knob": "activation", "values": ["tanh", "relu"]}
    initializers = {"knob": "initializer", "values": [POSITIVE, "he_uniform"]}
    base = tutorial(activation) | {"record": {"weights": 10}}
    return {"base": base, "axes": [activations, initializers], "measures": NORMS}


def _depth(activation: str) -> Fields:
    depths = {"knob": "depth", "range": {"first": 1, "last": 10}}
    initializers = {"knob": "initializer", "values": [OF_THE_TUTORIAL[activation][0], "glorot_uniform"]}
    return {"base": tutorial(activation), "axes": [depths, initializers], "measures": ARRIVING}


def _width(activation: str) -> Fields:
    widths = {"knob": "width", "values": [5, 10, 15, 20, 25]}
    depths = {"knob": "depth", "range": {"first": 1, "last": 10}}
    return {"base": tutorial(activation), "axes": [widths, depths], "measures": ARRIVING}


XAVIER = Recipe(
    name="xavier",
    title="Xavier weights",
    question="Does the tutorial's deep tanh network learn if its weights are drawn as Glorot and Bengio advise?",
    chart="failures", activations=("tanh",), seeds=32, write=_xavier,
)  # fmt: skip
ADAM = Recipe(
    name="adam",
    title="Adam",
    question="Does the tutorial's deep tanh network learn if Adam trains it?",
    chart="failures", activations=("tanh",), seeds=32, write=_adam,
)  # fmt: skip
WEIGHTS = Recipe(
    name="weights",
    title="L1 norm of the weights",
    question="How much does training change the first and the last layer, with tanh and with relu?",
    chart="course", activations=("tanh",), seeds=32, write=_weights,
)  # fmt: skip
DEPTH = Recipe(
    name="depth",
    title="Depth 1 to 10",
    question="How deep may the tutorial's network be, with its own weights and with Xavier's?",
    chart="failures", activations=("tanh", "relu"), seeds=32, write=_depth,
)  # fmt: skip
WIDTH = Recipe(
    name="width",
    title="Width 5 to 25 by depth 1 to 10",
    question="Does width help the tutorial's network where depth harms it?",
    chart="diagnosis", activations=("tanh", "relu"), seeds=5, write=_width,
)  # fmt: skip
