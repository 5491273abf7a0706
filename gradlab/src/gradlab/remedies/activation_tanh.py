"""tanh in the hidden layers. Its output is bounded."""

from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.activations import activated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.activations import Tanh


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    return activated(spec, REMEDY.name, Tanh(), in_cells=True)


REMEDY = Remedy(
    name="activation_tanh",
    title="tanh with glorot_uniform",
    order=120,
    changes=(
        "Hidden dense and convolutional layers, and the states of recurrent ones, get tanh, kernels drawn by "
        "glorot_uniform, recurrent ones orthogonal, and biases of zero."
    ),
    source=(
        "Glorot & Bengio 2010; LeCun et al. 1998. Its range (-1, 1) ends every growth from layer to layer or step to "
        "step."
    ),
    apply=_apply,
)
