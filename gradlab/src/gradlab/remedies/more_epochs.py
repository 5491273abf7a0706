"""Four times as many epochs."""

from gradlab.errors import Invalid, Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec

FACTOR = 4
# More than a service accepts by default, and far more than a small network needs.
MAX_EPOCHS = 100_000


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    epochs = spec.training.epochs
    refusal = Problem("training.epochs", f"1 to {MAX_EPOCHS // FACTOR:,}", f"{epochs:,}")
    if not 1 <= epochs <= MAX_EPOCHS // FACTOR:
        raise Invalid(refusal)
    return treated(spec, REMEDY.name, refusal, training={"epochs": FACTOR * epochs})


REMEDY = Remedy(
    name="more_epochs",
    title="Four times as many epochs",
    order=300,
    changes=f"The training goes on for {FACTOR} times as many epochs; a schedule of the learning rate stays as it is.",
    source="Bengio 2012, section 3.1.2: train for as long as it helps, and let early stopping say how long that is.",
    apply=_apply,
    steps=True,
)
