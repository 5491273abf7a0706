"""elu in the hidden layers. It has a slope below zero, too."""

from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.activations import activated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.activations import Elu


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    return activated(spec, REMEDY.name, Elu())


REMEDY = Remedy(
    name="activation_elu",
    title="elu with he_uniform",
    order=100,
    changes="Hidden dense and convolutional layers get elu, kernels drawn by he_uniform and biases of zero.",
    source="Clevert, Unterthiner & Hochreiter 2016; Lu et al. 2019 on units that cannot die.",
    apply=_apply,
)
