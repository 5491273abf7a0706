"""A tenth of the learning rate."""

from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.rates import scaled
from gradlab.spec import ExperimentSpec


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    return scaled(spec, REMEDY.name, 0.1)


REMEDY = Remedy(
    name="learning_rate_lower",
    title="A tenth of the learning rate",
    order=250,
    changes="The learning rate is divided by 10, a schedule's rates all alike.",
    source=(
        "Bengio 2012: the best rate is within a factor of two of the largest one that does not diverge; steps of 10 "
        "as in AutoTrainer (Zhang et al. 2021)."
    ),
    apply=_apply,
    steps=True,
)
