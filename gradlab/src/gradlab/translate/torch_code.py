"""Layers, initialisers, losses and optimisers as PyTorch code."""

import math
from collections.abc import Mapping

from gradlab.spec.external_layer import ExternalLayer
from gradlab.vocabulary.activations import ActivationFunction
from gradlab.vocabulary.initializers import (
    Constant,
    Identity,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    WeightInitializer,
    Zeros,
)
from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.convolution import Conv1D, Conv2D
from gradlab.vocabulary.layers.dense import ActivationLayer, Dense
from gradlab.vocabulary.layers.normalization import BatchNormalization, LayerNormalization
from gradlab.vocabulary.layers.recurrent import GRU, LSTM, Bidirectional, Recurrent, SimpleRNN
from gradlab.vocabulary.layers.regularization import Dropout
from gradlab.vocabulary.losses import LossFunction
from gradlab.vocabulary.optimizers import Adam, AdamW, GradientOptimizer, RMSprop, Sgd

# Functions of torch.nn.init for initialisers without parameters. He's rules assume relu, LeCun's a gain of 1.
INITIALIZERS = {
    "glorot_uniform": "xavier_uniform_({})",
    "glorot_normal": "xavier_normal_({})",
    "he_uniform": 'kaiming_uniform_({}, nonlinearity="relu")',
    "he_normal": 'kaiming_normal_({}, nonlinearity="relu")',
    "lecun_uniform": 'kaiming_uniform_({}, nonlinearity="linear")',
    "lecun_normal": 'kaiming_normal_({}, nonlinearity="linear")',
}
ACTIVATIONS = {
    "linear": "nn.Identity",
    "relu": "nn.ReLU",
    "leaky_relu": "nn.LeakyReLU",
    "relu6": "nn.ReLU6",
    "elu": "nn.ELU",
    "selu": "nn.SELU",
    "celu": "nn.CELU",
    "gelu": "nn.GELU",
    "silu": "nn.SiLU",
    "mish": "nn.Mish",
    "tanh": "nn.Tanh",
    "sigmoid": "nn.Sigmoid",
    "softplus": "nn.Softplus",
    "softsign": "nn.Softsign",
}
LOSSES = {
    "mean_squared_error": "nn.MSELoss()",
    "mean_absolute_error": "nn.L1Loss()",
    "huber": "nn.HuberLoss()",
    "poisson": "nn.PoissonNLLLoss(log_input=False)",
}
CELLS: Mapping[type[Recurrent], str] = {SimpleRNN: "nn.RNN", GRU: "nn.GRU", LSTM: "nn.LSTM"}
MAX_LINES = 8  # of one statement for several tensors; for more it is a loop


def module_path(name: str) -> str:
    """Return the expression for a module of `model` by its path: ``model.fc1``."""
    if all(part.isidentifier() for part in name.split(".")):
        return f"model.{name}"
    return f'model.get_submodule("{name}")'


def initializer_code(initializer: WeightInitializer, tensor: str = "{}") -> str | None:
    """Return the statement that draws a tensor anew; None if PyTorch has no such initialiser."""
    if template := INITIALIZERS.get(initializer.kind):
        return f"nn.init.{template.format(tensor)}"
    match initializer:
        case Zeros():
            return f"nn.init.zeros_({tensor})"
        case Ones():
            return f"nn.init.ones_({tensor})"
        case Constant():
            return f"nn.init.constant_({tensor}, {initializer.value!r})"
        case Identity():
            return f"nn.init.eye_({tensor})"
        case Orthogonal():
            return f"nn.init.orthogonal_({tensor}, gain={initializer.gain!r})"
        case RandomUniform():
            return f"nn.init.uniform_({tensor}, {initializer.minval!r}, {initializer.maxval!r})"
        case RandomNormal():
            return f"nn.init.normal_({tensor}, {initializer.mean!r}, {initializer.stddev!r})"
        case TruncatedNormal():
            return f"nn.init.trunc_normal_({tensor}, {initializer.mean!r}, {initializer.stddev!r})"
    return None


def activation_code(function: ActivationFunction) -> str | None:
    """Return the call that makes a module of an activation; None if PyTorch has no such module."""
    name = ACTIVATIONS.get(function.kind)
    slope = getattr(function, "negative_slope", None)
    if function.kind == "relu" and function.model_dump(exclude={"kind"}, exclude_defaults=True):
        return None
    return name and f"{name}({f'negative_slope={slope!r}' if function.kind == 'leaky_relu' else ''})"


