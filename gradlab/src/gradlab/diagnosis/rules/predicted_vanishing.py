"""Theory predicts that the signal vanishes in the backward pass."""

from gradlab.diagnosis.evidence import Run, arriving
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import DRAW, SATURATIONS
from gradlab.diagnosis.rule import Rule

# ‖δ‖ of the first hidden layer divided by ‖δ‖ of the output. For networks that learn theory predicts 0.4 to 2.6. For
# two sigmoid layers of 16 units it predicts 0.08; they learn with Adam and not with SGD. For five of 5 units it
# predicts 0.0007, and none of 8 seeds learns.
SHARE = 0.05


def detect(run: Run) -> Sighting | None:
    """Multiply the growths that theory predicts, and add the measurement of epoch 0."""
    run.view.need_chain()
    prediction = run.view.expected
    if prediction is None or not prediction.arriving < SHARE:
        return None
    measures = (
        measure("expected_share", prediction.arriving, "<", SHARE, "of the output's"),
        measure("measured_share", initially_arriving(run), "<", None, "of the output's"),
        measure("factor", prediction.factor, "<", None, "per layer"),
        measure("depth_scale", prediction.depth_scale, "<", None, "layers"),
    )
    return Sighting(run.view.predicted_layers, 0, measures)


def initially_arriving(run: Run) -> float:
    """Return the share that is measured at epoch 0; NaN where it was not recorded."""
    measured = arriving(run)
    return float("nan") if measured is None or measured.initially is None else float(measured.initially[0])


RULE = Rule(
    name="predicted_vanishing",
    title="Theory expects vanishing gradients",
    kind="risk",
    severity="critical",
    formula="expected ‖δ₁‖/‖δ_out‖ < share, from χ = n·E[w²]·⟨φ′²⟩ layer by layer (`gradlab.theory`)",
    thresholds={"share": SHARE},
    source="Schoenholz, Gilmer, Ganguli & Sohl-Dickstein 2017, Deep information propagation; threshold measured here",
    explanation=(
        "On its way back from the output each layer multiplies the signal by the slope of its activation and the size "
        "of its weights, here by about {factor}. Of the output's signal theory expects {expected_share} at the first "
        "hidden layer, and epoch 0 shows {measured_share}; over {depth_scale:layer|layers} its square changes by a "
        "factor of e. The layers near the input learn that much more slowly. An activation whose slope is near 1, with "
        "weights drawn to match, keeps the signal."
    ),
    remedies=(
        "initializer_for_activation",
        "activation_relu",
        "activation_selu",
        "batch_normalization",
        "residual_connections",
        "fewer_layers",
    ),
    also=(
        "orthogonal_initializer",
        "orthogonal_recurrent",
        "layer_normalization",
    ),
    causes=("input_range", *DRAW, *SATURATIONS),
    detect=detect,
)
