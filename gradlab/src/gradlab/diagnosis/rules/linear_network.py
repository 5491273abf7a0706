"""A network without activations in its hidden layers, which is linear however deep it is."""

from collections.abc import Collection

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.layers import LayerView
from gradlab.diagnosis.outcome import matters
from gradlab.diagnosis.rule import Rule
from gradlab.spec.network import leading_to

# Layers that are linear without an activation. All others count as nonlinear.
LINEAR_KINDS = (
    "dense", "conv1d", "conv2d", "activation", "flatten", "reshape", "dropout", "gaussian_noise", "average_pooling1d",
    "average_pooling2d", "global_average_pooling1d", "global_average_pooling2d", "average_pooling3d",
    "global_average_pooling3d", "conv3d", "conv1d_transpose", "conv2d_transpose", "conv3d_transpose",
    "depthwise_conv1d", "depthwise_conv2d", "separable_conv1d", "separable_conv2d", "alpha_dropout",
    "gaussian_dropout", "spatial_dropout1d", "spatial_dropout2d", "spatial_dropout3d", "identity", "permute",
    "repeat_vector", "cropping1d", "cropping2d", "cropping3d", "zero_padding1d", "zero_padding2d", "zero_padding3d",
    "up_sampling1d", "up_sampling2d", "up_sampling3d", "rescaling", "normalization",
    "add", "concatenate", "subtract", "average",
)  # fmt: skip
MIN_HIDDEN = 1


def detect(run: Run) -> Sighting | None:
    """Search the hidden layers for anything nonlinear."""
    hidden = _linear(run)
    if len(hidden) < MIN_HIDDEN:
        return None
    measures = (measure("hidden_layers", len(hidden), ">", MIN_HIDDEN - 1, "layers with weights, no activation"),)
    return Sighting(hidden, 0, measures, "warning" if matters(run) else None)


def _linear(run: Run) -> tuple[str, ...]:
    """The hidden layers with weights, if all layers before the output are linear; else ()."""
    hidden = run.hidden_layers
    if any(layer.kind not in LINEAR_KINDS for layer in hidden):
        return ()
    merged = _merged_behind(run, {layer.name for layer in hidden})
    if any(layer.kind not in (*LINEAR_KINDS, "residual") for layer in merged):
        return ()
    functions = (layer.activation for layer in (*hidden, *merged))
    if any(function is not None and function.kind != "linear" for function in functions):
        return ()
    return tuple(layer.name for layer in hidden if layer.tensors)


def _merged_behind(run: Run, hidden: Collection[str]) -> list[LayerView]:
    """The layers of several inputs behind the hidden ones, and what leads to them: a product of branches is not linear.

    The activation behind the last of them is that of the output, and bends nothing that a weight multiplies.
    """
    network = [layer.own for layer in run.view.layers if layer.own is not None]
    merges = {layer.name for layer in network if len(layer.inputs) > 1}
    before = merges | leading_to(network, merges)
    return [layer for layer in run.view.layers if layer.name in before and layer.name not in hidden]


RULE = Rule(
    name="linear_network",
    title="The network is linear",
    kind="risk",
    severity="info",
    formula="every hidden layer is linear, and at least `min_hidden` has weights; a warning where the run fails",
    thresholds={"min_hidden": MIN_HIDDEN},
    source="Minsky & Papert 1969: a linear unit cannot tell apart what no straight line separates, such as XOR",
    explanation=(
        "The network has {hidden_layers:hidden layer|hidden layers} with weights, {layers}, and there is no activation "
        "behind any. Products of matrices are one matrix: together they do what one layer does, and tell apart only "
        "what a straight line separates. Where the task is that simple they are not needed; where it is not, give them "
        "an activation: relu, or tanh."
    ),
    remedies=("activation_relu", "activation_tanh", "activation_leaky_relu"),
    causes=(),
    detect=detect,
)
