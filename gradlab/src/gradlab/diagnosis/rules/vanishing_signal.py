"""A back-propagated signal that shrinks towards the input."""

from gradlab.diagnosis.evidence import Run, arriving
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import BIRTH, DEATHS, DRAW, SATURATIONS, STEPS
from gradlab.diagnosis.recorded import middle
from gradlab.diagnosis.rule import Rule

# ‖δ‖ of the first hidden layer divided by ‖δ‖ of the output. It is at least 0.67 in most epochs of networks that learn;
# 0.11 in two failing sigmoid layers, 0.0007 in five. Weight gradients hide it: in 20 relu layers with Glorot's weights
# δ² falls by 2e-6 while ‖g₁‖/‖g_L‖ is 0.99.
SHARE = 0.2
# Before the first update so small a share is a risk, whatever the layers are made of. Healthy networks of dense,
# convolutional and recurrent layers, with attention, normalisation and residual blocks, begin at 0.15 or more. Networks
# that fail for tiny weights or sigmoids begin at 0.006 or less. The threshold of predicted_vanishing is the same.
SHARE_AT_BIRTH = 0.05


def detect(run: Run) -> Sighting | None:
    """Compare ‖δ‖ of the first hidden layer with ‖δ‖ of the output."""
    if run.weighted_layers:
        run.need("signals", "rms")
    share = arriving(run)
    if share is None:
        return None
    small = share.values[:, 0] < SHARE
    born = share.initially is not None and bool(share.initially[0] < SHARE_AT_BIRTH)
    since = 0 if born else share.mostly(small)
    if since is None:
        return None
    measures = (measure("share", middle(share.values[small, 0]), "<", SHARE, "of the output's"),)
    return Sighting(run.weighted_layers, since, measures, kind="risk" if born else None)


RULE = Rule(
    name="vanishing_signal",
    title="The signal vanishes on its way back",
    kind="symptom",
    severity="critical",
    formula=(
        "‖δ₁‖/‖δ_out‖ < share in most recorded epochs, or < share_at_birth at epoch 0, which is a risk: lengths over "
        "the units of the first hidden layer and of the output"
    ),
    thresholds={"share": SHARE, "share_at_birth": SHARE_AT_BIRTH},
    source="Hochreiter 1991; Glorot & Bengio 2010, section 4; threshold measured here",
    explanation=(
        "Of the output's signal {share:%} arrives at the first hidden layer: on the way back through {layers} the "
        "slopes and the weights have made it smaller and smaller. The layers near the input hardly learn, and those "
        "behind them build on what was drawn at random."
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
        "activation_leaky_relu",
        "activation_elu",
        "orthogonal_initializer",
        "layer_normalization",
        "optimizer_adam",
    ),
    causes=(
        "input_range",
        "single_value_normalization",
        *DRAW,
        *BIRTH,
        "predicted_vanishing",
        *STEPS,
        *SATURATIONS,
        *DEATHS,
    ),
    detect=detect,
)
