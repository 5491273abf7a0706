"""Targets far from the size of an untrained network's output."""

import math

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.unknown import Unknown

# Bound of the targets' standard deviation. The gradient of a squared error grows with the targets, and a network's
# output begins near 1. Targets with a standard deviation of 5 train as well as scaled ones. With 137 SGD leaves the
# finite numbers in 8 of 8 runs; Adam trains.
LARGE = 20.0
SMALL = 1 / LARGE
# Losses of values, with the root of each that has the targets' unit.
ROOTS = {"mean_squared_error": 2, "mean_absolute_error": 1, "huber": 1, "log_cosh": 1}


def detect(run: Run) -> Sighting | None:
    """Compare the standard deviation of the targets with its bounds."""
    try:
        return _by_facts(run)
    except Unknown:
        return _by_the_first_error(run)


def _by_the_first_error(run: Run) -> Sighting | None:
    """Compare the error of the first epoch with the bound: for scaled targets it is about 1, whatever the weights."""
    loss, kind = run.metric("loss"), run.view.loss_kind
    row = run.view.first_epoch + 1 - run.history.first_epoch
    if loss is None or kind not in ROOTS or not 0 <= row < len(loss) or not np.isfinite(loss[row]) or loss[row] < 0:
        return None
    error = float(loss[row]) if ROOTS[kind] == 1 else math.sqrt(float(loss[row]))
    if not error > LARGE:
        return None
    measures = (measure("first_error", error, ">", LARGE), measure("first_loss", float(loss[row]), ">", None))
    return Sighting((), int(run.epochs[row]), measures, explanation=BY_THE_FIRST_ERROR)


def _by_facts(run: Run) -> Sighting | None:
    spread = run.view.target_std
    if run.view.target.kind != "values" or not spread > 0 or SMALL <= spread <= LARGE:
        return None
    bound = LARGE if spread > LARGE else SMALL
    return Sighting((), 0, (measure("target_std", spread, ">" if spread > LARGE else "<", bound),))


BY_THE_FIRST_ERROR = (
    "Over the first epoch the predictions are off by {first_error}, the loss being {first_loss}; a network's output "
    "begins near 1, and with scaled targets its first error is about 1. Errors of that size make gradients of that "
    "size: a learning rate made for errors of about 1 then throws the weights away, or needs very long to get there. "
    "Scale the targets to mean 0 and standard deviation 1, and the inputs likewise."
)

RULE = Rule(
    name="target_range",
    title="The targets are not scaled",
    kind="risk",
    severity="warning",
    formula=(
        "standard deviation of the values to be predicted > large or < small; elsewhere the error of the first epoch, "
        "the root of a squared error, > large"
    ),
    thresholds={"large": LARGE, "small": SMALL},
    source="LeCun, Bottou, Orr & Müller 1998, section 4.5 (targets); thresholds measured here",
    explanation=(
        "The values to be predicted have a standard deviation of {target_std}; a network's output begins near 1. Large "
        "targets make large errors, and large errors make large gradients: a learning rate made for errors of about 1 "
        "then throws the weights away, and the loss is hard to interpret. Scale the targets to mean 0 and standard "
        "deviation 1, or take an optimiser whose steps do not depend on the gradient's size."
    ),
    remedies=("target_scaling", "optimizer_adam", "learning_rate_lower", "clip_by_global_norm"),
    causes=(),
    detect=detect,
    of_output=True,
)
