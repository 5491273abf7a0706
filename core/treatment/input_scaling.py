"""Inputs of mean 0 and standard deviation 1."""

from core.datasets.dataset import ScaledFeatures
from core.errors import Invalid, Problem
from core.spec import ExperimentSpec
from core.treatment.remedy import Remedy
from core.treatment.treated import treated


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    dataset = spec.dataset
    if not isinstance(dataset, ScaledFeatures):
        raise Invalid(Problem("dataset", "a dataset of features that can be scaled", dataset.kind))
    refusal = Problem("dataset.scale", 'none, or a range beyond [-1, 1]: not "standard"', str(dataset.scale))
    if isinstance(dataset.scale, tuple) and max(map(abs, dataset.scale)) <= 1:
        raise Invalid(refusal)
    return treated(spec, REMEDY.name, refusal, dataset={"scale": "standard"})


REMEDY = Remedy(
    name="input_scaling",
    title="Standardised inputs",
    treats=(
        "input_range",
        "saturation",
        "saturation_range",
        "exploding_gradient",
        "nonfinite",
        "loss_blow_up",
        "oscillation",
        "initial_loss",
        "exploding_growth",
        "single_class",
    ),
    changes="Each feature is brought to mean 0 and standard deviation 1.",
    source="LeCun et al. 1998, section 4.3: the initialisers' rules assume it, and it evens out the loss's curvature.",
    apply=_apply,
)
