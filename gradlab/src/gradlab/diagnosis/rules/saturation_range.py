"""Saturated hidden units, by their share of samples and units."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.recorded import middle
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.rules.saturation import RULE as SATURATION
from gradlab.measurement.statistics.activations import SATURATED

# Share of (sample, unit) with a slope below a tenth of the steepest: beyond |z| = 1.8 for tanh, 3.6 for sigmoid. Layers
# of networks that learn end at 0.37 at most, those of the failing tanh network with U(0, 1) at 0.57 and 0.65.
SHARE = 0.5


def detect(run: Run) -> Sighting | None:
    """Count the saturated (sample, unit) of each hidden layer."""
    recorded = run.needed_hidden("activations", "saturated_fraction", lambda layer: layer.can_saturate)
    if recorded is None:
        return None
    since = recorded.by_layer(recorded.mostly, recorded.values > SHARE)
    if not since:
        return None
    high = [recorded.values[:, recorded.layers.index(name)] for name in since]
    most = max(middle(shares[shares > SHARE]) for shares in high)
    return Sighting(
        tuple(since), min(since.values()), (measure("saturated_share", most, ">", SHARE, "of samples and units"),)
    )


RULE = Rule(
    name="saturation_range",
    title="Most pre-activations lie beyond the activation's bend",
    kind="symptom",
    severity="warning",
    formula=(
        f"share of (sample, unit) with |φ′(z)| < {SATURATED}·max φ′ > share in a hidden layer, in most recorded epochs"
    ),
    thresholds={"share": SHARE},
    source=(
        "SageMaker Debugger, SaturatedActivation, and DeepDiagnosis (Wardat et al. 2022): 50 %; the range is nearer "
        "here"
    ),
    explanation=(
        "In {layers} {saturated_share:%} of all pre-activations lie so far out that the activation has lost "
        "nine tenths of its slope. Units there are as good as switched: they answer yes or no, and the gradient cannot "
        "tell them which way to move."
    ),
    remedies=(
        "initializer_for_activation",
        "input_scaling",
        "batch_normalization",
        "activation_relu",
        "learning_rate_lower",
    ),
    also=(
        "activation_selu",
        "layer_normalization",
    ),
    causes=(*SATURATION.causes, "saturation"),
    detect=detect,
)
