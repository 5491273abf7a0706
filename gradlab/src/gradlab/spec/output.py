"""What makes a network's output, and what Keras's cross-entropies see of it."""

import re
from dataclasses import dataclass

from gradlab.spec.experiment import ExperimentSpec
from gradlab.spec.external import ExternalLayer, ExternalSpec
from gradlab.vocabulary.activations import Linear
from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.dense import ActivationLayer
from gradlab.vocabulary.layers.pooling import Flatten, GlobalPooling, Pooling, Reshape
from gradlab.vocabulary.layers.regularization import Disturbance

# Keras leaves on what these put out what went in, as the attribute `_keras_logits`.
SQUASHING = ("sigmoid", "softmax")
# These losses look for it, and take it in place of the output. The focal ones apply the sigmoid or the softmax first.
LOSSES_TAKING_LOGITS = ("binary_crossentropy", "categorical_crossentropy")
# Layers elsewhere that make no output of their own, by the beginning of their class's name.
PASSES_ON = re.compile(r"Dropout|SpatialDropout|Gaussian|Flatten|Reshape|Permute|(Global)?(Max|Average|Avg)Pool")


@dataclass(frozen=True)
class Output:
    """What makes a network's output.

    Attributes:
        layer: the name of the layer whose activation comes last.
        activation: the name of this activation; linear where there is none.
        before: the activation in front of it, without weights between the two; linear where there is none.
        is_last_tensor: True if what it puts out is the network's output itself, not a copy that dropout, noise, a
            pooling or another shape has made of it.
    """

    layer: str
    activation: str
    before: str
    is_last_tensor: bool


def output_of(spec: ExperimentSpec) -> Output:
    """What makes the output of `spec`'s network: the last activation that is not linear, up to the last weights."""
    layers, same = list(spec.layers), True
    while len(layers) > 1 and _passes_on(layers[-1].spec):
        same = same and _keeps_tensor(layers.pop().spec)
    last = layers.pop()
    while layers and _passes_on(layers[-1].spec):
        layers.pop()
    before = layers[-1].spec.function if layers and not (last.tensors or last.inner) else None
    made, earlier = last.spec.function or Linear(), before or Linear()
    return Output(last.name, made.kind, earlier.kind, same)


def output_elsewhere(spec: ExternalSpec) -> Output | None:
    """The same of a network that is trained elsewhere; None where a layer does not say which activation it has."""
    layers, same = list(spec.layers), True
    while len(layers) > 1 and _passes_on_elsewhere(layers[-1]):
        same = same and layers.pop().class_name == "Activation"
    last = layers.pop()
    if last.activation is None:
        return None
    while layers and _passes_on_elsewhere(layers[-1]):
        layers.pop()
    before = layers[-1].activation if layers and not last.parameters else None
    return Output(last.name, last.activation, before or "linear", same)


def loss_takes_logits(spec: ExperimentSpec) -> bool:
    """True if the loss is worked out from what goes into the output's sigmoid or softmax, whatever it was told.

    So `from_logits=True` behind a softmax trains the network that it trains without: Keras warns, and undoes the
    softmax. Read in Keras 3.15, `keras/src/backend/tensorflow/nn.py`, `_get_logits`, and measured for each case in
    `tests/integration/test_logits.py`.
    """
    output = output_of(spec)
    return spec.training.loss.kind in LOSSES_TAKING_LOGITS and output.activation in SQUASHING and output.is_last_tensor


def loss_takes_logits_elsewhere(spec: ExternalSpec) -> bool:
    """The same of a training elsewhere: True where it runs on Keras with TensorFlow, and it is known to hold."""
    output, loss = output_elsewhere(spec), spec.loss
    if output is None or loss is None or not {"keras", "tensorflow"} <= {*spec.versions}:
        return False
    kind = loss.kind.removeprefix("sparse_")
    return kind in LOSSES_TAKING_LOGITS and output.activation in SQUASHING and output.is_last_tensor


def answer_threshold(spec: ExperimentSpec) -> float:
    """Above which output a single unit, or a label's, says yes: 0.5 for probabilities, 0 for logits and scores."""
    return 0.5 if loss_takes_logits(spec) else spec.training.loss.threshold


def _passes_on(layer: LayerSpec) -> bool:
    """True if the layer makes no output of its own: it keeps the range of what comes in, noise and zeros apart."""
    linear = isinstance(layer, ActivationLayer) and layer.activation == Linear()
    return linear or isinstance(layer, Disturbance | Pooling | GlobalPooling | Flatten | Reshape)


def _passes_on_elsewhere(layer: ExternalLayer) -> bool:
    linear = layer.class_name == "Activation" and layer.activation == "linear"
    return linear or PASSES_ON.match(layer.class_name) is not None


def _keeps_tensor(layer: LayerSpec) -> bool:
    """True if Keras hands on the very tensor that came in, as a dropout does that drops nothing."""
    return isinstance(layer, ActivationLayer) or (isinstance(layer, Disturbance) and not layer.state_size(()))
