"""elu in the hidden layers: below zero it still has a slope."""

from core.activations import Elu
from core.spec import ExperimentSpec
from core.treatment.activations import activated
from core.treatment.remedy import Remedy


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    return activated(spec, REMEDY.name, Elu())


REMEDY = Remedy(
    name="activation_elu",
    title="elu with he_uniform",
    treats=(
        "dead_units",
        "dead_layer",
        "dead_network",
        "zero_gradient",
        "born_dead_risk",
        "finite_width",
        "vanishing_gradient",
        "vanishing_signal",
        "saturation",
    ),
    changes="Hidden dense and convolutional layers get elu, kernels drawn by he_uniform and biases of zero.",
    source="Clevert, Unterthiner & Hochreiter 2016; Lu et al. 2019 on units that cannot die.",
    apply=_apply,
)
