"""Gradients that are huge, or keep growing."""

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Severity, Sighting, measure
from gradlab.diagnosis.groups import DATA, DRAW, GROWTHS, STEPS
from gradlab.diagnosis.rule import Rule

# A mean |gradient| too large for any usual learning rate (BTTackler, Wang et al. 2024). TheDeepChecker's bound is a
# hundred times that.
LEVEL, LEVEL_CRITICAL = 1e4, 1e6
# Doubled in each of four epochs in a row (TheDeepChecker).
GROWTH, TIMES = 2.0, 4


def detect(run: Run) -> Sighting | None:
    """Check the level of the kernels' gradients, and their growth from one recorded epoch to the next."""
    gradients = run.needed_kernels("gradients", "mean_abs")
    if gradients is None:
        return None
    largest = gradients.values.max(axis=1, initial=0.0, where=np.isfinite(gradients.values))  # (rows,)
    growing = np.concatenate([[False], largest[1:] >= GROWTH * largest[:-1]]) & (largest > 0)
    streak = np.zeros(len(largest), int)
    for row in range(1, len(largest)):
        streak[row] = streak[row - 1] + 1 if growing[row] and largest[row - 1] > 0 else 0
    since = gradients.first((largest > LEVEL) | (streak >= TIMES))
    if since is None:
        return None
    peak = float(largest.max())
    doublings = int(streak.max())
    grows, high = doublings >= TIMES, peak > LEVEL
    measures = (
        measure("mean_gradient", peak, ">", LEVEL if high else None, "loss per unit of weight"),
        measure("doublings", doublings, ">", TIMES - 1 if grows else None, "epochs in a row"),
    )
    above = np.where(np.isfinite(gradients.values), gradients.values, 0.0).max(axis=0) >= min(peak, LEVEL)
    layers = tuple(layer for layer, high in zip(gradients.layers, above, strict=True) if high)
    severity: Severity = "critical" if peak > LEVEL_CRITICAL else "warning"
    return Sighting(layers, since, measures, severity, explanation=None if grows else HUGE)


HUGE = (
    "The mean |gradient| of {layers} is {mean_gradient}, and does not grow: it is as large as that because errors or "
    "inputs are. Updates of that size jump across the valley of the loss, unless the optimiser takes the size out, and "
    "then they need very long. Scale the targets and the inputs to mean 0 and standard deviation 1."
)

RULE = Rule(
    name="exploding_growth",
    title="Gradients are huge or keep doubling",
    kind="symptom",
    severity="warning",
    formula=(
        "mean |g| > level (critical > level_critical) for some kernel, or the largest grew growth-fold in each of "
        "`times` epochs in a row"
    ),
    thresholds={"level": LEVEL, "level_critical": LEVEL_CRITICAL, "growth": GROWTH, "times": TIMES},
    source="BTTackler (Wang et al. 2024), 1e4; TheDeepChecker (Ben Braiek & Khomh 2022), 1e6 and four growths of 2",
    explanation=(
        "The mean |gradient| of {layers} has reached {mean_gradient}[[, having doubled in each of "
        "{doublings:!epoch|epochs} in a row]]. Updates of that size do not follow the slope of the loss, they jump "
        "across the valley, each time further. Scale the inputs and the targets, lower the learning rate, or clip the "
        "gradient by its norm."
    ),
    remedies=(
        "input_scaling",
        "target_scaling",
        "learning_rate_lower",
        "clip_by_global_norm",
        "initializer_for_activation",
        "batch_normalization",
    ),
    also=(
        "activation_tanh",
        "orthogonal_recurrent",
        "layer_normalization",
    ),
    causes=(*DATA, *DRAW, *GROWTHS, "initial_loss", *STEPS, "exploding_gradient"),
    detect=detect,
)
