"""A learning rate times a factor, a schedule's rates all alike: what the remedies for it share."""

from typing import Any

from gradlab.errors import Invalid, Problem
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.optimizers import GradientOptimizer

# The fields of schedules that are rates; the others are steps, and shares of a rate.
RATES = ("initial_learning_rate", "end_learning_rate", "warmup_target", "values")
# A step of less than half of float32's spacing at 1, 6e-8, leaves a weight of that size where it is.
LOWEST = 1e-7
# The largest of Keras's own defaults is 0.01; a hundred times that moves every weight by 1 in each update of Adam.
HIGHEST = 1.0


def scaled(spec: ExperimentSpec, remedy: str, factor: float) -> ExperimentSpec:
    """The spec with its learning rate times `factor`.

    Raises:
        Invalid: the rate, or a schedule's highest, would leave the range in which training can go on.
    """
    before: GradientOptimizer = spec.training.optimizer
    optimizer = before.model_dump(mode="json")
    optimizer["learning_rate"] = _times(optimizer["learning_rate"], factor)
    highest = _highest(optimizer["learning_rate"])
    bound = f"at least {LOWEST:g}" if factor < 1 else f"at most {HIGHEST:g}"
    refusal = Problem(
        "training.optimizer.learning_rate",
        f"a rate that is {bound} once it is multiplied by {factor:g}",
        f"{_highest(before.model_dump()['learning_rate']):g}",
    )
    if not LOWEST <= highest <= HIGHEST:
        raise Invalid(refusal)
    return treated(spec, remedy, refusal, training={"optimizer": optimizer})


def _times(rate: Any, factor: float) -> Any:
    if isinstance(rate, dict):
        return rate | {field: _times(rate[field], factor) for field in RATES if rate.get(field) is not None}
    if isinstance(rate, list):
        return [_times(each, factor) for each in rate]
    return float(f"{rate * factor:.12g}")  # 0.003 rather than 0.0030000000000000005


def _highest(rate: Any) -> float:
    if isinstance(rate, dict):
        return max(_highest(rate[field]) for field in RATES if rate.get(field) is not None)
    return float(max(rate) if isinstance(rate, list | tuple) else rate)
