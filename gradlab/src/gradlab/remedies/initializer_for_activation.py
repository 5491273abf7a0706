"""Suitable initialisers for the activations, without any other change."""

from gradlab.errors import Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.layers import Place, field_of, weighted, with_weighted
from gradlab.remedies.rewriting.rewrite import rewritten
from gradlab.remedies.rewriting.suited import with_suited_initializers
from gradlab.remedies.rewriting.treated import in_words, treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.layers import LayerSpec


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    refusal = Problem(
        field_of(spec), "a hidden layer whose initialisers do not suit its activation already", in_words(spec)
    )
    return treated(spec, REMEDY.name, refusal, model=rewritten(spec, _suited))


def _suited(place: Place) -> tuple[LayerSpec, ...]:
    layer = weighted(place.layer)
    if layer is None:
        return (place.layer,)
    return (with_weighted(place.layer, with_suited_initializers(layer, place.activation)),)


REMEDY = Remedy(
    name="initializer_for_activation",
    title="Initialisers that suit the activations",
    order=130,
    changes=(
        "Hidden kernels are drawn as suits the activation behind them (tanh, sigmoid and the like: glorot_uniform; "
        "relu, elu and the like: he_uniform; selu: lecun_normal), recurrent kernels orthogonal, biases zero."
    ),
    source=(
        "Glorot & Bengio 2010; He et al. 2015; Klambauer et al. 2017; Saxe et al. 2013. The tutorial's deep tanh "
        "network failed on 64 of 64 seeds with U(0, 1) and on none with glorot_uniform."
    ),
    apply=_apply,
)
