"""tanh in the hidden layers: what cannot grow without bound."""

from core.activations import Tanh
from core.spec import ExperimentSpec
from core.treatment.activations import activated
from core.treatment.remedy import Remedy


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    return activated(spec, REMEDY.name, Tanh(), in_cells=True)


REMEDY = Remedy(
    name="activation_tanh",
    title="tanh with glorot_uniform",
    treats=(
        "linear_network",
        "exploding_gradient",
        "exploding_growth",
        "predicted_exploding",
        "nonfinite",
        "loss_blow_up",
        "dead_units",
        "dead_layer",
        "dead_network",
        "zero_gradient",
        "born_dead_risk",
    ),
    changes=(
        "Hidden dense and convolutional layers, and what recurrent ones remember, get tanh, kernels drawn by "
        "glorot_uniform, recurrent ones orthogonal, and biases of zero."
    ),
    source=(
        "Glorot & Bengio 2010; LeCun et al. 1998. Its range (-1, 1) ends every growth from layer to layer or step to "
        "step."
    ),
    apply=_apply,
)
