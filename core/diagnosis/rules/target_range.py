"""The values to be predicted are far from the size of what a network puts out."""

from core.diagnosis.evidence import Run
from core.diagnosis.finding import Sighting, measure
from core.diagnosis.rule import Rule

# The gradient of a squared error grows with the targets, and what a network puts out begins near 1. Targets with a
# standard deviation of 5 train as well as scaled ones; with 137 SGD leaves the finite numbers in 8 of 8 runs, and Adam
# does not mind.
LARGE = 20.0
SMALL = 1 / LARGE


def look(run: Run) -> Sighting | None:
    """Measure the spread of the values to be predicted."""
    spread = run.facts.target_std
    if run.spec.dataset.target.kind != "values" or not spread > 0 or SMALL <= spread <= LARGE:
        return None
    bound = LARGE if spread > LARGE else SMALL
    return Sighting((), 0, (measure("target_std", spread, ">" if spread > LARGE else "<", bound),))


RULE = Rule(
    name="target_range",
    title="The targets are not scaled",
    kind="risk",
    severity="warning",
    formula="standard deviation of the values to be predicted > large or < small",
    thresholds={"large": LARGE, "small": SMALL},
    source="LeCun, Bottou, Orr & Müller 1998, section 4.5 (targets); thresholds measured here",
    explanation=(
        "The values to be predicted have a standard deviation of {target_std}; what a network puts out begins near 1. "
        "Large targets make large errors, and these large gradients: a learning rate made for errors of about 1 then "
        "throws the weights away, and the loss says little to a reader. Scale the targets to mean 0 and standard "
        "deviation 1, or take an optimiser whose steps do not depend on the gradient's size."
    ),
    remedies=("target_scaling", "optimizer_adam", "learning_rate_lower", "clip_by_global_norm"),
    causes=(),
    look=look,
)
