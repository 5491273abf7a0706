"""Choice of the cases that are rebuilt in PyTorch, and what PyTorch does not have of the others."""

from collections.abc import Sequence
from hashlib import sha256

from bench.clinic.case import Case
from gradlab.spec import ExperimentSpec, NamedLayer

KINDS = (
    "dense", "activation", "conv1d", "conv2d", "batch_normalization", "layer_normalization", "dropout",
    "residual", "flatten", "reshape", "max_pooling1d", "max_pooling2d", "average_pooling1d",
    "average_pooling2d", "global_max_pooling1d", "global_max_pooling2d", "global_average_pooling1d",
    "global_average_pooling2d", "simple_rnn", "gru", "lstm", "bidirectional",
)  # fmt: skip
ACTIVATIONS = (
    "linear", "relu", "tanh", "sigmoid", "elu", "selu", "silu", "gelu", "softsign", "leaky_relu", "softmax",
)  # fmt: skip
# Activations of `torch.nn.RNN`; a layer with gates has tanh alone.
OF_RNN = ("tanh", "relu")


def unlike(spec: ExperimentSpec) -> str | None:
    """Return what PyTorch does not have of a spec, in one sentence; None if the spec can be rebuilt."""
    reasons = [reason for layer in spec.layers if (reason := _unlike_layer(layer)) is not None]
    return reasons[0] if reasons else _unlike_loss(spec)


def _unlike_layer(layer: NamedLayer) -> str | None:
    kind = layer.spec.kind
    if kind == "multi_head_attention":
        return "PyTorch's attention holds query, key and value in one tensor, whose statistics are others"
    if kind not in KINDS:
        return f"PyTorch has no layer of its own for {kind}"
    if kind == "reshape" and layer.input_shape != layer.output_shape:
        return "a reshape depends on the order of axes, which is another in PyTorch"
    inside = getattr(layer.spec, "layer", layer.spec)
    function = getattr(inside, "activation", None)
    name = getattr(function, "kind", "linear")
    if inside.kind in ("simple_rnn", "gru", "lstm"):
        allowed = OF_RNN if inside.kind == "simple_rnn" else OF_RNN[:1]
        return None if name in allowed else f"PyTorch's {inside.kind} has no {name}"
    return None if name in ACTIVATIONS else f"PyTorch has no activation {name}"


def _unlike_loss(spec: ExperimentSpec) -> str | None:
    function = spec.layers[-1].spec.function
    loss, output = spec.only_output.loss.kind, function.kind if function is not None else "linear"
    if loss == "binary_crossentropy" and output not in ("sigmoid", "softmax"):
        return "PyTorch's BCELoss refuses outputs that are no probabilities"
    if loss == "categorical_crossentropy" and output != "softmax":
        return "PyTorch's CrossEntropyLoss takes logits, for which this output is right"
    if loss not in ("binary_crossentropy", "categorical_crossentropy", "mean_squared_error"):
        return f"PyTorch's losses have no {loss}"
    return "its targets have time steps" if spec.dataset.target.steps else None


def computes_otherwise(spec: ExperimentSpec) -> str | None:
    """Return where Keras and PyTorch compute another loss of the same outputs; None if they do not."""
    function = spec.layers[-1].spec.function
    if spec.only_output.loss.kind == "binary_crossentropy" and function is not None and function.kind == "softmax":
        return (
            "Keras leaves out a softmax before a crossentropy; PyTorch computes it, and of one unit its gradient is 0"
        )
    return None


def chosen(cases: Sequence[Case], count: int) -> list[Case]:
    """Return the cases that are rebuilt: of each illness the one whose hash is smallest, then the smallest of all."""
    possible = sorted((case for case in cases if unlike(case.spec) is None), key=_rank)
    firsts = {case.illness: case for case in reversed(possible)}
    rest = [case for case in possible if case not in firsts.values()]
    return sorted([*firsts.values(), *rest][:count], key=_rank)


def left_out(cases: Sequence[Case]) -> dict[str, list[str]]:
    """Return the names of the cases that cannot be rebuilt, by the reason."""
    reasons: dict[str, list[str]] = {}
    for case in cases:
        if (reason := unlike(case.spec)) is not None:
            reasons.setdefault(reason, []).append(case.name)
    return reasons


def _rank(case: Case) -> str:
    return sha256(case.name.encode()).hexdigest()
