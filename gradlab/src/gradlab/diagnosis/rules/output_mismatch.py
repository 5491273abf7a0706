"""An output layer that does not fit the loss or the targets."""

from dataclasses import dataclass

from gradlab.diagnosis.evidence import ExternalRun, Run
from gradlab.diagnosis.finding import Severity, Sighting, measure
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.unknown import Unknown
from gradlab.spec.output import SQUASHING, Output
from gradlab.vocabulary.losses import LossFunction

# Lowest and highest output of an activation. Activations that are missing here reach every number.
EVERYTHING = (float("-inf"), float("inf"))
RANGES: dict[str, tuple[float, float]] = {
    "sigmoid": (0, 1), "hard_sigmoid": (0, 1), "sparse_sigmoid": (0, 1), "softmax": (0, 1), "sparsemax": (0, 1),
    "tanh": (-1, 1), "hard_tanh": (-1, 1), "softsign": (-1, 1), "relu": (0, float("inf")), "relu6": (0, 6),
    "softplus": (0, float("inf")), "sparse_plus": (0, float("inf")), "squareplus": (0, float("inf")),
    "exponential": (0, float("inf")), "log_sigmoid": (float("-inf"), 0), "log_softmax": (float("-inf"), 0),
}  # fmt: skip
# Activations that do as well as a loss's usual output activation. Keras divides the predictions of categorical losses
# by their sum, so that sigmoids serve: on circles and digits all of 16 seeds learnt.
SERVES: dict[str, tuple[str, ...]] = {
    "sigmoid": ("sigmoid", "hard_sigmoid", "sparse_sigmoid"),
    "softmax": ("softmax", "sparsemax", "sigmoid", "hard_sigmoid"),
    "linear": ("linear",),
}
# Activations for a hinge: it compares scores on both sides of 0, up to 1 and −1.
SCORES = ("linear", "tanh", "hard_tanh", "softsign", "leaky_relu", "elu", "selu", "celu")
# Share of the targets' range that may lie beyond the output, for rounding.
SLACK = 0.01
REACHED = "share of the targets' range"

FITTING = (
    "The output can reach {reachable_share:%} of the targets' range. However well the hidden layers work, the loss "
    "then rewards the wrong thing or has no gradient to give. Let it fit: one sigmoid unit with binary_crossentropy, a "
    "softmax unit per class with categorical_crossentropy, a linear unit per value with mean_squared_error."
)


UNDONE = (
    "The loss is told that its inputs are logits, but {layers} puts out what a {activation} makes of them. Keras "
    "notices: it takes the loss from what went into the {activation}, and warns. So nothing is learnt worse for it. "
    "The spec says something else than what is trained all the same: leave out from_logits, or the {activation}."
)

LOGITS = (
    "{layers} puts out logits, numbers of any sign and size, and the loss takes probabilities: it cuts off what is "
    "below 0 or above 1, where it has no gradient, or takes the logarithm of a negative number. Use the loss on logits "
    "(`from_logits=True`, `BCEWithLogitsLoss`, `CrossEntropyLoss`), or put a sigmoid or softmax behind the output."
)
PROBABILITIES = (
    "{layers} puts out probabilities, behind a sigmoid or softmax, and the loss takes logits: it applies its own "
    "sigmoid or softmax once more. Between inputs of 0 and 1 that hardly distinguishes anything, so the loss cannot "
    "come near 0, and gradients are small. Leave the sigmoid or softmax out, and apply it where probabilities are read."
)


def detect(run: Run) -> Sighting | None:
    """Compare the output activation with the loss and with the targets."""
    seen = _scores_mismatched(run)
    try:
        made = Made(run.view.output, run.view.loss, run.view.loss_takes_logits)
    except Unknown:
        wiring = run.wiring if isinstance(run, ExternalRun) else None
        if wiring is None or wiring.loss_takes is None or wiring.output_is is None:
            raise
        return seen
    # In PyTorch a softmax may be a function that no module shows, and no loss undoes it.
    if seen is not None and isinstance(run, ExternalRun) and run.external.framework == "torch":
        return seen
    function, reached = made.output.activation, reach(run, made)
    if function == "softmax" and run.view.output_units == 1:
        return _sighting(made, reached, "a softmax over one unit is 1 whatever comes in", "critical")
    if _undone(made):
        explanation = UNDONE.replace("{activation}", function)
        measures = (measure("reachable_share", reached, ">", None, REACHED),)
        return Sighting((made.output.layer,), 0, measures, "info", explanation=explanation, remedies=())
    wrong = _wrong(made.loss, function)
    if not wrong and {function, made.output.before} <= {*SQUASHING}:
        applied = made.output.before
        wrong = f"{applied} has been applied already, and two in a row leave little difference between the outputs"
    if reached < 1 - SLACK:
        return _sighting(made, reached, "some targets lie where it cannot reach", "critical")
    return _sighting(made, reached, wrong, None) if wrong else None


