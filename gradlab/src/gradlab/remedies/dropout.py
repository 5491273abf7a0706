"""Dropout behind the hidden activations."""

from gradlab.errors import Invalid, Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.layers import Place, field_of, places
from gradlab.remedies.rewriting.rewrite import rewritten
from gradlab.remedies.rewriting.treated import in_words, treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.activations import Linear
from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.activation import Activating
from gradlab.vocabulary.layers.convolution import Convolution
from gradlab.vocabulary.layers.dense import Dense
from gradlab.vocabulary.layers.recurrent import Bidirectional, Recurrent
from gradlab.vocabulary.layers.regularization import Dropout

# AutoTrainer's rate. Srivastava et al. drop half, in layers that are made larger for it.
RATE = 0.25


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    if any(isinstance(place.layer, Dropout) for place in places(spec)):
        raise Invalid(Problem(field_of(spec), "a network without dropout", "one that has it"))
    refusal = Problem(field_of(spec), "a hidden layer with an activation", in_words(spec))
    return treated(spec, REMEDY.name, refusal, model=rewritten(spec, _dropped))


def _dropped(place: Place) -> tuple[LayerSpec, ...]:
    """The layer with dropout behind its activation, if it has one or is recurrent."""
    layer = place.layer
    active = isinstance(layer, Dense | Convolution | Activating) and layer.function != Linear()
    return (layer, Dropout(rate=RATE)) if active or isinstance(layer, Recurrent | Bidirectional) else (layer,)


REMEDY = Remedy(
    name="dropout",
    title="Dropout",
    order=200,
    changes=f"Behind each hidden activation, and each recurrent layer, a share of {RATE} is left out while training.",
    source="Srivastava et al. 2014; the share as in AutoTrainer (Zhang et al. 2021).",
    apply=_apply,
)
