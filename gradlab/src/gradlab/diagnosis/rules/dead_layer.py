"""A relu layer of which every unit is dead."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.rules.dead_units import AGAINST_DEATH, CAUSES_OF_DEATH

# All units: the output of the layer is then constant, and no gradient passes back through it.
SHARE = 1.0


def detect(run: Run) -> Sighting | None:
    """Find the hidden relu layers in which every unit is dead."""
    recorded = run.needed_hidden("activations", "dead_fraction", lambda layer: layer.is_relu)
    if recorded is None:
        return None
    since = recorded.by_layer(recorded.persists, recorded.values >= SHARE)
    if not since:
        return None
    measures = (
        measure("dead_share", SHARE, "==", SHARE, "of the layer's units"),
        measure("dead_layers", len(since), ">", 0, "layers"),
    )
    return Sighting(tuple(since), min(since.values()), measures)


RULE = Rule(
    name="dead_layer",
    title="A layer is dead",
    kind="symptom",
    severity="critical",
    formula="every unit of a hidden relu layer has φ′(z) = 0 for every sample of the probe batch, until now",
    thresholds={"share": SHARE},
    source="Lu, Shin, Su & Karniadakis 2019, Dying ReLU and initialization",
    explanation=(
        "Every unit of {layers} is off for every sample. Behind a layer like that the network does not see its input "
        "any more, what it answers is a constant, and no gradient comes back through it: training cannot undo this."
    ),
    remedies=AGAINST_DEATH,
    also=(
        "fewer_layers",
        "activation_selu",
        "activation_tanh",
        "residual_connections",
    ),
    causes=(*CAUSES_OF_DEATH, "dead_units"),
    detect=detect,
)
