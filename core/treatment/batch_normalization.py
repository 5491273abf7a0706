"""Batch normalisation in the hidden layers."""

from core.errors import Invalid, Problem
from core.layers.normalization import BatchNormalization
from core.spec import ExperimentSpec
from core.treatment.normalizations import normalized
from core.treatment.remedy import Remedy


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    if (size := min(spec.training.batch_size, spec.dataset.train_count)) == 1:
        raise Invalid(Problem("training.batch_size", "at least 2 samples, to have a variance", str(size)))
    return normalized(spec, REMEDY.name, BatchNormalization())


REMEDY = Remedy(
    name="batch_normalization",
    title="Batch normalisation",
    treats=(
        "vanishing_gradient",
        "vanishing_signal",
        "gradient_floor",
        "predicted_vanishing",
        "exploding_gradient",
        "exploding_growth",
        "predicted_exploding",
        "saturation",
        "saturation_range",
        "dead_units",
        "nonzero_mean_initialization",
        "input_range",
        "initial_variance",
        "symmetric_units",
        "learning_rate",
        "nonfinite",
        "update_ratio",
        "oscillation",
    ),
    changes="A batch normalisation stands between each hidden dense or convolutional layer and its activation.",
    source="Ioffe & Szegedy 2015: before the activation, where it also keeps units from saturating and dying.",
    apply=_apply,
)
