"""A network's output activation, and whether Keras's cross-entropies compute from its logits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlab.spec.external import ExternalLayer, ExternalOutput, ExternalSpec
from gradlab.spec.external_network import sources_of
from gradlab.spec.network import NamedLayer
from gradlab.vocabulary.activations import ActivationFunction, Linear
from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.activation import Activating
from gradlab.vocabulary.layers.pooling import Flatten, GlobalPooling, Pooling, Reshape
from gradlab.vocabulary.layers.regularization import Disturbance
from gradlab.vocabulary.layers.reshaping import IdentityLayer, Rearrangement
from gradlab.vocabulary.layers.wrapping import TimeDistributed, at_each_step

if TYPE_CHECKING:
    from gradlab.spec import ExperimentSpec
    from gradlab.spec.ends import NetworkOutput

# Keras keeps these activations' input on their output tensor, as its attribute `_keras_logits`.
SQUASHING = ("sigmoid", "softmax")
# These losses use `_keras_logits` in place of the output. The focal losses apply the sigmoid or the softmax themselves.
LOSSES_TAKING_LOGITS = ("binary_crossentropy", "categorical_crossentropy")
# Layers that keep the range of their input, apart from noise and zeros.
PASSES_ON_HERE = (Disturbance, Pooling, GlobalPooling, Flatten, Reshape, IdentityLayer, Rearrangement)
# Layers of external trainings that keep the range of their input, by the first letters of their class's name.
PASSES_ON = re.compile(
    r"(Alpha|Spatial)?Dropout|Gaussian|Flatten|Reshape|Permute|(Global)?(Max|Average|Avg)Pool|IdentityLayer|RepeatVector"
    r"|Cropping|ZeroPadding|UpSampling"
)


@dataclass(frozen=True)
class Output:
    """The activations at the end of a network.

    Attributes:
        layer: the name of the layer that has the last activation.
        activation: the name of the last activation; linear if there is none.
        before: the activation before it, with no weights between the two; linear if there is none.
        is_last_tensor: True if its output tensor is the network's output. False if dropout, noise, pooling, reshaping
            or a wrapper that stacks the outputs of all time steps has made a new tensor from it.
    """

    layer: str
    activation: str
    before: str
    is_last_tensor: bool


def output_of(spec: "ExperimentSpec", output: "NetworkOutput | None" = None) -> Output:
    """Return the last activation of an output, past layers that only pool, reshape or disturb their input.

    Args:
        spec: the spec.
        output: one of its outputs; None for the only one.

    Raises:
        LookupError: the network has several outputs, and none is given.
    """
    last = (output or spec.only_output).layer
    by_name, same = {layer.name: layer for layer in spec.layers}, True
    while (source := _only_source(last, by_name)) is not None and passes_on(last.spec):
        last, same = source, same and _keeps_tensor(last.spec)
    earlier = None if last.spec.parameters(last.input_shape) else _only_source(last, by_name)
    while earlier is not None and passes_on(earlier.spec):
        earlier = _only_source(earlier, by_name)
    made, before = _function(last), _function(earlier)
    return Output(last.name, made.kind, before.kind, same and not isinstance(last.spec, TimeDistributed))


def _function(layer: NamedLayer | None) -> ActivationFunction:
    return (layer and at_each_step(layer.spec).function) or Linear()


def _only_source(layer: NamedLayer, by_name: Mapping[str, NamedLayer]) -> NamedLayer | None:
    """The one layer whose output a layer takes; None for the samples, for several layers, and for a block."""
    return by_name.get(layer.inputs[0]) if len(layer.inputs) == 1 else None


def output_elsewhere(spec: ExternalSpec, output: ExternalOutput | None = None) -> Output | None:
    """Return the last activation of an external training's network, like `output_of`; None if it is unknown.

    Args:
        spec: the spec.
        output: one of its outputs, if it has several; None for the only one.
    """
    layers, same = list(spec.layers) if output is None else _leading_to(spec, output), True
    if not layers:
        return None
    while len(layers) > 1 and _passes_on_elsewhere(layers[-1]):
        same = same and layers.pop().class_name == "Activation"
    last = layers.pop()
    if last.activation is None:
        return None
    while layers and _passes_on_elsewhere(layers[-1]):
        layers.pop()
    before = layers[-1].activation if layers and not last.parameters else None
    return Output(last.name, last.activation, before or "linear", same)


def loss_takes_logits(spec: "ExperimentSpec", output: "NetworkOutput | None" = None) -> bool:
    """True if the loss of an output, by default the only one, is computed from its sigmoid's or softmax's input.

    It is so whatever `from_logits` says.

    `from_logits=True` behind a softmax then trains the same network as `from_logits=False`: Keras warns and leaves the
    softmax out. Source: Keras 3.15, `keras/src/backend/tensorflow/nn.py`, `_get_logits`. Each case is measured in
    `tests/integration/test_logits.py`.
    """
    output = output or spec.only_output
    end = output_of(spec, output)
    return output.loss.kind in LOSSES_TAKING_LOGITS and end.activation in SQUASHING and end.is_last_tensor


def _leading_to(spec: ExternalSpec, output: ExternalOutput) -> list[ExternalLayer]:
    """The layers before an output, up to the last one that takes several; [] if its layer is unknown."""
    by_name, sources = {layer.name: layer for layer in spec.layers}, sources_of(spec.layers)
    layers: list[ExternalLayer] = []
    name = output.layer
    while name in by_name:
        layers.insert(0, by_name.pop(name))
        name = sources[name][0] if len(sources[name]) == 1 else None
    return layers


def loss_takes_logits_elsewhere(spec: ExternalSpec, end: ExternalOutput | None = None) -> bool:
    """True if `loss_takes_logits` holds for an external training that runs on Keras with TensorFlow; else False."""
    output, loss = output_elsewhere(spec, end), spec.loss if end is None else end.loss
    if output is None or loss is None or not {"keras", "tensorflow"} <= {*spec.versions}:
        return False
    kind = loss.kind.removeprefix("sparse_")
    return kind in LOSSES_TAKING_LOGITS and output.activation in SQUASHING and output.is_last_tensor


def answer_threshold(spec: "ExperimentSpec", output: "NetworkOutput | None" = None) -> float:
    """Return the number above which a binary prediction is positive: 0.5 for probabilities, 0 for logits and scores.

    Args:
        spec: the spec.
        output: one of its outputs; None for the only one.
    """
    output = output or spec.only_output
    return 0.5 if loss_takes_logits(spec, output) else output.loss.threshold


def answer_threshold_elsewhere(spec: ExternalSpec) -> float | None:
    """Return `answer_threshold` of an external training; None if its loss is none of the service's."""
    if loss_takes_logits_elsewhere(spec):
        return 0.5
    function = spec.loss.function if spec.loss is not None else None
    return None if function is None else function.threshold


def passes_on(layer: LayerSpec) -> bool:
    """True if the layer keeps the range of its input, apart from noise and zeros."""
    layer = at_each_step(layer)
    linear = isinstance(layer, Activating) and layer.function == Linear()
    return linear or isinstance(layer, PASSES_ON_HERE)


def _passes_on_elsewhere(layer: ExternalLayer) -> bool:
    linear = layer.class_name == "Activation" and layer.activation == "linear"
    return linear or PASSES_ON.match(layer.class_name) is not None


def _keeps_tensor(layer: LayerSpec) -> bool:
    """True if Keras returns the input tensor itself, as a dropout with rate 0 does."""
    return isinstance(layer, Activating | IdentityLayer) or (
        isinstance(layer, Disturbance) and not layer.state_size(())
    )
