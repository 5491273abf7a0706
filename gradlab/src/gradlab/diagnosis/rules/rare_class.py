"""A class with hardly any samples, or none."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule

# Training samples of a class. A fifth of so few, held out, is none: whether it is learnt cannot be measured.
MIN_SAMPLES = 5
# Training samples for each class. With fewer all classes are as small.
PER_CLASS = 10
# Classes from which on numbers that begin with 1 are recognised: of two, one without samples may be meant.
MIN_CLASSES = 3


def detect(run: Run) -> Sighting | None:
    """Compare the rarest class with its bound, and look for a class 0 that no sample has."""
    faults, target = run.view.faults, run.view.target
    if faults.rarest_class is None or target.steps:
        return None
    present = target.count - (faults.absent_classes or 0)
    rarest = measure("rarest", faults.rarest_class, "<", MIN_SAMPLES, "training samples")
    if 0 < faults.rarest_class < MIN_SAMPLES and run.view.train_count >= PER_CLASS * present:
        return Sighting((), 0, (rarest, measure("classes", present, ">", None, "classes")))
    if faults.first_class_absent and target.count >= MIN_CLASSES:
        absent = measure("absent", 1, ">", 1, "classes")
        return Sighting((), 0, (absent,), "info", explanation=FROM_ONE)
    return None


FROM_ONE = (
    "{absent:class|classes}, class 0, has no training sample, and every other class has some: the numbers of the "
    "classes seem to begin with 1. The network then has an output unit that no sample uses. Subtract 1 from the "
    "numbers, and leave that unit out."
)

RULE = Rule(
    name="rare_class",
    title="A class has hardly any samples",
    kind="risk",
    severity="warning",
    formula="training samples of the rarest class < samples, and training samples ≥ each·classes",
    thresholds={"samples": MIN_SAMPLES, "each": PER_CLASS},
    source="Arithmetic: a fifth of fewer than five samples, the usual share for validation, is none",
    explanation=(
        "The rarest of {classes:class|classes} has {rarest:training sample|training samples}. That is too few to "
        "learn from, and too few to hold some out: whether the network knows this class cannot be measured. Collect "
        "more samples of it, join it with another class, or leave it out and say so."
    ),
    remedies=(),
    causes=(),
    detect=detect,
    of_output=True,
)
