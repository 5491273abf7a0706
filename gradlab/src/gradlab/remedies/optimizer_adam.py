"""Adam, whose steps do not depend on the gradient's size."""

from gradlab.errors import Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.optimizers import Adam, Adamax, Nadam


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    before = spec.training.optimizer
    kept = before.model_dump(include={"clipnorm", "clipvalue", "global_clipnorm", "weight_decay"})
    after = before if isinstance(before, Adam | Nadam | Adamax) else Adam(**kept)
    refusal = Problem("training.optimizer", "an optimiser that is not Adam or made of it", before.kind)
    return treated(spec, REMEDY.name, refusal, training={"optimizer": after.model_dump(mode="json")})


REMEDY = Remedy(
    name="optimizer_adam",
    title="Adam",
    order=230,
    changes="The optimiser becomes Adam with its usual learning rate of 0.001; clipping and weight decay stay.",
    source="Kingma & Ba 2014: an update is about as large as the learning rate, however small the gradients are.",
    apply=_apply,
)
