"""Modules of PyTorch for a spec, as somebody would write them there, and where its tensors are in them.

Images and signals have their channels first, sequences of recurrent layers have the batch first. A softmax or sigmoid
before a crossentropy is left to the loss, which takes logits.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from gradlab.spec import ExperimentSpec, NamedLayer

Turn = Callable[[torch.Tensor], torch.Tensor]
GATES_OF_GRU = (1, 0, 2)  # Keras has update, reset, candidate; PyTorch has reset, update, new


class Residual(nn.Module):
    """x + scale·f(x)."""

    def __init__(self, inside: nn.Module, scale: float) -> None:
        super().__init__()
        self.inside, self.scale = inside, scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.scale * self.inside(x)


class Chain(nn.Module):
    """Modules and functions one after another, as a `forward` of one's own calls them."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[str | Turn] = []

    def add(self, step: nn.Module | Turn, name: str = "") -> None:
        """Add a module by its name, or a function."""
        if isinstance(step, nn.Module):
            self.add_module(name, step)
        self.steps.append(name if isinstance(step, nn.Module) else step)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for step in self.steps:
            x = getattr(self, step)(x) if isinstance(step, str) else step(x)
        return x


def _swapped(x: torch.Tensor) -> torch.Tensor:
    return x.transpose(1, 2)


def _largest(x: torch.Tensor) -> torch.Tensor:
    return x.flatten(2).amax(dim=2)


class Sequence(nn.Module):
    """A recurrent layer: the states of all steps, or the last one of each direction."""

    def __init__(self, rnn: nn.RNNBase, *, all_steps: bool) -> None:
        super().__init__()
        self.rnn, self.all_steps = rnn, all_steps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        output, state = self.rnn(x)
        last = state[0] if isinstance(state, tuple) else state
        return output if self.all_steps else torch.cat(list(last), dim=-1)


@dataclass(frozen=True)
class Place:
    """The place of a spec's tensor in a module.

    Attributes:
        paths: of the module's tensors; several where PyTorch divides the tensor.
        turns: from Keras's order of axes to PyTorch's, one for each of `paths`.
    """

    paths: tuple[str, ...]
    turns: tuple[Turn, ...]


@dataclass(eq=False)
class Rebuilt:
    """A spec in PyTorch.

    Attributes:
        module: the model.
        loss: its loss.
        places: ``layer/parameter`` of the spec -> where it is.
        layers: layer of the spec -> the path of the module with its activations.
        channels_first: True if the samples' channels come first.
        leaves_output: True if the loss takes the output's activation: h of the last layer is another.
    """

    module: nn.Module
    loss: nn.Module
    places: dict[str, Place] = field(default_factory=dict)
    layers: dict[str, str] = field(default_factory=dict)
    channels_first: bool = False
    leaves_output: bool = False

    def load(self, values: dict[str, torch.Tensor]) -> None:
        """Set the module's tensors from those of the spec, in Keras's order of axes. Second biases become 0."""
        own = dict(self.module.named_parameters())
        with torch.no_grad():
            for path, value in own.items():
                if "bias_hh" in path:
                    value.zero_()
            for name, value in values.items():
                place = self.places[name]
                for path, turn in zip(place.paths, place.turns, strict=True):
                    own[path].copy_(turn(value))


