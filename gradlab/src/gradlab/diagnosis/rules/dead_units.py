"""More than half of a relu layer's units are off for every sample."""

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import BIRTH, DATA, DRAW, EXPLOSIONS, GROWTHS, STEPS
from gradlab.diagnosis.rule import Rule

# SageMaker Debugger's DeadRelu. In narrow layers that learn half may be dead, too: the symptom counts in failing runs.
SHARE = 0.5

CAUSES_OF_DEATH = (*DATA, *DRAW, *BIRTH, *GROWTHS, "initial_loss", *STEPS, *EXPLOSIONS)
AGAINST_DEATH = (
    "initializer_for_activation",
    "activation_leaky_relu",
    "activation_elu",
    "learning_rate_lower",
    "clip_by_global_norm",
    "wider_layers",
)


def detect(run: Run) -> Sighting | None:
    """Count the dead units of each hidden relu layer."""
    recorded = run.needed_hidden("activations", "dead_fraction", lambda layer: layer.is_relu)
    if recorded is None:
        return None
    since = recorded.by_layer(recorded.persists, recorded.values > SHARE)
    if not since:
        return None
    most = float(np.nanmax(recorded.last))
    return Sighting(
        tuple(since), min(since.values()), (measure("dead_share", most, ">", SHARE, "of the layer's units"),)
    )


RULE = Rule(
    name="dead_units",
    title="Most units of a layer are dead",
    kind="symptom",
    severity="warning",
    formula=(
        "share of units with φ′(z) = 0 for every sample of the probe batch > share in a hidden relu layer, until now"
    ),
    thresholds={"share": SHARE},
    source="Amazon SageMaker Debugger, DeadRelu",
    explanation=(
        "In {layers} up to {dead_share:%} of the units are off for every sample. A relu that is always off "
        "puts out 0 and lets no gradient through: it is lost for good, and the layer works with what is left."
    ),
    remedies=AGAINST_DEATH,
    also=(
        "activation_selu",
        "activation_tanh",
        "batch_normalization",
    ),
    causes=CAUSES_OF_DEATH,
    detect=detect,
)
