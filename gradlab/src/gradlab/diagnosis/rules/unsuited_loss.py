"""A loss for values in a task of classification."""

from gradlab.diagnosis.answers import ACCURACIES
from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.outcome import matters
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.unknown import Unknown

# Largest loss of one sample with targets and outputs in [0, 1]. That of a cross-entropy is unbounded.
MAX_CHARGED = 1.0
# Losses of values that accept classes encoded as 0 and 1.
OF_VALUES = ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh")


def detect(run: Run) -> Sighting | None:
    """Compare the loss with the kind of answer. The severity follows from the outcome of the training."""
    if not _classifies(run) or (kind := run.view.loss_kind) not in OF_VALUES:
        return None
    loss = run.metric("loss")
    lost = float(loss[-1]) if loss is not None and len(loss) else float("nan")
    explanation = ABSOLUTE if kind == "mean_absolute_error" else SQUARED
    measures = (
        measure("most_charged", MAX_CHARGED, "==", MAX_CHARGED, "for a wrong answer"),
        measure("loss", lost, "<", None),
    )
    return Sighting((), run.history.first_epoch, measures, "warning" if matters(run) else None, explanation=explanation)


def _classifies(run: Run) -> bool:
    """True if the targets are classes or labels; where they are unknown, if output and metrics show it."""
    try:
        return run.view.target.kind != "values"
    except Unknown:
        counts = any(name in run.view.metrics for name in ACCURACIES)
        return counts and run.view.output.activation in ("sigmoid", "softmax", "hard_sigmoid")


ABSOLUTE = (
    "The answers are classes, and the loss is the mean absolute error: it charges at most {most_charged} for a wrong "
    "answer, however sure, and its best constant answer is the commonest class, not the classes' shares. Where the "
    "output saturates its slope vanishes with it, so that a network that is sure and wrong is hardly corrected. A "
    "cross-entropy charges without bound for being sure and wrong, and its slope is prediction minus target: take "
    "binary_crossentropy with a sigmoid unit, or categorical_crossentropy with a softmax."
)
SQUARED = (
    "The answers are classes, and the loss is an error of values: it charges at most {most_charged} for a wrong "
    "answer, however sure. Its slope carries that of the output's activation: where the output saturates on the wrong "
    "side hardly anything is left, so that a network that is sure and wrong is hardly corrected. A cross-entropy's "
    "slope is prediction minus target: take binary_crossentropy with a sigmoid unit, or categorical_crossentropy with "
    "a softmax."
)

RULE = Rule(
    name="unsuited_loss",
    title="A loss for values tells classes apart",
    kind="risk",
    severity="info",
    formula=(
        "loss ∈ mean_squared_error, mean_absolute_error, huber, log_cosh, and the targets are classes or labels; a "
        "warning where the run fails"
    ),
    thresholds={"most": MAX_CHARGED},
    source="Bishop 2006, section 5.2 (canonical links); Glorot & Bengio 2010, section 4.1 (plateaus of squared errors)",
    explanation=SQUARED,
    remedies=("output_matched_to_task",),
    causes=("output_mismatch",),
    detect=detect,
    of_output=True,
)
