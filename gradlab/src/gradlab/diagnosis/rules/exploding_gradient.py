"""The gradient grows towards the input."""

import numpy as np

from gradlab.diagnosis.evidence import Recorded, Run, arriving, largest
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import DATA, DRAW, GROWTHS, STEPS
from gradlab.diagnosis.rule import Rule

# AutoTrainer's bound for the first layer's gradient beside the last one's (Zhang et al. 2021, beta_3).
RATIO = 70.0
# Where the inputs of the layers grow as well, all weight gradients are large alike: ‖δ₁‖/‖δ_out‖ shows it. In networks
# that learn it is below 10 in most epochs, with a hundred times He's variance 4,000 to 30,000.
SHARE = 100.0
# A ratio of weight gradients can also be large because the inputs of the last layer have shrunk to nothing: with tiny
# weights it is above 70 while ‖δ₁‖ is 1e-5 of ‖δ_out‖. What has not grown does not explode.
GROWN = 1.0


def detect(run: Run) -> Sighting | None:
    """Compare the first kernel's gradient with the last one's, and the signals that make them."""
    gradients, share = run.kernels("gradients", "l2"), arriving(run)
    found = []
    if gradients is not None and len(gradients.tensors) > 1:
        ratio = np.where(gradients.values[:, -1] > 0, gradients.values[:, 0] / gradients.values[:, -1], np.nan)
        ratio = np.where(_shrunk(gradients, share), np.nan, ratio)
        found.append((gradients.first(ratio > RATIO), "gradient_ratio", ratio, RATIO))
    if share is not None:
        found.append((share.first(share.values[:, 0] > SHARE), "signal_share", share.values[:, 0], SHARE))
    seen = [each for each in found if each[0] is not None]
    if not seen:
        return None
    told = sorted(found, key=lambda each: each[0] is None)  # what was seen first, then what only tells more
    measures = [measure(name, largest(values), ">", bound) for _, name, values, bound in told]
    missing = {"gradient_ratio": RATIO, "signal_share": SHARE}.keys() - {each.name for each in measures}
    measures += [measure(name, float("nan"), ">", None) for name in sorted(missing)]
    layers = run.weighted_layers[:1]
    return Sighting(layers, min(each[0] for each in seen if each[0] is not None), tuple(measures))


def _shrunk(gradients: Recorded, share: Recorded | None) -> np.ndarray:
    """(rows,) whether the signal is known to have shrunk on its way back when these gradients were measured."""
    if share is None:
        return np.zeros(len(gradients.epochs), bool)
    rows = np.searchsorted(share.epochs, gradients.epochs, side="right") - 1  # the latest that was recorded
    return np.asarray((rows >= 0) & (share.values[np.maximum(rows, 0), 0] < GROWN))


RULE = Rule(
    name="exploding_gradient",
    title="Gradients explode towards the input",
    kind="symptom",
    severity="critical",
    formula=(
        "‖g₁‖₂/‖g_L‖₂ > ratio for the gradients of the first and the last kernel, unless ‖δ₁‖/‖δ_out‖ < grown; or "
        "‖δ₁‖/‖δ_out‖ > share, in some epoch"
    ),
    thresholds={"ratio": RATIO, "share": SHARE, "grown": GROWN},
    source="AutoTrainer (Zhang et al. 2021), beta_3; the signal's share measured here",
    explanation=(
        "Towards the input the gradient has grown. That of the first layer, {layers}, has been up to "
        "{gradient_ratio:!} times as long as the last one's. The signal that arrives at the first layer has been up to "
        "{signal_share:!} times as large as the output's. One learning rate cannot suit both ends, and the first "
        "layers are thrown about. Smaller initial weights, clipping by norm or normalisation keep it in bounds."
    ),
    remedies=(
        "input_scaling",
        "learning_rate_lower",
        "clip_by_global_norm",
        "initializer_for_activation",
        "activation_selu",
        "activation_tanh",
        "batch_normalization",
    ),
    also=(
        "target_scaling",
        "fewer_layers",
        "lstm_for_simple_rnn",
        "gru_for_simple_rnn",
        "orthogonal_initializer",
        "orthogonal_recurrent",
        "layer_normalization",
    ),
    causes=(*DATA, *DRAW, "finite_width", *GROWTHS, *STEPS),
    detect=detect,
)
