"""A gradient that was suddenly many times as long as usual."""

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import DATA, DRAW, EXPLOSIONS, GROWTHS, STEPS
from gradlab.diagnosis.recorded import running_medians
from gradlab.diagnosis.rule import Rule

# Pascanu, Mikolov & Bengio 2013 clip at half to ten times the usual norm: more than ten times is clipped by all.
RATIO = 10.0
# The usual norm is the median of this number of epochs before, five at least.
WINDOW, MIN_NORMS = 50, 5


def detect(run: Run) -> Sighting | None:
    """Compare each epoch's gradient norm with those before it."""
    norm = run.needed_metric("gradient_norm")
    if len(norm) <= MIN_NORMS + 1:
        return None
    usual = np.full(len(norm), np.nan)  # epoch 0 is left out: its gradient is that of the whole training set
    usual[MIN_NORMS + 1 :] = running_medians(norm[1:], WINDOW)[MIN_NORMS - 1 : -1]
    ratio = np.where(usual > 0, norm / usual, np.nan)
    (spikes,) = np.nonzero(ratio > RATIO)
    if not len(spikes):
        return None
    worst = spikes[np.argmax(np.where(np.isfinite(ratio[spikes]), ratio[spikes], np.inf))]
    measures = (
        measure("norm_ratio", float(ratio[worst]), ">", RATIO),
        measure("gradient_norm", float(norm[worst]), ">", None, "loss per unit of weight"),
        measure("usual_norm", float(usual[worst]), ">", None, "loss per unit of weight"),
    )
    return Sighting((), int(run.epochs[spikes[0]]), measures)


RULE = Rule(
    name="gradient_spike",
    title="The gradient spikes",
    kind="symptom",
    severity="warning",
    formula=(
        "gradient norm of an epoch > ratio·median of the norms of the `window` epochs before it, from the sixth epoch "
        "on"
    ),
    thresholds={"ratio": RATIO, "window": WINDOW, "fewest": MIN_NORMS},
    source="Pascanu, Mikolov & Bengio 2013, section 3.2",
    explanation=(
        "In one epoch the gradient was {norm_ratio} times as long as in those before: {gradient_norm} instead of about "
        "{usual_norm}. The loss has cliffs, and one update from the edge of one throws the weights far away. Clipping "
        "the gradient by its norm lets the direction stand and limits the throw; about {usual_norm} is a limit to "
        "begin with."
    ),
    remedies=("clip_by_global_norm", "learning_rate_lower", "layer_normalization"),
    causes=(*DATA, *DRAW, *GROWTHS, *STEPS, *EXPLOSIONS[:2]),
    detect=detect,
)
