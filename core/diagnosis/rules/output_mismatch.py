"""The output layer does not fit the loss or the targets."""

from core.activations import ActivationFunction, Linear
from core.diagnosis.evidence import Run
from core.diagnosis.finding import Severity, Sighting, measure
from core.diagnosis.rule import Rule

# Between which numbers an activation's output lies; those that are not named reach everything.
EVERYTHING = (float("-inf"), float("inf"))
RANGES: dict[str, tuple[float, float]] = {
    "sigmoid": (0, 1), "hard_sigmoid": (0, 1), "sparse_sigmoid": (0, 1), "softmax": (0, 1), "sparsemax": (0, 1),
    "tanh": (-1, 1), "hard_tanh": (-1, 1), "softsign": (-1, 1), "relu": (0, float("inf")), "relu6": (0, 6),
    "softplus": (0, float("inf")), "sparse_plus": (0, float("inf")), "squareplus": (0, float("inf")),
    "exponential": (0, float("inf")), "log_sigmoid": (float("-inf"), 0), "log_softmax": (float("-inf"), 0),
}  # fmt: skip
# What serves as well as the loss's usual output activation. Keras divides what categorical losses get by its sum, so
# that sigmoids do: on circles and digits all of 16 seeds learnt.
SERVES: dict[str, tuple[str, ...]] = {
    "sigmoid": ("sigmoid", "hard_sigmoid", "sparse_sigmoid"),
    "softmax": ("softmax", "sparsemax", "sigmoid", "hard_sigmoid"),
    "linear": ("linear",),
}
# A hinge wants scores on both sides of 0, reaching 1 and −1.
SCORES = ("linear", "tanh", "hard_tanh", "softsign", "leaky_relu", "elu", "selu", "celu")
# The share of the targets' range that may lie beyond an output: rounding, no more.
SLACK = 0.01


FITTING = (
    "The output can reach {reachable_share} of the targets' range. However well the hidden layers work, the loss then "
    "rewards the wrong thing or has no gradient to give. Let it fit: one sigmoid unit with binary_crossentropy, "
    "a softmax unit per class with categorical_crossentropy, a linear unit per value with mean_squared_error."
)


def look(run: Run) -> Sighting | None:
    """Compare the last activation with what the loss takes and with the targets."""
    last = run.spec.layers[-1]
    function, loss = last.spec.function or Linear(), run.spec.training.loss
    reached = reach(run, function)
    if function.kind == "softmax" and last.output_shape[-1] == 1:
        return _sighting(
            run, last.name, function, reached, "a softmax over one unit is 1 whatever comes in", "critical"
        )
    if loss.margin:
        wrong = "the loss compares scores on both sides of 0" if function.kind not in SCORES else ""
    elif loss.output_activation is not None:
        usual = loss.output_activation
        wrong = f"the loss expects what {usual} puts out" if function.kind not in SERVES[usual] else ""
    elif loss.kind == "poisson" and RANGES.get(function.kind, EVERYTHING)[0] < 0:
        wrong = "the loss takes the logarithm of the output, which must be positive"
    else:
        wrong = ""
    if reached < 1 - SLACK:
        return _sighting(run, last.name, function, reached, "some targets lie where it cannot reach", "critical")
    return _sighting(run, last.name, function, reached, wrong, None) if wrong else None


def reach(run: Run, function: ActivationFunction) -> float:
    """The share of the targets' range that the activation can put out, in [0, 1]."""
    loss, (low, high) = run.spec.training.loss, run.facts.target_range
    if loss.margin:
        low, high = -1.0, 1.0
    if getattr(loss, "from_logits", False) or high <= low:
        return 1.0
    least, most = RANGES.get(function.kind, EVERYTHING)
    return max(0.0, min(high, most) - max(low, least)) / (high - low)


def _sighting(
    run: Run, layer: str, function: ActivationFunction, reached: float, wrong: str, severity: Severity | None
) -> Sighting:
    made = f"The output of {{layers}} is made by {function.kind}, the loss is {run.spec.training.loss.kind}: {wrong}. "
    told = made + FITTING
    measures = (
        measure("reachable_share", reached, "<", 1 - SLACK if severity else None, "share of the targets' range"),
    )
    return Sighting((layer,), 0, measures, severity, explanation=told)


RULE = Rule(
    name="output_mismatch",
    title="The output does not fit the loss or the targets",
    kind="risk",
    severity="warning",
    formula="last activation ∉ those that the loss takes, or |targets' range ∩ its range|/|targets' range| < 1 − slack",
    thresholds={"slack": SLACK},
    source="Table of pairs as in AutoTrainer (Zhang et al. 2021) and UMLAUT (Schoop et al. 2021); ranges: Keras 3",
    explanation="The output of {layers} does not fit the loss: it can reach {reachable_share} of the targets' range.",
    remedies=("output_matched_to_task",),
    causes=(),
    look=look,
)