def layer_code(layer: LayerSpec, inputs: int | None, channels: int | None) -> str | None:
    """Return the call that makes a module, without its activation; None if it cannot be written.

    Args:
        layer: the layer.
        inputs: number of its input features or channels; None if it is unknown, or may change too.
        channels: number of the features or channels that it normalises; None if it is unknown.
    """
    if isinstance(layer, Bidirectional):
        inner = layer_code(layer.layer, inputs, channels)
        return inner and inner[:-1] + ", bidirectional=True)"
    match layer:
        case Dense():
            bias = "" if layer.use_bias else ", bias=False"
            return f"nn.Linear({inputs}, {layer.units}{bias})" if inputs else f"nn.LazyLinear({layer.units}{bias})"
        case Conv1D() | Conv2D():
            kind = type(layer).__name__.replace("D", "d")
            padding = "" if layer.padding == "causal" else f', padding="{layer.padding}"'
            arguments = f"{layer.filters}, {layer.kernel_size}, stride={layer.strides}{padding}"
            return f"nn.{kind}({inputs}, {arguments})" if inputs else f"nn.Lazy{kind}({arguments})"
        case Recurrent() if inputs:
            return f"{CELLS[type(layer)]}({inputs}, {layer.units}, batch_first=True)"
        case ActivationLayer():
            return activation_code(layer.activation)
        case Dropout():
            return f"nn.Dropout({layer.rate!r})"
        case LayerNormalization() if channels:
            return f"nn.LayerNorm({channels}, eps={layer.epsilon!r})"
        case BatchNormalization() if channels:
            return f"nn.BatchNorm1d({channels})"
    return None


def batch_norm_code(channels: int, rank: int) -> str:
    """Return the call that makes a batch normalisation for outputs of `rank` axes without the batch's."""
    return f"nn.BatchNorm{2 if rank == 3 else 1}d({channels})"


def loss_code(loss: LossFunction) -> tuple[str, bool] | None:
    """Return the call that makes a loss, and True if it takes logits; None if PyTorch has no such loss."""
    if loss.kind == "binary_crossentropy":
        return "nn.BCEWithLogitsLoss()", True
    if loss.kind == "categorical_crossentropy":
        return "nn.CrossEntropyLoss()", True
    return (LOSSES[loss.kind], False) if loss.kind in LOSSES else None


def optimizer_code(optimizer: GradientOptimizer) -> str | None:
    """Return the call that makes an optimiser; None with a schedule, or if PyTorch has no such optimiser."""
    rate = optimizer.initial_learning_rate
    if rate is None:
        return None
    arguments = _arguments(optimizer)
    if arguments is None:
        return None
    decay = f", weight_decay={optimizer.weight_decay!r}" if optimizer.weight_decay else ""
    return f"torch.optim.{optimizer.keras_name}(model.parameters(), lr={rate!r}{arguments}{decay})"


def _arguments(optimizer: GradientOptimizer) -> str | None:
    match optimizer:
        case Sgd():
            momentum = f", momentum={optimizer.momentum!r}" if optimizer.momentum else ""
            return momentum + (", nesterov=True" if optimizer.nesterov else "")
        case AdamW() | Adam():
            betas = (optimizer.beta_1, optimizer.beta_2)
            return f", betas={betas!r}" if betas != (0.9, 0.999) else ""
        case RMSprop():
            return f", alpha={optimizer.rho!r}" + (f", momentum={optimizer.momentum!r}" if optimizer.momentum else "")
    return None


def clipping_code(optimizer: GradientOptimizer) -> str | None:
    """Return the statement that clips the gradients of a step; None without clipping."""
    if optimizer.global_clipnorm is not None:
        return f"torch.nn.utils.clip_grad_norm_(model.parameters(), {optimizer.global_clipnorm!r})"
    if optimizer.clipvalue is not None:
        return f"torch.nn.utils.clip_grad_value_(model.parameters(), {optimizer.clipvalue!r})"
    if optimizer.clipnorm is not None:
        return f"for p in model.parameters():\n    torch.nn.utils.clip_grad_norm_([p], {optimizer.clipnorm!r})"
    return None


def tensors_of(layer: ExternalLayer, role: str) -> list[str]:
    """Return the expressions of a layer's tensors that have a role: ``kernel``, ``recurrent_kernel`` or ``bias``."""
    return [f"{module_path(layer.name)}.{tensor.parameter}" for tensor in layer.tensors if tensor.role == role]


def for_each(statement: str, tensors: list[str]) -> str:
    """Return a statement with ``{}`` for each tensor: line by line, or as a loop if there are many."""
    if len(tensors) <= MAX_LINES:
        return "\n".join(statement.replace("{}", tensor) for tensor in tensors)
    listed = "".join(f"    {tensor},\n" for tensor in tensors)
    return f"for tensor in (\n{listed}):\n    {statement.replace('{}', 'tensor')}"


def inputs_of(layer: ExternalLayer) -> int | None:
    """Return the number of input features or channels of a layer, from its kernel; None if it is unknown."""
    kernel = next((tensor for tensor in layer.tensors if tensor.role == "kernel"), None)
    if kernel is not None and len(kernel.shape) > 1:
        return int(kernel.shape[-2])  # in Keras's order of axes: (..., inputs, outputs)
    axes = layer.input_axes
    return axes[-1] if axes and math.prod(axes) else None
