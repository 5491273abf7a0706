"""Units left out by chance while training."""

from core.activations import Linear
from core.errors import Invalid, Problem
from core.layers import LayerSpec
from core.layers.convolution import Convolution
from core.layers.dense import ActivationLayer, Dense
from core.layers.recurrent import Bidirectional, Recurrent
from core.layers.regularization import Dropout
from core.spec import ExperimentSpec
from core.treatment.remedy import Remedy
from core.treatment.rewriting import Place, places, rewritten
from core.treatment.treated import in_words, treated

# AutoTrainer's share. Srivastava et al. leave out half, in layers that are made larger for it.
RATE = 0.25


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    if any(isinstance(place.layer, Dropout) for place in places(spec)):
        raise Invalid(Problem("model.layers", "a network without dropout", "one that has it"))
    refusal = Problem("model.layers", "a hidden layer with an activation", in_words(spec))
    return treated(spec, REMEDY.name, refusal, layers=rewritten(spec, _dropped))


def _dropped(place: Place) -> tuple[LayerSpec, ...]:
    """What a layer puts out once it has gone through its activation, a share of it left out."""
    layer = place.layer
    active = isinstance(layer, Dense | Convolution | ActivationLayer) and layer.activation != Linear()
    return (layer, Dropout(rate=RATE)) if active or isinstance(layer, Recurrent | Bidirectional) else (layer,)


REMEDY = Remedy(
    name="dropout",
    title="Dropout",
    treats=("overfitting", "late_rise"),
    changes=f"Behind each hidden activation, and each recurrent layer, a share of {RATE} is left out while training.",
    source="Srivastava et al. 2014; the share as in AutoTrainer (Zhang et al. 2021).",
    apply=_apply,
)
