"""A layer whose gradient is practically zero."""

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import VANISHINGS
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.rules.vanishing_signal import RULE as VANISHING_SIGNAL

# SageMaker Debugger's and DeepDiagnosis's bound: the rounding of float32 for weights of about 1.
FLOOR = 1e-7
# Recorded epochs in a row, up to the last one; a shorter history in all of its epochs.
TIMES = 3


def detect(run: Run) -> Sighting | None:
    """Compare the mean |gradient| of each kernel with the floor."""
    gradients = run.needed_kernels("gradients", "mean_abs")
    if gradients is None:
        return None
    low, times = gradients.values < FLOOR, min(TIMES, len(gradients.values))
    since = {
        (place, layer): epoch
        for place, layer in enumerate(gradients.layers)
        if low[-times:, place].all() and (epoch := gradients.persists(low[:, place])) is not None
    }
    if not since:
        return None
    least = float(np.min(gradients.last[[place for place, _ in since]]))
    layers = tuple(dict.fromkeys(layer for _, layer in since))
    return Sighting(
        layers, min(since.values()), (measure("mean_gradient", least, "<", FLOOR, "loss per unit of weight"),)
    )


RULE = Rule(
    name="gradient_floor",
    title="A layer gets next to no gradient",
    kind="symptom",
    severity="critical",
    formula="mean |g| < floor for some kernel, in the last `times` recorded epochs",
    thresholds={"floor": FLOOR, "times": TIMES},
    source="Amazon SageMaker Debugger, VanishingGradient; DeepDiagnosis (Wardat et al. 2022)",
    explanation=(
        "The mean |gradient| of {layers} is {mean_gradient}, less than rounding leaves of a weight: whatever the "
        "learning rate, these layers stand still."
    ),
    remedies=VANISHING_SIGNAL.remedies,
    also=(
        "orthogonal_initializer",
        "layer_normalization",
    ),
    causes=(*VANISHING_SIGNAL.causes, *VANISHINGS[:3]),
    detect=detect,
)
