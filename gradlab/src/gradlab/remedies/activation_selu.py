"""selu in the hidden layers, with the initialiser of its authors."""

from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.activations import activated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.activations import Selu


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    return activated(spec, REMEDY.name, Selu())


REMEDY = Remedy(
    name="activation_selu",
    title="selu with lecun_normal",
    order=110,
    changes="Hidden dense and convolutional layers get selu, kernels drawn by lecun_normal and biases of zero.",
    source="Klambauer et al. 2017: mean 0 and variance 1 are a fixed point that layers draw their outputs to.",
    apply=_apply,
)
