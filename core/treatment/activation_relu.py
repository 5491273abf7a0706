"""relu in the hidden layers, drawn as He et al. say."""

from core.activations import Relu
from core.spec import ExperimentSpec
from core.treatment.activations import activated
from core.treatment.remedy import Remedy


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    return activated(spec, REMEDY.name, Relu())


REMEDY = Remedy(
    name="activation_relu",
    title="relu with he_uniform",
    treats=(
        "linear_network",
        "vanishing_gradient",
        "vanishing_signal",
        "gradient_floor",
        "predicted_vanishing",
        "saturation",
        "saturation_range",
        "nonzero_mean_initialization",
        "symmetric_units",
        "not_learning",
    ),
    changes="Hidden dense and convolutional layers get relu, kernels drawn by he_uniform and biases of zero.",
    source=(
        "Glorot, Bordes & Bengio 2011; He et al. 2015. It is the tutorial's cure, never without the initialiser: relu "
        "with U(0, 1) failed on 42 of 64 seeds, with he_uniform on 2."
    ),
    apply=_apply,
)
