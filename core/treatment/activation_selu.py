"""selu in the hidden layers, drawn as its authors say."""

from core.activations import Selu
from core.spec import ExperimentSpec
from core.treatment.activations import activated
from core.treatment.remedy import Remedy


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    return activated(spec, REMEDY.name, Selu())


REMEDY = Remedy(
    name="activation_selu",
    title="selu with lecun_normal",
    treats=(
        "vanishing_gradient",
        "vanishing_signal",
        "gradient_floor",
        "predicted_vanishing",
        "saturation",
        "saturation_range",
        "dead_units",
        "dead_layer",
        "dead_network",
        "zero_gradient",
        "born_dead_risk",
        "nonzero_mean_initialization",
        "symmetric_units",
        "exploding_gradient",
    ),
    changes="Hidden dense and convolutional layers get selu, kernels drawn by lecun_normal and biases of zero.",
    source="Klambauer et al. 2017: mean 0 and variance 1 are a fixed point that layers draw their outputs to.",
    apply=_apply,
)