@dataclass(frozen=True)
class Made:
    """Output and loss of a network.

    Attributes:
        output: the activations that make the output.
        loss: the loss.
        takes_logits: True if Keras computes the loss from logits, whatever `from_logits` says.
    """

    output: Output
    loss: LossFunction
    takes_logits: bool


def _scores_mismatched(run: Run) -> Sighting | None:
    """Compare the form of the output, by the wiring, with the one that the loss takes; None unless they differ.

    Keras computes some losses from the input of a softmax. Where its loss is known, `detect` decides that by itself.
    """
    wiring = run.wiring if isinstance(run, ExternalRun) else None
    if wiring is None or wiring.loss_takes is None or wiring.output_is in (None, wiring.loss_takes):
        return None
    layers = (run.external.layers[-1].name,) if isinstance(run, ExternalRun) else ()
    if wiring.output_is == "logits":
        # PyTorch's loss on probabilities refuses what lies outside of [0, 1]: something else has brought it there.
        if isinstance(run, ExternalRun) and run.external.framework == "torch":
            return None
        return Sighting(layers, 0, (), "critical", explanation=LOGITS)
    return Sighting(layers, 0, (), explanation=PROBABILITIES)


def _undone(made: Made) -> bool:
    """True if the loss declares logits, the output has an activation, and Keras computes the right loss anyway."""
    declared = bool(getattr(made.loss, "from_logits", False))
    serves = made.output.activation in SERVES[made.loss.activation or "linear"]
    return declared and serves and made.takes_logits and made.output.before == "linear"


def _wrong(loss: LossFunction, function: str) -> str:
    """The mismatch of loss and activation, whatever the targets are; empty where there is none."""
    if loss.margin:
        return "the loss compares scores on both sides of 0" if function not in SCORES else ""
    if loss.output_activation is not None:
        usual = loss.output_activation
        return f"the loss expects what {usual} puts out" if function not in SERVES[usual] else ""
    if loss.kind == "poisson" and RANGES.get(function, EVERYTHING)[0] < 0:
        return "the loss takes the logarithm of the output, which must be positive"
    return ""


def reach(run: Run, made: Made) -> float:
    """Return the share of the targets' range that the output can reach, in [0, 1]; 1 where the range is unknown."""
    if made.loss.margin:
        low, high = -1.0, 1.0
    else:
        try:
            low, high = run.view.target_range
        except Unknown:
            return 1.0
    if getattr(made.loss, "from_logits", False) or high <= low:
        return 1.0
    least, most = RANGES.get(made.output.activation, EVERYTHING)
    return max(0.0, min(high, most) - max(low, least)) / (high - low)


def _sighting(made: Made, reached: float, wrong: str, severity: Severity | None) -> Sighting:
    function, loss = made.output.activation, made.loss.kind
    explanation = f"The output of {{layers}} is made by {function}, the loss is {loss}: {wrong}. {FITTING}"
    measures = (measure("reachable_share", reached, "<", 1 - SLACK if severity else None, REACHED),)
    return Sighting((made.output.layer,), 0, measures, severity, explanation=explanation)


RULE = Rule(
    name="output_mismatch",
    title="The output does not fit the loss or the targets",
    kind="risk",
    severity="warning",
    formula="last activation ∉ those that the loss takes, or |targets' range ∩ its range|/|targets' range| < 1 − slack",
    thresholds={"slack": SLACK},
    source="Table of pairs as in AutoTrainer (Zhang et al. 2021) and UMLAUT (Schoop et al. 2021); ranges: Keras 3",
    explanation="The output of {layers} does not fit the loss: it can reach {reachable_share:%} of the targets' range.",
    remedies=("output_matched_to_task",),
    causes=(),
    detect=detect,
    of_output=True,
)