class _Builder:
    """The modules of a spec, one after another, and the order of axes between them."""

    def __init__(self, rebuilt: Rebuilt, axes: str) -> None:
        self.rebuilt, self.axes = rebuilt, axes
        self.rows: Turn = lambda kernel: kernel  # the order of the next dense kernel's rows

    def network(self, layers: tuple[NamedLayer, ...], prefix: str, *, last: NamedLayer | None) -> Chain:
        parts = Chain()
        for layer in layers:
            name = layer.name
            self._turn(layer, parts)
            made = self._module(layer, f"{prefix}{name}")
            if made is not None:
                parts.add(made, name)
            if layer.spec.kind.startswith("global_average"):
                parts.add(nn.Flatten(), f"{name}_flat")
            function = layer.spec.function
            if function is not None and function.kind != "linear" and layer is not last:
                is_own = layer.spec.kind == "activation"
                path = name if is_own else f"{name}_{function.kind}"
                parts.add(_activation(function), path)
                if is_own:
                    self.rebuilt.layers[name] = f"{prefix}{path}"
        return parts

    def _turn(self, layer: NamedLayer, parts: Chain) -> None:
        """Add what turns the axes to what a layer takes."""
        kind = layer.spec.kind
        if kind == "conv1d" and self.axes == "sequence":
            parts.add(_swapped)
            self.axes = "channels first"
        if kind in ("simple_rnn", "gru", "lstm", "bidirectional") and self.axes == "channels first":
            parts.add(_swapped)
            self.axes = "sequence"

    def _module(self, layer: NamedLayer, path: str) -> nn.Module | Turn | None:
        spec: Any = layer.spec
        match spec.kind:
            case "dense":
                return self._dense(layer, path)
            case "conv1d" | "conv2d":
                return self._convolution(layer, path)
            case "simple_rnn" | "gru" | "lstm" | "bidirectional":
                return self._recurrent(layer, path)
            case "batch_normalization" | "layer_normalization":
                return self._normalization(layer, path)
            case "dropout":
                return nn.Dropout(spec.rate)
            case "residual":
                inside = self.network(layer.inner, f"{path}.inside.", last=None)
                return Residual(inside, spec.scale)
            case "flatten":
                return self._flatten(layer)
            case "activation" | "reshape":
                return None
        self.axes = "features" if "global" in spec.kind else self.axes
        return _pooling(spec)

    def _place(self, layer: NamedLayer, parameter: str, *paths: str, turns: tuple[Turn, ...] | None = None) -> None:
        self.rebuilt.places[f"{layer.name}/{parameter}"] = Place(paths, turns or (lambda x: x,) * len(paths))

    def _dense(self, layer: NamedLayer, path: str) -> nn.Module:
        spec: Any = layer.spec
        rows, self.rows = self.rows, lambda kernel: kernel
        self.rebuilt.layers[layer.name] = path
        self._place(layer, "kernel", f"{path}.weight", turns=(lambda x: rows(x).T,))
        if spec.use_bias:
            self._place(layer, "bias", f"{path}.bias")
        return nn.Linear(layer.input_shape[-1], spec.units, bias=spec.use_bias)

    def _convolution(self, layer: NamedLayer, path: str) -> nn.Module:
        spec: Any = layer.spec
        make: Any = nn.Conv1d if spec.kind == "conv1d" else nn.Conv2d
        self.rebuilt.layers[layer.name] = path
        self._place(layer, "kernel", f"{path}.weight", turns=(lambda x: x.movedim((-1, -2), (0, 1)),))
        if spec.use_bias:
            self._place(layer, "bias", f"{path}.bias")
        channels = layer.input_shape[-1]
        return make(channels, spec.filters, spec.kernel_size, spec.strides, padding=spec.padding, bias=spec.use_bias)

    def _normalization(self, layer: NamedLayer, path: str) -> nn.Module:
        spec: Any = layer.spec
        self.rebuilt.layers[layer.name] = path
        self._place(layer, "gamma", f"{path}.weight")
        self._place(layer, "beta", f"{path}.bias")
        units = layer.input_shape[-1]
        if spec.kind == "layer_normalization":
            return nn.LayerNorm(units, eps=spec.epsilon)
        return nn.BatchNorm1d(units, eps=spec.epsilon, momentum=1 - spec.momentum)

    def _flatten(self, layer: NamedLayer) -> nn.Module:
        if self.axes == "channels first":
            shape = layer.input_shape

            def rows(kernel: torch.Tensor) -> torch.Tensor:
                return kernel.reshape(*shape, -1).movedim(len(shape) - 1, 0).flatten(0, -2)

            self.rows = rows
        self.axes = "features"
        return nn.Flatten()

    def _recurrent(self, layer: NamedLayer, path: str) -> nn.Module:
        both = layer.spec.kind == "bidirectional"
        spec: Any = layer.spec.layer if both else layer.spec  # type: ignore[attr-defined]
        options: dict[str, Any] = {"batch_first": True, "bidirectional": both}
        if spec.kind == "simple_rnn":
            options["nonlinearity"] = spec.activation.kind
        make: Any = {"simple_rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[spec.kind]
        self.rebuilt.layers[layer.name] = f"{path}.rnn"
        gates = _gates_of_gru if spec.kind == "gru" else lambda x: x
        for way, ending in (("forward_", ""), ("backward_", "_reverse")) if both else (("", ""),):
            own = f"{path}.rnn."
            for parameter, name in (("kernel", "weight_ih_l0"), ("recurrent_kernel", "weight_hh_l0")):
                self._place(layer, f"{way}{parameter}", f"{own}{name}{ending}", turns=(lambda x: gates(x).T,))
            biases = (f"{own}bias_ih_l0{ending}", f"{own}bias_hh_l0{ending}")
            if spec.kind == "gru":
                halves: tuple[Turn, ...] = (lambda x: gates(x)[0], lambda x: gates(x)[1])
                self._place(layer, f"{way}bias", *biases, turns=halves)
            else:
                self._place(layer, f"{way}bias", biases[0])
        self.axes = "sequence" if spec.return_sequences else "features"
        return Sequence(make(layer.input_shape[-1], spec.units, **options), all_steps=spec.return_sequences)


def _gates_of_gru(x: torch.Tensor) -> torch.Tensor:
    parts = x.chunk(3, dim=-1)
    return torch.cat([parts[place] for place in GATES_OF_GRU], dim=-1)


def _pooling(spec: Any) -> nn.Module | Turn:
    made: dict[str, Any] = {
        "global_average_pooling1d": lambda *_: nn.AdaptiveAvgPool1d(1),
        "global_average_pooling2d": lambda *_: nn.AdaptiveAvgPool2d(1),
        "max_pooling1d": nn.MaxPool1d,
        "max_pooling2d": nn.MaxPool2d,
        "average_pooling1d": nn.AvgPool1d,
        "average_pooling2d": nn.AvgPool2d,
    }
    if "global" in spec.kind:
        return made[spec.kind]() if spec.kind in made else _largest
    return made[spec.kind](spec.pool_size, spec.strides)


def _activation(function: Any) -> nn.Module:
    match function.kind:
        case "elu":
            return nn.ELU(function.alpha)
        case "leaky_relu":
            # TensorFlow's operation takes the slope as float32, in networks of float64, too.
            return nn.LeakyReLU(float(np.float32(function.negative_slope)))
        case "gelu":
            return nn.GELU("tanh" if function.approximate else "none")
        case "softmax":
            return nn.Softmax(dim=-1)
    made: dict[str, Any] = {
        "relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "selu": nn.SELU, "silu": nn.SiLU,
        "softsign": nn.Softsign,
    }  # fmt: skip
    return made[function.kind]()


def rebuilt(spec: ExperimentSpec) -> Rebuilt:
    """Return a spec as a module of PyTorch, with PyTorch's own initial weights."""
    layers, loss = spec.network, spec.only_output.loss.kind
    output = layers[-1].spec.function
    function = output.kind if output is not None else "linear"
    is_left = (loss, function) in (("binary_crossentropy", "sigmoid"), ("categorical_crossentropy", "softmax"))
    losses: dict[str, Any] = {
        "binary_crossentropy": nn.BCEWithLogitsLoss if is_left else nn.BCELoss,
        "categorical_crossentropy": nn.CrossEntropyLoss,
        "mean_squared_error": nn.MSELoss,
    }
    has_images = len(spec.dataset.feature_shape) == 3
    made = Rebuilt(nn.Identity(), losses[loss](), channels_first=has_images, leaves_output=is_left)
    axes = "channels first" if has_images else "sequence" if len(spec.dataset.feature_shape) == 2 else "features"
    made.module = _Builder(made, axes).network(layers, "", last=layers[-1] if is_left else None)
    return made
