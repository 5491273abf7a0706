"""Layer normalisation in the hidden layers."""

from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.normalizations import normalized
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.layers.normalization import LayerNormalization

# Units from which on a layer is normalised. With two units, mean 0 and variance 1 keep only the order of the two.
MIN_WIDTH = 3
# Activations behind which the norm is inserted. A sigmoid's outputs are about 1/2 in all units, so that the next
# layer's pre-activations are mostly equal for all samples. A norm over the units removes this common part only if it
# comes before the weights: six layers of 16 failed on 8 of 8 seeds with norms before the activations, on none with
# norms behind them.
LATE = ("sigmoid", "hard_sigmoid", "sparse_sigmoid")


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    return normalized(spec, REMEDY.name, LayerNormalization(), min_width=MIN_WIDTH, behind=LATE)


REMEDY = Remedy(
    name="layer_normalization",
    title="Layer normalisation",
    order=180,
    changes=(
        "A layer normalisation stands between each hidden dense or convolutional layer of three units or more and its "
        "activation; behind it where that is a sigmoid."
    ),
    source="Ba, Kiros & Hinton 2016: as batch normalisation, but over the units of each sample.",
    apply=_apply,
)
