"""Three times the learning rate."""

from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.rates import scaled
from gradlab.spec import ExperimentSpec


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    return scaled(spec, REMEDY.name, 3)


REMEDY = Remedy(
    name="learning_rate_tripled",
    title="Three times the learning rate",
    order=260,
    changes="The learning rate is multiplied by 3, a schedule's rates all alike.",
    source="Bengio 2012: the best rate is within a factor of two of the largest stable one; between 1 and 10 times it.",
    apply=_apply,
    steps=True,
)
