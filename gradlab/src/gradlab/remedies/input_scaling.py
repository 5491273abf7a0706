"""Inputs of mean 0 and standard deviation 1."""

from gradlab.errors import Invalid, Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets.dataset import ScaledFeatures


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    dataset = spec.dataset
    if not dataset.is_drawn:
        from gradlab.remedies.rewriting.preparation import standardised_inputs  # no other experiment waits for it

        refusal = Problem("dataset.prepare", "another preparation", "the same")
        return treated(spec, REMEDY.name, refusal, dataset=standardised_inputs(spec))
    if not isinstance(dataset, ScaledFeatures):
        raise Invalid(Problem("dataset", "a dataset of features that can be scaled", dataset.kind))
    refusal = Problem("dataset.scale", 'none, or a range beyond [-1, 1]: not "standard"', str(dataset.scale))
    if isinstance(dataset.scale, tuple) and max(map(abs, dataset.scale)) <= 1:
        raise Invalid(refusal)
    return treated(spec, REMEDY.name, refusal, dataset={"scale": "standard"})


REMEDY = Remedy(
    name="input_scaling",
    title="Standardised inputs",
    order=10,
    changes="Each feature is brought to mean 0 and standard deviation 1.",
    source="LeCun et al. 1998, section 4.3: the initialisers' rules assume it, and it evens out the loss's curvature.",
    apply=_apply,
)
