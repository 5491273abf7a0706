"""Recipes about the size of the updates."""

from gradlab.recipes.networks import tutorial
from gradlab.recipes.recipe import Fields, Recipe

RATES = {"first": 0.001, "last": 1.0, "count": 7, "spacing": "log"}
BATCHES = (8, 16, 32, 64, 128, 256)


def _rate(activation: str) -> Fields:
    rates = {"knob": "learning_rate", "range": RATES}
    batches = {"knob": "batch_size", "values": list(BATCHES)}
    return {"base": tutorial(activation, epochs=200), "axes": [rates, batches]}


RATE = Recipe(
    name="rate",
    title="Learning rate by batch size",
    question="Does a larger batch take a larger learning rate?",
    chart="map", activations=("relu",), seeds=5, write=_rate,
)  # fmt: skip
