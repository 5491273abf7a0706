"""Saturated hidden units, by the mean slope of their activation."""

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import DATA, DRAW, EXPLOSIONS, GROWTHS, STEPS
from gradlab.diagnosis.recorded import middle
from gradlab.diagnosis.rule import Rule

# Mean slope as a share of the steepest. Layers of networks that learn end between 0.34 and 0.95. The worst layers of
# the failing five-layer tanh network with U(0, 1) end at 0.16, after 0.09 at the beginning.
SLOPE = 0.2
# Before the first update nothing has been learnt that could need so small a slope: it is a risk of its own. With the
# usual initialisers, on inputs of about 1, tanh, sigmoid and softsign begin above 0.3 of their steepest.
SLOPE_AT_BIRTH = 0.05


def detect(run: Run) -> Sighting | None:
    """Compare the mean slope of each hidden layer with its steepest."""
    recorded = run.needed_hidden("activations", "slope", lambda layer: layer.can_saturate)
    if recorded is None:
        return None
    layers = {layer.name: layer for layer in run.hidden_layers}
    relative = np.abs(recorded.values) / [layers[name].steepest for name in recorded.layers]
    since = recorded.by_layer(recorded.mostly, relative < SLOPE)
    born = recorded.initially is not None and bool((relative[0] < SLOPE_AT_BIRTH).any())
    if born:
        since |= {name: 0 for name, slope in zip(recorded.layers, relative[0], strict=True) if slope < SLOPE_AT_BIRTH}
    if not since:
        return None
    flat = [relative[:, recorded.layers.index(name)] for name in since]
    least = min(middle(slopes[slopes < SLOPE]) for slopes in flat)
    measures = (measure("relative_slope", least, "<", SLOPE, "of the steepest"),)
    saturated = tuple(name for name in recorded.layers if name in since)
    return Sighting(saturated, min(since.values()), measures, kind="risk" if born else None)


RULE = Rule(
    name="saturation",
    title="Units are saturated",
    kind="symptom",
    severity="warning",
    formula=(
        "mean of φ′(z) over units and samples < slope·max φ′ in a hidden layer, in most recorded epochs; a risk where "
        "it is < slope_at_birth·max φ′ at epoch 0"
    ),
    thresholds={"slope": SLOPE, "slope_at_birth": SLOPE_AT_BIRTH},
    source="Glorot & Bengio 2010, section 3; threshold measured here",
    explanation=(
        "In {layers} the activation's mean slope is {relative_slope:%} of its steepest: most pre-activations lie where "
        "it is flat. A signal that comes back is multiplied by that slope, so little of it passes, and the units can "
        "hardly be moved from where they are. Smaller inputs and weights bring them back to where the activation bends."
    ),
    remedies=(
        "initializer_for_activation",
        "input_scaling",
        "batch_normalization",
        "activation_relu",
        "learning_rate_lower",
    ),
    also=(
        "activation_elu",
        "activation_selu",
        "orthogonal_initializer",
        "layer_normalization",
    ),
    causes=(*DATA, *DRAW, "finite_width", *GROWTHS, "initial_loss", *STEPS, *EXPLOSIONS),
    detect=detect,
)
