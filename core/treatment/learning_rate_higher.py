"""Ten times the learning rate."""

from core.spec import ExperimentSpec
from core.treatment.rates import scaled
from core.treatment.remedy import Remedy


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    return scaled(spec, REMEDY.name, 10)


REMEDY = Remedy(
    name="learning_rate_higher",
    title="Ten times the learning rate",
    treats=("not_learning", "plateau", "learning_rate", "update_ratio", "single_class", "few_updates", "still_falling"),
    changes="The learning rate is multiplied by 10, a schedule's rates all alike.",
    source="Bengio 2012: a rate is searched for in steps of a factor; of 10 as in AutoTrainer (Zhang et al. 2021).",
    apply=_apply,
    steps=True,
)
