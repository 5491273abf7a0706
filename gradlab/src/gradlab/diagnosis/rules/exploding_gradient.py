"""The gradient grows towards the input."""

import numpy as np

from gradlab.diagnosis.evidence import Run, arriving, at_the_end
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import DATA, DRAW, GROWTHS, STEPS
from gradlab.diagnosis.recorded import Recorded, largest
from gradlab.diagnosis.rule import Rule

# AutoTrainer's bound for the first layer's gradient divided by the last layer's (Zhang et al. 2021, beta_3).
RATIO = 70.0
# Bound of ‖δ₁‖/‖δ_out‖. Where the inputs of the layers grow as well, all weight gradients are equally large, and only
# the signal shows the growth. It is below 10 in most epochs of networks that learn, and 4,000 to 30,000 with a hundred
# times He's variance.
SHARE = 100.0
# The signal must have grown. The ratio of weight gradients is also large where the inputs of the last layer have shrunk
# to nothing: with tiny weights it is above 70 while ‖δ₁‖ is 1e-5 of ‖δ_out‖.
GROWN = 1.0


def detect(run: Run) -> Sighting | None:
    """Compare the first kernel's gradient with the last kernel's, and the first layer's signal with the output's."""
    if not run.has("signals", "rms"):
        run.need("gradients", "l2")
    gradients, share = run.kernels("gradients", "l2"), arriving(run)
    compared = []
    if gradients is not None and len(gradients.tensors) > 1:
        first = gradients.values[:, run.view.foremost(gradients.layers)].max(axis=1)
        last = at_the_end(run, gradients)
        ratio = np.where(last > 0, first / last, np.nan)
        ratio = np.where(_shrunk(gradients, share), np.nan, ratio)
        compared.append((gradients.first(ratio > RATIO), "gradient_ratio", ratio, RATIO))
    if share is not None:
        compared.append((share.first(share.values[:, 0] > SHARE), "signal_share", share.values[:, 0], SHARE))
    epochs = [epoch for epoch, *_ in compared if epoch is not None]
    if not epochs:
        return None
    decisive_first = sorted(compared, key=lambda each: each[0] is None)
    measures = [measure(name, largest(values), ">", bound) for _, name, values, bound in decisive_first]
    missing = {"gradient_ratio": RATIO, "signal_share": SHARE}.keys() - {each.name for each in measures}
    measures += [measure(name, float("nan"), ">", None) for name in sorted(missing)]
    return Sighting(run.first_weighted_layers, min(epochs), tuple(measures))


def _shrunk(gradients: Recorded, share: Recorded | None) -> np.ndarray:
    """(rows,) true where the latest recorded signal had shrunk in the backward pass; false where none is recorded."""
    if share is None:
        return np.zeros(len(gradients.epochs), bool)
    rows = np.searchsorted(share.epochs, gradients.epochs, side="right") - 1  # the latest recorded epoch
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
