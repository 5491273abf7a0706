"""Theory predicts that the signal grows in the backward pass."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import DRAW
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.rules.predicted_vanishing import initially_arriving

# The inverse of the threshold for vanishing. For networks that learn theory predicts 0.4 to 2.6.
SHARE = 20.0


def detect(run: Run) -> Sighting | None:
    """Multiply the growths that theory predicts, and add the measurement of epoch 0."""
    run.view.need_chain()
    prediction = run.view.expected
    if prediction is None or not prediction.arriving > SHARE:
        return None
    measures = (
        measure("expected_share", prediction.arriving, ">", SHARE, "of the output's"),
        measure("measured_share", initially_arriving(run), ">", None, "of the output's"),
        measure("factor", prediction.factor, ">", None, "per layer"),
    )
    return Sighting(run.view.predicted_layers, 0, measures)


RULE = Rule(
    name="predicted_exploding",
    title="Theory expects exploding gradients",
    kind="risk",
    severity="critical",
    formula="expected ‖δ₁‖/‖δ_out‖ > share; a residual block's χ is 1 + scale²·χ of what is inside",
    thresholds={"share": SHARE},
    source=(
        "Schoenholz et al. 2017; Hanin & Rolnick 2018, How to start training (residual blocks); threshold measured here"
    ),
    explanation=(
        "On its way back from the output each layer multiplies the signal, here by about {factor}: at the first hidden "
        "layer theory expects {expected_share} times the output's, and epoch 0 shows {measured_share}. The first "
        "updates are then so large that they throw the weights far away. Draw smaller weights, or scale the branches "
        "of residual blocks by 1/√L."
    ),
    remedies=(
        "initializer_for_activation",
        "residual_connections",
        "clip_by_global_norm",
        "layer_normalization",
        "learning_rate_lower",
    ),
    also=(
        "fewer_layers",
        "activation_tanh",
        "orthogonal_initializer",
        "orthogonal_recurrent",
        "batch_normalization",
    ),
    causes=("input_range", *DRAW),
    detect=detect,
)
