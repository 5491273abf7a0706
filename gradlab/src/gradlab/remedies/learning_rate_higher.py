"""Ten times the learning rate."""

from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.rates import scaled
from gradlab.spec import ExperimentSpec


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    return scaled(spec, REMEDY.name, 10)


REMEDY = Remedy(
    name="learning_rate_higher",
    title="Ten times the learning rate",
    order=270,
    changes="The learning rate is multiplied by 10, a schedule's rates all alike.",
    source="Bengio 2012: a rate is searched for in steps of a factor; of 10 as in AutoTrainer (Zhang et al. 2021).",
    apply=_apply,
    steps=True,
)
