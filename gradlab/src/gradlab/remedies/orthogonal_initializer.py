"""Orthogonal kernels before activations that are nearly linear around 0."""

from gradlab.errors import Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.layers import Layers, Place, field_of
from gradlab.remedies.rewriting.rewrite import rewritten
from gradlab.remedies.rewriting.suited import CENTRED, is_orthogonal
from gradlab.remedies.rewriting.treated import in_words, treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.activations import ActivationFunction
from gradlab.vocabulary.initializers import Orthogonal, Zeros
from gradlab.vocabulary.layers.convolution import Convolution
from gradlab.vocabulary.layers.dense import Dense


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    expected = "a hidden dense or convolutional layer of tanh or its like, whose kernel is not orthogonal already"
    return treated(
        spec, REMEDY.name, Problem(field_of(spec), expected, in_words(spec)), model=rewritten(spec, _orthogonal)
    )


def _orthogonal(place: Place) -> Layers:
    layer = place.layer
    if not isinstance(layer, Dense | Convolution) or not _passes_on(place.activation):
        return (layer,)
    drawn: dict[str, Orthogonal | Zeros] = {}
    if not is_orthogonal(layer.kernel_initializer):
        drawn = {"kernel_initializer": Orthogonal()} | ({"bias_initializer": Zeros()} if layer.use_bias else {})
    return (layer.model_copy(update=drawn),)


def _passes_on(activation: ActivationFunction) -> bool:
    """True if the activation has a slope of about 1 on both sides of 0, and so keeps orthogonality."""
    return activation.kind in CENTRED


REMEDY = Remedy(
    name="orthogonal_initializer",
    title="Orthogonal kernels",
    order=140,
    changes=(
        "Kernels of hidden dense and convolutional layers with tanh, selu or no activation are drawn as orthogonal "
        "matrices of gain 1, and their biases are zero."
    ),
    source=(
        "Saxe et al. 2013; Pennington et al. 2017: all singular values of a deep tanh network can stay near 1, those "
        "of a relu network cannot. Of 32 networks of 15 tanh layers of 5 units 18 failed with glorot_uniform, none "
        "with this."
    ),
    apply=_apply,
)
