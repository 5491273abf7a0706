"""A network without activations in its hidden layers, which is linear however deep it is."""

from gradlab.diagnosis.evidence import ExternalRun, Run, Unknown, activation_of
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.outcome import outcome, stands_still
from gradlab.diagnosis.rule import Rule

# Layers that are linear without an activation. All others count as nonlinear.
LINEAR_KINDS = (
    "dense", "conv1d", "conv2d", "activation", "flatten", "reshape", "dropout", "gaussian_noise", "average_pooling1d",
    "average_pooling2d", "global_average_pooling1d", "global_average_pooling2d",
)  # fmt: skip
LINEAR_CLASSES = ("Dense", "Conv1D", "Conv2D", "Linear", "Activation", "Flatten", "Reshape", "Dropout")
MIN_HIDDEN = 1


def detect(run: Run) -> Sighting | None:
    """Search the hidden layers for anything nonlinear."""
    hidden = _elsewhere(run) if isinstance(run, ExternalRun) else _here(run)
    if len(hidden) < MIN_HIDDEN:
        return None
    matters = stands_still(run) if isinstance(run, ExternalRun) else outcome(run).verdict == "fails"
    measures = (measure("hidden_layers", len(hidden), ">", MIN_HIDDEN - 1, "layers with weights, no activation"),)
    return Sighting(hidden, 0, measures, "warning" if matters else None)


def _here(run: Run) -> tuple[str, ...]:
    layers = run.hidden_layers
    if any(layer.spec.kind not in LINEAR_KINDS for layer in layers):
        return ()
    functions = (activation_of(layer) for layer in layers)
    if any(function is not None and function.kind != "linear" for function in functions):
        return ()
    return tuple(layer.name for layer in layers if layer.tensors)


def _elsewhere(run: ExternalRun) -> tuple[str, ...]:
    weighted = [place for place, layer in enumerate(run.external.layers) if layer.parameters]
    hidden = run.external.layers[: weighted[-1]] if weighted else ()
    if any(layer.activation is None and layer.parameters for layer in hidden):
        raise Unknown("which activations its hidden layers have is not known here")
    if any(layer.class_name not in LINEAR_CLASSES or layer.activation not in (None, "linear") for layer in hidden):
        return ()
    return tuple(layer.name for layer in hidden if layer.parameters)


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
