"""Weights that hardly move, or are replaced in every epoch."""

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import BIRTH, DATA, DEATHS, DRAW, EXPLOSIONS, SATURATIONS, STEPS, VANISHINGS
from gradlab.diagnosis.recorded import middle
from gradlab.diagnosis.rule import Rule

# ‖ΔW‖/‖W‖ over an epoch, the median over the epochs. In networks that learn the median kernel moves by 0.004 to 0.013.
# With a hundredth of the learning rate it moves by 6e-5, with a ten thousandth by 2e-6. TheDeepChecker's 1e-4 is for a
# single update.
SMALL = 1e-4
# A move by a kernel's whole length in an epoch replaces it.
LARGE = 1.0


def detect(run: Run) -> Sighting | None:
    """Compare each kernel's median move over an epoch with the bounds."""
    moved = run.needed_kernels("weights", "update_ratio")
    if moved is None or not (moved.epochs > 0).any():
        return None
    after = moved.epochs > 0
    usual = np.array([middle(column) for column in moved.values[after].T])  # (kernels,)
    since = int(moved.epochs[after][0])
    if (usual > LARGE).any():
        layers = tuple(dict.fromkeys(name for name, each in zip(moved.layers, usual, strict=True) if each > LARGE))
        measures = (measure("update_ratio", float(np.nanmax(usual)), ">", LARGE, "of the weights, per epoch"),)
        return Sighting(layers, since, measures, explanation=LARGE_MOVES, remedies=LOWER)
    if not (usual < SMALL).any():
        return None
    layers = tuple(dict.fromkeys(name for name, each in zip(moved.layers, usual, strict=True) if each < SMALL))
    measures = (measure("update_ratio", float(np.nanmin(usual)), "<", SMALL, "of the weights, per epoch"),)
    return Sighting(layers, since, measures)


LARGE_MOVES = (
    "In an epoch the weights of {layers} move by {update_ratio:%} of their own length: they are replaced rather than "
    "corrected. Lower the learning rate, or limit the gradient's norm."
)
LOWER = ("learning_rate_lower", "learning_rate_usual", "clip_by_global_norm", "optimizer_adam")

RULE = Rule(
    name="update_ratio",
    title="Updates are out of proportion to the weights",
    kind="symptom",
    severity="warning",
    formula="median over the epochs of ‖ΔW‖₂/‖W‖₂ of some kernel < small or > large, ΔW being the move over an epoch",
    thresholds={"small": SMALL, "large": LARGE},
    source="TheDeepChecker (Ben Braiek & Khomh 2022); SageMaker Debugger, WeightUpdateRatio; thresholds measured here",
    explanation=(
        "In an epoch the weights of {layers} move by {update_ratio:%} of their length: they stand still. Either no "
        "gradient arrives there, or the learning rate is far too small for it."
    ),
    remedies=("learning_rate_higher", "optimizer_adam", "initializer_for_activation", "batch_normalization"),
    also=(
        "learning_rate_usual",
        "learning_rate_lower",
    ),
    causes=(*DATA, *DRAW, *BIRTH, "predicted_vanishing", *STEPS, *EXPLOSIONS, *SATURATIONS, *DEATHS, *VANISHINGS),
    detect=detect,
)
