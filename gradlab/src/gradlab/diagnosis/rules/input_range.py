"""Inputs far from the size for which initialisers and learning rates are made."""

from dataclasses import replace

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.outcome import matters
from gradlab.diagnosis.rule import Rule
from gradlab.facts import Inputs

# Bounds of the inputs' root mean square. Initialisers are made for a mean square of about 1 (LeCun et al. 1998, section
# 4.3). The first layer's gradient grows with the root mean square, the curvature of the loss with its square. Digits
# with a root mean square of 7.7 trained in 24 of 24 runs; wine with 214 and breast cancer with 237 in none of 32 with
# SGD.
LARGE = 10.0
# Inputs this small hardly move the weights.
SMALL = 0.01
# Standard deviations. The curvature of the loss grows with the square: a step that suits the larger feature is 10⁶
# times too short for the others.
RATIO = 1e3


def detect(run: Run) -> Sighting | None:
    """Measure the inputs of the training samples; of several inputs the first that is far off counts."""
    for name, inputs in run.view.input_sizes.items():
        sighting = _of_input(run, inputs)
        if sighting is not None and name:
            explanation = f"Input {name}: {sighting.explanation or RULE.explanation}"
            return replace(sighting, explanation=explanation)
        if sighting is not None:
            return sighting
    return None


def _of_input(run: Run, inputs: Inputs) -> Sighting | None:
    size = inputs.rms
    if SMALL <= size <= LARGE:
        return _unequal(run, inputs)
    if not np.isfinite(size):
        return None
    measures = (
        measure("input_rms", size, ">" if size > LARGE else "<", LARGE if size > LARGE else SMALL),
        measure("largest_feature_rms", inputs.largest_rms, ">", None),
    )
    return Sighting((), 0, measures)


def _unequal(run: Run, inputs: Inputs) -> Sighting | None:
    """Compare the largest standard deviation with the median one, in a run that does not learn."""
    spread = np.array(inputs.std)
    spread = spread[np.isfinite(spread) & (spread > 0)]
    if len(spread) < 2:
        return None
    ratio = float(spread.max() / np.median(spread))
    if not ratio > RATIO or not matters(run):
        return None
    measures = (measure("spread_ratio", ratio, ">", RATIO), measure("largest_std", float(spread.max()), ">", None))
    return Sighting((), 0, measures, "warning", explanation=UNEQUAL)


UNEQUAL = (
    "The largest standard deviation of a feature is {spread_ratio} times that of most others. The gradient of a weight "
    "grows with its feature, so that steps which suit that one feature hardly move the weights of the others: as long "
    "as it is that large, the network sees nothing else. Scale each feature, to mean 0 and standard deviation 1."
)

RULE = Rule(
    name="input_range",
    title="The inputs are not scaled",
    kind="risk",
    severity="critical",
    formula=(
        "√(mean of x²) > large or < small over the training inputs; in a run that fails: largest standard deviation of "
        "a feature > ratio·median"
    ),
    thresholds={"large": LARGE, "small": SMALL, "ratio": RATIO},
    source="LeCun, Bottou, Orr & Müller 1998, section 4.3; UMLAUT (Schoop et al. 2021); thresholds measured here",
    explanation=(
        "The inputs' root mean square is {input_rms}, that of the largest feature {largest_feature_rms}; initialisers "
        "and learning rates are made for inputs of about 1. Large inputs drive the first layer into saturation or off, "
        "and make its gradients so large that one update overshoots; a feature that is a thousand times as large as "
        "the others decides alone. Scale each feature, to mean 0 and standard deviation 1 or to [−1, 1]."
    ),
    remedies=("input_scaling", "batch_normalization"),
    causes=("constant_features",),
    detect=detect,
)
