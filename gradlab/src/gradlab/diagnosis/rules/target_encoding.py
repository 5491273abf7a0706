"""Class indices for a loss that takes one-hot rows, and one-hot rows for a loss that takes indices."""

from gradlab.diagnosis.answers import output_units
from gradlab.diagnosis.evidence import ExternalRun, Run, Unknown
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.wired import BY_DATA, wiring_of
from gradlab.facts.wiring import Wiring

# Losses that compare a row of probabilities with a row of targets, one number a class.
OF_ROWS = ("categorical_crossentropy", "categorical_focal_crossentropy", "kl_divergence", "categorical_hinge")
# Losses of one output that take 0 and 1.
OF_TWO = ("binary_crossentropy", "binary_focal_crossentropy")
# PyTorch's cross-entropy takes both forms, and distinguishes them by the target's type and shape.
OF_BOTH = "categorical_crossentropy"
# Classes that one output of a loss for 0 and 1 can separate.
MAX_CLASSES = 2


def detect(run: Run) -> Sighting | None:
    """Compare the form of the targets with the one that the loss takes."""
    wiring = wiring_of(run)
    if wiring is None or not isinstance(run, ExternalRun):
        return None
    if run.external.loss is None:
        raise Unknown("its loss is not known here: pass `loss=` to the Watch")
    if wiring.target_form is None:
        raise Unknown(f"which form its targets have is not known here: {BY_DATA}")
    kind, form = run.external.loss.kind, wiring.target_form
    if form == "indices" and kind in OF_TWO:
        return _of_several_classes(run)
    takes_rows, takes_indices = kind in OF_ROWS, kind.startswith("sparse_")
    if run.external.framework == "torch" and kind.removeprefix("sparse_") == OF_BOTH and _fits(wiring):
        return None
    if takes_rows and form == "indices":
        return Sighting((), 0, (), explanation=INDICES.replace("LOSS", kind))
    if takes_indices and form in ("one_hot", "probabilities"):
        return Sighting((), 0, (), explanation=ROWS.replace("LOSS", kind))
    return None


def _of_several_classes(run: ExternalRun) -> Sighting | None:
    """Indices of more than two classes for a loss of 0 and 1."""
    target = run.external.target or (run.sent_facts.target if run.sent_facts is not None else None)
    if target is None or target.kind != "classes" or target.count <= MAX_CLASSES or output_units(run) > 1:
        return None
    classes = measure("classes", target.count, ">", MAX_CLASSES, "classes")
    return Sighting(
        (), 0, (classes,), explanation=SEVERAL.replace("LOSS", str(run.external.loss and run.external.loss.kind))
    )


def _fits(wiring: Wiring) -> bool:
    """True if the targets are rows as long as the output's, or one axis shorter than these."""
    output, target = wiring.output_shape, wiring.target_shape
    if output is None or target is None:
        return True
    return output[1:] == target[1:] or len(target) == len(output) - 1


INDICES = (
    "The loss, LOSS, takes a row of targets for each sample, with one number for each class, and gets the numbers of "
    "the classes. It takes 7 for a class that is present seven times, and the loss means nothing. Use the sparse form "
    "of the loss, or turn the numbers into one-hot rows."
)
ROWS = (
    "The loss, LOSS, takes the number of each sample's class and gets a row with one number for each class. Zeros and "
    "ones of the row then count as the numbers of classes: every sample belongs to the classes 0 and 1. Use the form "
    "of the loss that takes rows (in Keras the name without `sparse_`), or turn the rows into numbers with `argmax`."
)
SEVERAL = (
    "The targets are the numbers of {classes:class|classes}, and the loss, LOSS, of one output takes 0 and 1. For the "
    "class 2 and higher ones it has no lower bound: it falls without end while that output grows, and no class but 0 "
    "and 1 can be told apart. Use one output for each class, with softmax and the sparse categorical cross-entropy."
)

RULE = Rule(
    name="target_encoding",
    title="The targets have another form than the loss takes",
    kind="risk",
    severity="critical",
    formula="form of the targets ∉ forms that the loss takes, or #{classes} > classes for one output of 0 and 1",
    thresholds={"classes": MAX_CLASSES},
    source="Keras 3: CategoricalCrossentropy, SparseCategoricalCrossentropy; UMLAUT (Schoop et al. 2021)",
    explanation="The targets have another form than the loss takes: the numbers of classes, or a row for each sample.",
    remedies=("output_matched_to_task",),
    causes=(),
    detect=detect,
)
