"""Adam, whose steps do not depend on the gradient's size."""

from core.errors import Problem
from core.optimizers import Adam, Adamax, Nadam
from core.spec import ExperimentSpec
from core.treatment.remedy import Remedy
from core.treatment.treated import treated


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    before = spec.training.optimizer
    kept = before.model_dump(include={"clipnorm", "clipvalue", "global_clipnorm", "weight_decay"})
    after = before if isinstance(before, Adam | Nadam | Adamax) else Adam(**kept)
    refusal = Problem("training.optimizer", "an optimiser that is not Adam or made of it", before.kind)
    return treated(spec, REMEDY.name, refusal, training={"optimizer": after.model_dump(mode="json")})


REMEDY = Remedy(
    name="optimizer_adam",
    title="Adam",
    treats=(
        "not_learning",
        "plateau",
        "oscillation",
        "learning_rate",
        "update_ratio",
        "vanishing_gradient",
        "vanishing_signal",
        "target_range",
        "single_class",
        "few_updates",
        "still_falling",
    ),
    changes="The optimiser becomes Adam with its usual learning rate of 0.001; clipping and weight decay stay.",
    source="Kingma & Ba 2014: an update is about as large as the learning rate, however small the gradients are.",
    apply=_apply,
)
