"""Values to be predicted of mean 0 and standard deviation 1."""

from core.datasets.dataset import ScaledTargets
from core.errors import Invalid, Problem
from core.spec import ExperimentSpec
from core.treatment.remedy import Remedy
from core.treatment.treated import treated


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    dataset = spec.dataset
    if not isinstance(dataset, ScaledTargets):
        raise Invalid(Problem("dataset", "a dataset of values that can be scaled", dataset.kind))
    refusal = Problem("dataset.target_scale", "none", str(dataset.target_scale))
    return treated(spec, REMEDY.name, refusal, dataset={"target_scale": "standard"})


REMEDY = Remedy(
    name="target_scaling",
    title="Standardised targets",
    treats=(
        "exploding_gradient",
        "exploding_growth",
        "nonfinite",
        "loss_blow_up",
        "not_learning",
        "initial_loss",
        "learning_rate",
        "target_range",
    ),
    changes=(
        "Each value to be predicted is brought to mean 0 and standard deviation 1; losses and errors are then in that "
        "unit, r2_score is comparable."
    ),
    source="Bishop 1995, section 8.2. Errors, and with them gradients, are as large as the targets.",
    apply=_apply,
)
