"""A tenth of the learning rate."""

from core.spec import ExperimentSpec
from core.treatment.rates import scaled
from core.treatment.remedy import Remedy


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    return scaled(spec, REMEDY.name, 0.1)


REMEDY = Remedy(
    name="learning_rate_lower",
    title="A tenth of the learning rate",
    treats=(
        "nonfinite",
        "loss_blow_up",
        "exploding_gradient",
        "exploding_growth",
        "gradient_spike",
        "oscillation",
        "late_rise",
        "learning_rate",
        "update_ratio",
        "dead_units",
        "dead_layer",
        "dead_network",
        "zero_gradient",
        "target_range",
        "predicted_exploding",
        "exploding_through_time",
        "saturation",
        "saturation_range",
    ),
    changes="The learning rate is divided by 10, a schedule's rates all alike.",
    source=(
        "Bengio 2012: the best rate is within a factor of two of the largest one that does not diverge; steps of 10 "
        "as in AutoTrainer (Zhang et al. 2021)."
    ),
    apply=_apply,
    steps=True,
)
