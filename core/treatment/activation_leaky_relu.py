"""leaky_relu in the hidden layers: no unit of it can die."""

from core.activations import LeakyRelu
from core.spec import ExperimentSpec
from core.treatment.activations import activated
from core.treatment.remedy import Remedy

# Below zero. The default of Keras's LeakyReLU layer; SLOPE_EVIDENCE
SLOPE = 0.3


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    return activated(spec, REMEDY.name, LeakyRelu(negative_slope=SLOPE))


REMEDY = Remedy(
    name="activation_leaky_relu",
    title="leaky_relu with he_uniform",
    treats=("dead_units", "dead_layer", "dead_network", "born_dead_risk", "finite_width", "vanishing_signal"),
    changes=(
        f"Hidden dense and convolutional layers get leaky_relu with slope {SLOPE} below zero, kernels drawn "
        f"by he_uniform "
        "and biases of zero."
    ),
    source="Maas, Hannun & Ng 2013; Lu et al. 2019 on units that cannot die.",
    apply=_apply,
)
