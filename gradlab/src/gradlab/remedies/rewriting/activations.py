"""Replacement of the activation in all hidden layers, with a suitable initialiser, for the activation remedies."""

from gradlab.errors import Invalid, Problem
from gradlab.remedies.rewriting.layers import Place, field_of, hidden_places, recurrent, weighted, with_weighted
from gradlab.remedies.rewriting.rewrite import rewritten
from gradlab.remedies.rewriting.suited import with_suited_initializers
from gradlab.remedies.rewriting.treated import in_words, treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.activations import ActivationFunction, Linear
from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.activation import Activating, PReLU
from gradlab.vocabulary.layers.convolution import Convolution
from gradlab.vocabulary.layers.dense import ActivationLayer, Dense
from gradlab.vocabulary.layers.weighted import WeightedLayer
from gradlab.vocabulary.layers.wrapping import at_each_step


def activated(
    spec: ExperimentSpec, remedy: str, function: ActivationFunction, *, in_cells: bool = False
) -> ExperimentSpec:
    """Return the spec with `function` as the activation of its hidden dense and convolutional layers.

    A linear layer among nonlinear ones, such as the last one in a residual block, is linear on purpose and stays. If
    all are linear, all get the function. A kernel keeps its initialiser if that suits the function.

    Args:
        spec: the spec to treat.
        remedy: the remedy's name.
        function: the new activation.
        in_cells: True to change recurrent layers, too. Only bounded activations may be fed back at every step.

    Raises:
        Invalid: no layer has another activation.
    """
    hidden = hidden_places(spec)
    all_linear = all(place.activation == Linear() for place in hidden)

    def changes(place: Place) -> bool:
        kinds = isinstance(at_each_step(place.layer), Dense | Convolution) or (
            in_cells and recurrent(place.layer) is not None
        )
        return kinds and (all_linear or place.activation != Linear())

    def change(place: Place) -> tuple[LayerSpec, ...]:
        layer = place.layer
        if isinstance(layer, Activating | PReLU):
            return (layer if layer.function == Linear() else ActivationLayer(activation=function),)
        weights = weighted(layer)
        if weights is None or not changes(place):
            return (layer,)
        return (with_weighted(layer, with_suited_initializers(_with(weights, function, place), function)),)

    kinds = "dense, convolutional or recurrent" if in_cells else "dense or convolutional"
    expected = f"a hidden {kinds} layer with another activation than {function.kind}"
    refusal = Problem(field_of(spec), expected, in_words(spec))
    if not any(changes(place) and place.activation != function for place in hidden):
        raise Invalid(refusal)
    return treated(spec, remedy, refusal, model=rewritten(spec, change))


def _with(layer: WeightedLayer, function: ActivationFunction, place: Place) -> WeightedLayer:
    """The layer with `function`, unless its activation is a separate layer."""
    behind = layer.function == Linear() and place.activation != Linear()
    return layer if behind else layer.model_copy(update={"activation": function})
