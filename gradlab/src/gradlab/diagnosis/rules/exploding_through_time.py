"""A signal that grows in the backward pass through the time steps of a recurrent layer."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import DATA, DRAW
from gradlab.diagnosis.recorded import largest
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.rules.vanishing_through_time import step_ratios

# A thousand times as large at the first step as at the last: the inverse of the threshold for vanishing.
RATIO = 1e3


def detect(run: Run) -> Sighting | None:
    """Compare each recurrent layer's signal at the first time step with that at the last."""
    ratios = step_ratios(run)
    if ratios is None:
        return None
    since = ratios.by_layer(ratios.first, ratios.values > RATIO)
    if not since:
        return None
    columns = [ratios.layers.index(layer) for layer in since]
    at_birth = min(since.values()) == 0
    measures = (measure("step_ratio", largest(ratios.values[:, columns]), ">", RATIO),)
    return Sighting(tuple(since), min(since.values()), measures, kind="risk" if at_birth else "symptom")


RULE = Rule(
    name="exploding_through_time",
    title="Gradients explode through time",
    kind="symptom",
    severity="critical",
    formula="rms δ at the first time step > ratio·rms δ at the last one, in some epoch",
    thresholds={"ratio": RATIO},
    source=(
        "Bengio, Simard & Frasconi 1994; Pascanu, Mikolov & Bengio 2013; threshold: the inverse of "
        "vanishing_through_time's"
    ),
    explanation=(
        "In {layers} the signal grows on its way back through time: at the first step it has been {step_ratio} times "
        "as large as at the last. Each step multiplies it by the recurrent kernel; where that stretches, many steps "
        "explode. Draw the recurrent kernel orthogonal, clip the gradient by its norm, or let gates decide what is "
        "kept."
    ),
    remedies=(
        "orthogonal_recurrent",
        "clip_by_global_norm",
        "gru_for_simple_rnn",
        "lstm_for_simple_rnn",
        "learning_rate_lower",
    ),
    causes=(*DATA, *DRAW),
    detect=detect,
)
