"""Multiplication of a learning rate, or of all rates of a schedule: shared by the remedies for it."""

from typing import Any

from gradlab.errors import Invalid, Problem
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.optimizers import GradientOptimizer

# Fields of schedules that are rates. The others are steps, and shares of a rate.
RATES = ("initial_learning_rate", "end_learning_rate", "warmup_target", "values")
# A step below half of float32's spacing at 1, 6e-8, does not change a weight of size 1.
MIN_RATE = 1e-7
# A hundred times the largest of Keras's defaults, 0.01: it moves every weight by 1 in each update of Adam.
MAX_RATE = 1.0


def scaled(spec: ExperimentSpec, remedy: str, factor: float) -> ExperimentSpec:
    """Return the spec with its learning rate multiplied by `factor`.

    Raises:
        Invalid: the new rate, or the highest one of a schedule, would be outside of [1e-7, 1].
    """
    before: GradientOptimizer = spec.training.optimizer
    optimizer = before.model_dump(mode="json")
    optimizer["learning_rate"] = _times(optimizer["learning_rate"], factor)
    highest = _highest(optimizer["learning_rate"])
    bound = f"at least {MIN_RATE:g}" if factor < 1 else f"at most {MAX_RATE:g}"
    refusal = Problem(
        "training.optimizer.learning_rate",
        f"a rate that is {bound} once it is multiplied by {factor:g}",
        f"{_highest(before.model_dump()['learning_rate']):g}",
    )
    if not MIN_RATE <= highest <= MAX_RATE:
        raise Invalid(refusal)
    return treated(spec, remedy, refusal, training={"optimizer": optimizer})


def _times(rate: Any, factor: float) -> Any:
    if isinstance(rate, dict):
        return rate | {field: _times(rate[field], factor) for field in RATES if rate.get(field) is not None}
    if isinstance(rate, list):
        return [_times(each, factor) for each in rate]
    return float(f"{rate * factor:.12g}")  # 0.003 instead of 0.0030000000000000005


def _highest(rate: Any) -> float:
    if isinstance(rate, dict):
        return max(_highest(rate[field]) for field in RATES if rate.get(field) is not None)
    return float(max(rate) if isinstance(rate, list | tuple) else rate)
