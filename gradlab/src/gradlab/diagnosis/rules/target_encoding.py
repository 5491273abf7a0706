"""Targets in another form than the loss takes: indices for rows, rows for indices, numbers that are no indices."""

from dataclasses import replace

from gradlab.diagnosis.evidence import ExternalRun, Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.unknown import Unknown
from gradlab.diagnosis.wired import BY_DATA, wiring_of
from gradlab.facts.wiring import Wiring

# Losses that compare a row of probabilities with a row of targets, one number a class.
OF_ROWS = ("categorical_crossentropy", "categorical_focal_crossentropy", "kl_divergence", "categorical_hinge")
# Losses that take targets between 0 and 1.
OF_TWO = ("binary_crossentropy", "binary_focal_crossentropy")
# Losses of one class for each sample, which the vocabulary names alike whether they take indices or rows. Rows that
# somebody makes of indices are wrong where the indices are.
OF_CLASSES = ("categorical_crossentropy", "categorical_focal_crossentropy")
# PyTorch's cross-entropy takes both forms, and distinguishes them by the target's type and shape.
OF_BOTH = "categorical_crossentropy"
# Targets of these lie in [0, 1], up to the rounding of float16.
LOWEST, HIGHEST = -1e-3, 1 + 1e-3


def detect(run: Run) -> Sighting | None:
    """Compare the form of the targets with the one that the loss takes."""
    wiring = wiring_of(run)
    if wiring is None or not isinstance(run, ExternalRun):
        return _of_shares(run) or _in_the_file(run)
    if run.external.outputs:
        raise Unknown("which form targets have is not recorded of several outputs")
    if run.external.loss is None:
        raise Unknown("its loss is not known", "`loss=` of a Watch")
    if wiring.target_form is None:
        raise Unknown("which form its targets have is not known", BY_DATA)
    kind, form = run.external.loss.kind, wiring.target_form
    if kind in OF_TWO:
        return _outside(kind, wiring)
    takes_rows, takes_indices = kind in OF_ROWS, kind.startswith("sparse_")
    if run.external.framework == "torch" and kind.removeprefix("sparse_") == OF_BOTH and _fits(wiring):
        return None
    if takes_rows and form == "indices":
        return Sighting((), 0, (), explanation=INDICES.replace("LOSS", kind))
    if takes_indices and form in ("one_hot", "probabilities"):
        return Sighting((), 0, (), explanation=ROWS.replace("LOSS", kind))
    return _no_indices(kind, wiring) if takes_indices else None


def _of_shares(run: Run) -> Sighting | None:
    """Find values beyond 0 and 1 in a training of this service with a loss for values between them."""
    if run.view.loss_kind not in OF_TWO or run.view.target.kind != "values":
        return None
    seen = _outside(run.view.loss_kind, Wiring(target_range=run.view.target_range))
    return seen and replace(seen, explanation=f"{seen.explanation} {SHARES}")


def _in_the_file(run: Run) -> Sighting | None:
    """Compare the numbers that a user's file has for the classes with those that the loss takes.

    The service has numbered the classes from 0, so that its own training is not hurt; the user's program may be.
    """
    numbers = tuple(map(float, run.spec.dataset.class_values_of(run.output)))
    if not numbers:
        return None
    kind, units = run.view.loss_kind, run.view.output_units
    wiring = Wiring(
        target_form="indices" if all(number.is_integer() for number in numbers) else "values",
        target_range=(min(numbers), max(numbers)),
        output_shape=(1, units),
    )
    seen = None
    if kind in OF_TWO and units == 1:
        seen = _outside(kind, wiring)
    elif kind in OF_CLASSES:
        seen = _no_indices(f"sparse_{kind}", wiring)
    if seen is None:
        return None
    return replace(seen, severity="warning", remedies=(), explanation=f"{seen.explanation} {NUMBERED}")


def _no_indices(kind: str, wiring: Wiring) -> Sighting | None:
    """Fractions, or numbers beyond the output units, for a loss of indices. A negative one may mark what to ignore."""
    output, target = wiring.output_shape, wiring.target_shape
    has_one_each = target is None or len(target) == 1 or (len(target) == 2 and target[-1] == 1)
    if wiring.target_range is None or not has_one_each:
        return None
    low, high = wiring.target_range
    if wiring.target_form == "values" and low >= 0:
        measures = (measure("largest_target", high, ">", None), measure("smallest_target", low, ">", None))
        return Sighting((), 0, measures, explanation=FRACTIONS.replace("LOSS", kind))
    units = output[-1] if output else None
    if wiring.target_form == "indices" and units is not None and high >= units > 1:
        measures = (measure("largest_target", high, ">", units), measure("units", units, ">", None))
        return Sighting((), 0, measures, explanation=BEYOND.replace("LOSS", kind))
    return None


def _outside(kind: str, wiring: Wiring) -> Sighting | None:
    """Targets beyond 0 and 1 for a loss of 0 and 1. Keras turns -1 and 1 to 0 and 1 in none of these losses."""
    if wiring.target_range is None:
        return None
    low, high = wiring.target_range
    largest = measure("largest_target", high, ">", HIGHEST)
    smallest = measure("smallest_target", low, "<", LOWEST)
    if largest.threshold is None and smallest.threshold is None:
        return None
    decisive = (smallest, largest) if largest.threshold is None else (largest, smallest)
    return Sighting((), 0, decisive, explanation=OUTSIDE.replace("LOSS", kind))


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
FRACTIONS = (
    "The loss, LOSS, takes the number of each sample's class, a whole one, and gets numbers from {smallest_target} to "
    "{largest_target} that are not whole. It cuts off what stands behind the point, so that different classes become "
    "one: of labels divided by 255 each is class 0. Mostly the labels were scaled together with the inputs. Scale the "
    "inputs alone."
)
BEYOND = (
    "The largest class is {largest_target}, and the output has {units:unit|units}, for the classes from 0 to one less. "
    "What LOSS makes of a class beyond them is NaN or an error, as the device has it. Often the classes are counted "
    "from 1: subtract 1 from each. Else give the output a unit for each class."
)
OUTSIDE = (
    "The targets reach from {smallest_target} to {largest_target}, and the loss, LOSS, takes targets between 0 and 1. "
    "Beyond them it has no lower bound: it falls without end while the output grows, and what else there is to be "
    "learnt counts for nothing. If the targets are the numbers of several classes, use one output for each class, with "
    "softmax and the sparse categorical cross-entropy. If they are −1 and 1, turn them to 0 and 1, or use a hinge loss."
)
SHARES = (
    "If they are pixels from 0 to 255, divide them by 255. If they are any numbers, use the mean squared error and a "
    "linear output."
)
NUMBERED = (
    "That is what the file holds. In this training the classes have the numbers from 0, in the order of their values, "
    "and nothing is lost. A program that reads the file has to number them, too: `np.searchsorted(np.unique(y), y)`."
)

RULE = Rule(
    name="target_encoding",
    title="The targets have another form than the loss takes",
    kind="risk",
    severity="critical",
    formula=(
        "form of the targets ∉ forms that the loss takes; or targets < lowest or > highest for a loss of 0 and 1; or "
        "targets that are not whole, or ≥ output units, for a loss of indices"
    ),
    thresholds={"lowest": LOWEST, "highest": HIGHEST},
    source="Keras 3: CategoricalCrossentropy, SparseCategoricalCrossentropy; UMLAUT (Schoop et al. 2021)",
    explanation="The targets have another form than the loss takes: the numbers of classes, or a row for each sample.",
    remedies=("output_matched_to_task",),
    causes=(),
    of_output=True,
    detect=detect,
)
