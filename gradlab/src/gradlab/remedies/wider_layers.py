"""Hidden layers that are wide enough for their number."""

import math

from gradlab.errors import Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.layers import Place, field_of, hidden_depth, hidden_places, weighted, with_weighted
from gradlab.remedies.rewriting.rewrite import rewritten
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.convolution import Convolution
from gradlab.vocabulary.layers.dense import Dense
from gradlab.vocabulary.layers.recurrent import Recurrent
from gradlab.vocabulary.layers.weighted import WeightedLayer

# Bound of β = 5·Σ1/n over the hidden layers, the spread of a random relu network's size (Hanin & Nica 2018). Their
# theory holds up to about 3, where 20 relu layers failed on none of 10 seeds.
MAX_SPREAD = 3


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    depth = hidden_depth(spec)
    min_width = math.ceil(5 * depth / MAX_SPREAD)

    def widened(place: Place) -> tuple[LayerSpec, ...]:
        layer = weighted(place.layer)
        if isinstance(layer, Dense | Recurrent):
            wider: WeightedLayer = layer.model_copy(update={"units": max(layer.units, min_width)})
        elif isinstance(layer, Convolution):
            wider = layer.model_copy(update={"filters": max(layer.filters, min_width)})
        else:
            return (place.layer,)
        return (with_weighted(place.layer, wider),)

    widths = [str(place.output_shape[-1]) for place in hidden_places(spec)]
    refusal = Problem(
        field_of(spec),
        f"a hidden layer that is narrower than 5/3 of their number, {min_width}",
        f"{depth} of widths {', '.join(dict.fromkeys(widths))}" if depth else "no hidden layer",
    )
    return treated(spec, REMEDY.name, refusal, model=rewritten(spec, widened))


REMEDY = Remedy(
    name="wider_layers",
    title="Wider layers",
    order=50,
    changes="Hidden layers that are narrower than 5/3 of their number get so many units or filters.",
    source=(
        "Hanin 2018; Hanin & Nica 2018; Lu et al. 2019: by chance a narrow deep relu network puts out next to "
        "nothing, or nothing."
    ),
    apply=_apply,
)
