"""Trace: the layers of a model in the order of a forward pass, with their pre-activations and activations.

Layers are the modules that own trainable tensors, and modules without others inside. An activation that takes a dense
or convolutional layer's output directly belongs to that layer, be it a module or a function; any other activation is
a layer of its own.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from gradlab.torch.activation_functions import OVER_UNITS, activation_of, function_name
from gradlab.torch.masks import may_mask, share_of_function, share_of_module
from gradlab.torch.naming import CONVOLUTIONS, is_channels_first, layer_name
from gradlab.torch.recurrent import Opened, can_be_opened, open_recurrence
from gradlab.vocabulary.activations import ActivationFunction

SEQUENCES = (list, tuple)
# Layers whose output's activation is their own, as in the vocabulary.
WITH_ACTIVATION = (nn.Linear, nn.Bilinear, CONVOLUTIONS)


@dataclass(eq=False)
class TracedLayer:
    """One layer of a forward pass.

    Attributes:
        name: its path; for an activation function, the path of the module that calls it and the function's name.
        module: the module; None for an activation function.
        inbound: the names of the layers whose outputs it takes.
        input_shape: the shape of its first input with the batch axis.
        output_shape: the shape of its output with the batch axis; None for several outputs.
        z: its pre-activations, a part of the graph; None if they cannot be measured.
        h: its activations.
        function: its activation's name in PyTorch; None without one.
        activation: the same in the vocabulary; None if that does not have it.
        differentiate: returns the activation at given pre-activations.
        channels_first: True if its channels are at axis 1.
        opened: the values inside a recurrent layer.
    """

    name: str
    module: nn.Module | None
    inbound: tuple[str, ...] = ()
    input_shape: tuple[int, ...] | None = None
    output_shape: tuple[int, ...] | None = None
    z: torch.Tensor | None = None
    h: torch.Tensor | None = None
    function: str | None = None
    activation: ActivationFunction | None = None
    differentiate: Callable[[torch.Tensor], torch.Tensor] | None = None
    channels_first: bool = False
    opened: Opened | None = None

    @property
    def has_children(self) -> bool:
        """True for a module with others inside."""
        return self.module is not None and bool(self.module._modules)


@dataclass(eq=False)
class _Source:
    """The layers that a tensor comes from, and the layer whose output it is, before any activation."""

    names: frozenset[str]
    raw: TracedLayer | None = None
    channels_first: bool = False


@dataclass(eq=False)
class _Call:
    """A module that runs: its path, its layer if it is one."""

    path: str
    module: nn.Module | None = None
    layer: TracedLayer | None = None


class Trace(TorchFunctionMode):
    """Observes the forward passes of a model while it is entered.

    Args:
        model: the unwrapped model.
        owners: the names of the layers that own trainable tensors.

    Attributes:
        layers: the layers so far, in the order in which they began to run.
        masked: module -> the share of entries that its masks remove, of several the largest.
    """

    def __init__(self, model: nn.Module, owners: Iterable[str]) -> None:
        super().__init__()
        self._model, self._owners = model, frozenset(owners)
        self.layers: list[TracedLayer] = []
        self.masked: dict[str, torch.Tensor] = {}
        # By the tensors' ids, with the tensors: as long as they live, no other one gets their ids.
        self._sources: dict[int, tuple[torch.Tensor, _Source]] = {}
        self._calls: list[_Call] = []
        self._seen: set[str] = set()
        self._handles: list[Any] = []

    def __enter__(self) -> "Trace":
        for path, module in self._model.named_modules(remove_duplicate=True):
            # An instance of a class that is scripted takes no hooks.
            self._handles.append(module.register_forward_pre_hook(self._before(path), with_kwargs=True, prepend=False))
            self._handles.append(module.register_forward_hook(self._after, with_kwargs=True))
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._sources = {}
        for handle in self._handles:
            handle.remove()

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, arguments: tuple[Any, ...] = (), named: Any = None
    ) -> Any:
        named = named or {}
        if may_mask(function):
            self._note_mask(self._calls[-1].path if self._calls else "", share_of_function(function, arguments, named))
        sources = self._sources_of(arguments, named)
        name = function_name(function)
        if (
            name is not None
            and arguments
            and isinstance(arguments[0], torch.Tensor)
            and arguments[0].is_floating_point()
        ):
            output = self._activated(name, function, arguments, named)
            if output is not None:
                return output
        output = function(*arguments, **named)
        if sources:
            names = frozenset().union(*(each.names for each in sources))
            channels_first = all(each.channels_first for each in sources)
            for each in _tensors(output):
                self._mark(each, _Source(names, None, channels_first and each.dim() > 2))
        return output

    def _mark(self, tensor: torch.Tensor, source: _Source) -> None:
        self._sources[id(tensor)] = tensor, source

    def _source_of(self, tensor: Any) -> _Source | None:
        marked = self._sources.get(id(tensor))
        return None if marked is None else marked[1]

    def _sources_of(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> list[_Source]:
        """Return the sources of the tensors among the arguments, first to last."""
        if not self._sources:
            return []
        marked = [self._sources.get(id(each)) for each in _tensors((arguments, named))]
        return [each[1] for each in marked if each is not None]

    def _note_mask(self, path: str, share: torch.Tensor | None) -> None:
        if share is not None:
            name = layer_name(self._model, path)
            self.masked[name] = share if name not in self.masked else torch.maximum(share, self.masked[name])

    def _activated(self, name: str, function: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Call an activation function; None if it is no layer's activation."""
        z, *others = arguments
        source = self._source_of(z)
        layer = source.raw if source is not None else None
        if layer is not None:
            self._drop_module_of(layer)
        else:
            layer = self._own_layer(name, z, source)
            if layer is None:
                return None
            layer.z = z if z.requires_grad else z.detach().requires_grad_()
            z = layer.z.clone()  # an activation in place would change the pre-activations
        output = function(z, *others, **named)
        layer.output_shape = tuple(output.shape)
        layer.function, layer.activation = name, activation_of(name, others, named)
        layer.h = output.detach().clone()  # whoever takes it may change it in place
        layer.differentiate = lambda inputs: function(inputs.clone(), *others, **named)
        self._mark(output, _Source(frozenset({layer.name}), None, layer.channels_first))
        return output

    def _drop_module_of(self, layer: TracedLayer) -> None:
        """Forget the module that is only another layer's activation."""
        call = self._calls[-1] if self._calls else None
        other = None if call is None else call.layer
        if call is None or other is None or other is layer or other.has_children or other.name in self._owners:
            return
        self.layers.remove(other)
        call.layer = None

    def _own_layer(self, name: str, z: torch.Tensor, source: _Source | None) -> TracedLayer | None:
        call = self._calls[-1] if self._calls else _Call("")
        if name in OVER_UNITS and not isinstance(call.module, nn.Softmax | nn.LogSoftmax):
            return None
        channels_first = source.channels_first if source is not None else z.dim() > 3
        if call.layer is not None and not call.layer.has_children:
            call.layer.channels_first = channels_first
            return call.layer if call.layer.z is None else None
        path = f"{call.path}.{name}()" if call.path else f"{name}()"
        if path in self._seen:
            return None  # a further call, as in a loop over time steps
        self._seen.add(path)
        inbound = tuple(self._in_order(source.names)) if source is not None else ()
        layer = TracedLayer(path, None, inbound, tuple(z.shape), channels_first=channels_first)
        self.layers.append(layer)
        return layer

    def _before(self, path: str) -> Callable[..., None]:
        name = layer_name(self._model, path)

        def before(module: nn.Module, arguments: Any, named: Any) -> None:
            call = _Call(path, module)
            self._calls.append(call)
            with torch._C.DisableTorchFunction():
                self._note_mask(path, share_of_module(module, arguments, named))
            is_layer = name in self._owners or not module._modules
            if not is_layer or name in self._seen or isinstance(module, nn.Identity | nn.modules.loss._Loss):
                return
            self._seen.add(name)
            with torch._C.DisableTorchFunction():
                first = next(iter(_tensors((arguments, named))), None)
                names = {each for source in self._sources_of(arguments, named) for each in source.names}
                shape = None if first is None else tuple(first.shape)
            call.layer = TracedLayer(name, module, tuple(self._in_order(names)), shape)
            self.layers.append(call.layer)

        return before

    def _after(self, module: nn.Module, arguments: Any, named: Any, output: Any) -> Any:
        layer = self._calls.pop().layer
        if layer is None:
            return None
        with torch._C.DisableTorchFunction():
            return self._outputs(layer, module, arguments, output)

    def _outputs(self, layer: TracedLayer, module: nn.Module, arguments: Any, output: Any) -> Any:
        """Return what the module's caller gets in place of its output; None for the output itself."""
        if can_be_opened(module, arguments):
            layer.opened = open_recurrence(module, *arguments[:2])
            layer.z, layer.h = layer.opened.z, layer.opened.h.detach()
            layer.output_shape = tuple(layer.h.shape)
            return self._from(layer, layer.opened.output)
        if layer.h is not None or (layer.has_children and not isinstance(module, nn.MultiheadAttention)):
            return None  # an activation, or a container with tensors of its own
        if isinstance(output, tuple) and output and isinstance(output[0], torch.Tensor):
            return (self._measured(layer, output[0]), *self._from(layer, output[1:]))
        if isinstance(output, torch.Tensor) and output.is_floating_point():
            return self._measured(layer, output)
        return self._from(layer, output)

    def _measured(self, layer: TracedLayer, output: torch.Tensor) -> torch.Tensor:
        before, layer.output_shape = self._source_of(output), tuple(output.shape)
        inherits = before is not None and before.channels_first
        layer.channels_first = output.dim() > 2 and (inherits or is_channels_first(layer.module))
        raw = None
        if layer.name in self._owners:
            layer.z = output if output.requires_grad else output.detach().requires_grad_()
            layer.h = layer.z.detach()
            output = layer.z.clone()  # an activation in place would change the pre-activations
            raw = layer if isinstance(layer.module, WITH_ACTIVATION) else None
        self._mark(output, _Source(frozenset({layer.name}), raw, layer.channels_first))
        return output

    def _from(self, layer: TracedLayer, output: Any) -> Any:
        for each in _tensors(output):
            self._mark(each, _Source(frozenset({layer.name})))
        return output

    def _in_order(self, names: Iterable[str]) -> list[str]:
        chosen = set(names)
        return [each.name for each in self.layers if each.name in chosen]


def _tensors(value: Any) -> list[torch.Tensor]:
    """Return the tensors inside arguments or outputs, first to last."""
    tensors: list[torch.Tensor] = []
    _collect((value,), tensors)
    return tensors


def _collect(values: Iterable[Any], tensors: list[torch.Tensor]) -> None:
    for each in values:
        if isinstance(each, torch.Tensor):
            tensors.append(each)
        elif isinstance(each, SEQUENCES):
            _collect(each, tensors)
        elif isinstance(each, dict):
            _collect(each.values(), tensors)
