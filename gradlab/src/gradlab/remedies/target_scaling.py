"""Targets of mean 0 and standard deviation 1."""

from gradlab.errors import Invalid, Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets.dataset import ScaledTargets
from gradlab.vocabulary.datasets.uploaded import UploadedDataset


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    dataset = spec.dataset
    if not dataset.is_drawn:
        from gradlab.remedies.rewriting.preparation import standardised_targets  # no other experiment waits for it

        assert isinstance(dataset, UploadedDataset)
        refusal = Problem("dataset.prepare", "another preparation", "the same")
        return treated(spec, REMEDY.name, refusal, dataset=standardised_targets(dataset))
    if not isinstance(dataset, ScaledTargets):
        raise Invalid(Problem("dataset", "a dataset of values that can be scaled", dataset.kind))
    refusal = Problem("dataset.target_scale", "none", str(dataset.target_scale))
    return treated(spec, REMEDY.name, refusal, dataset={"target_scale": "standard"})


REMEDY = Remedy(
    name="target_scaling",
    title="Standardised targets",
    order=20,
    changes=(
        "Each value to be predicted is brought to mean 0 and standard deviation 1; losses and errors are then in that "
        "unit, r2_score is comparable."
    ),
    source="Bishop 1995, section 8.2. Errors, and with them gradients, are as large as the targets.",
    apply=_apply,
)
