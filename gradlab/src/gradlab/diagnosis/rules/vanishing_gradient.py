"""A first layer whose weight gradient is far smaller than the last layer's."""

from gradlab.diagnosis.evidence import Run, at_the_end
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.recorded import middle
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.rules.vanishing_signal import RULE as VANISHING_SIGNAL

# AutoTrainer's bounds (Zhang et al. 2021, beta_1 and beta_2): relative to the last layer's gradient, and absolute.
RATIO, LENGTH = 1e-3, 1e-4


def detect(run: Run) -> Sighting | None:
    """Compare the first kernel's gradient with the last kernel's."""
    gradients = run.needed_kernels("gradients", "l2")
    if gradients is None or len(gradients.tensors) < 2:
        return None
    columns = run.view.foremost(gradients.layers)
    first, last = gradients.values[:, columns].max(axis=1), at_the_end(run, gradients)
    vanishes = (first < RATIO * last) & (first < LENGTH)
    since = gradients.mostly(vanishes)
    if since is None:
        return None
    usual = middle(first[vanishes] / last[vanishes])
    measures = (
        measure("gradient_ratio", usual, "<", RATIO),
        measure("first_gradient", middle(first[vanishes]), "<", LENGTH, "loss per unit of weight"),
    )
    return Sighting(tuple(gradients.layers[place] for place in columns), since, measures)


RULE = Rule(
    name="vanishing_gradient",
    title="Gradients vanish towards the input",
    kind="symptom",
    severity="critical",
    formula=(
        "‖g₁‖₂ < ratio·‖g_L‖₂ and ‖g₁‖₂ < length, the gradients of the first and the last kernel, in most recorded "
        "epochs"
    ),
    thresholds={"ratio": RATIO, "length": LENGTH},
    source="AutoTrainer (Zhang et al. 2021), beta_1 and beta_2",
    explanation=(
        "The gradient of the first layer, {layers}, is {gradient_ratio:%} of the last one's, {first_gradient} long: "
        "while the output layer learns, the layers near the input stand still."
    ),
    remedies=VANISHING_SIGNAL.remedies,
    also=(
        "lstm_for_simple_rnn",
        "gru_for_simple_rnn",
        "activation_elu",
        "orthogonal_initializer",
        "orthogonal_recurrent",
        "layer_normalization",
        "optimizer_adam",
    ),
    causes=(*VANISHING_SIGNAL.causes, "vanishing_signal"),
    detect=detect,
)
