"""Batch normalisation in the hidden layers."""

from gradlab.errors import Invalid, Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.normalizations import normalized
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.layers.normalization import BatchNormalization


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    if (size := min(spec.training.batch_size, spec.dataset.train_count)) == 1:
        raise Invalid(Problem("training.batch_size", "at least 2 samples, to have a variance", str(size)))
    return normalized(spec, REMEDY.name, BatchNormalization())


REMEDY = Remedy(
    name="batch_normalization",
    title="Batch normalisation",
    order=170,
    changes="A batch normalisation stands between each hidden dense or convolutional layer and its activation.",
    source="Ioffe & Szegedy 2015: before the activation, where it also keeps units from saturating and dying.",
    apply=_apply,
)
