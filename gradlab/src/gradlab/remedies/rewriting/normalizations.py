"""Insertion of a norm into each hidden layer: shared by batch and layer normalisation.

A norm before the activation keeps units from saturating and dying, whatever the weights and biases. Of 8 seeds, four
relu layers with biases of -3 failed on 8; with a norm behind the activation on 8, before it on none. Saturated tanh
layers failed on 2; with a norm behind the activation on 2 to 6, before it on none.
"""

from collections.abc import Sequence

from gradlab.errors import Invalid, Problem
from gradlab.remedies.rewriting.layers import Layers, Place, field_of, places
from gradlab.remedies.rewriting.rewrite import rewritten
from gradlab.remedies.rewriting.treated import in_words, treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.activations import Linear
from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.activation import Activating
from gradlab.vocabulary.layers.convolution import Convolution
from gradlab.vocabulary.layers.dense import ActivationLayer, Dense
from gradlab.vocabulary.layers.normalization import LearntNormalization


def normalized(
    spec: ExperimentSpec, remedy: str, norm: LearntNormalization, *, min_width: int = 1, behind: Sequence[str] = ()
) -> ExperimentSpec:
    """Return the spec with `norm` between each hidden dense or convolutional layer and its activation.

    Args:
        spec: the spec to treat.
        remedy: the remedy's name.
        norm: the norm to insert.
        min_width: the number of units or filters from which on a layer is normalised.
        behind: the kinds of activations behind which the norm is inserted instead.

    Raises:
        Invalid: the network has norms already, or no layer for one.
    """

    def change(place: Place) -> Layers:
        layer = place.layer
        if place.output_shape[-1] < min_width or not isinstance(layer, Dense | Convolution | Activating):
            return (layer,)
        late = place.activation.kind in behind
        if isinstance(layer, Activating):
            return (layer, norm) if late else (layer,)
        if layer.activation == Linear():
            return (layer,) if late else (layer, norm)
        return (layer, norm) if late else _between(layer, norm)

    norms = [place.name for place in places(spec) if isinstance(place.layer, LearntNormalization)]
    if norms:
        raise Invalid(Problem(field_of(spec), "a network without norms", norms[0]))
    wide = f" of {min_width} units or more" if min_width > 1 else ""
    refusal = Problem(field_of(spec), f"a hidden dense or convolutional layer{wide}", in_words(spec))
    return treated(spec, remedy, refusal, model=rewritten(spec, change))


def _between(layer: LayerSpec, norm: LearntNormalization) -> Layers:
    activation = ActivationLayer(activation=layer.function or Linear())
    return layer.model_copy(update={"activation": Linear()}), norm, activation
