"""Probe: a forward and a backward pass of the probe batch, which observe every layer and change nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from gradlab.torch.flows import LayerFlow, ProbedLayer, flow_of, measure_flows
from gradlab.torch.isolation import isolated
from gradlab.torch.trace import Trace, TracedLayer
from gradlab.watch.untapped import NOT_ONE_TENSOR


@dataclass(frozen=True, eq=False)
class Probed:
    """Results of a probe.

    Attributes:
        layers: all layers of the pass, in its order.
        flows: the arrays of those whose pre-activations were read.
        output: what the model returned.
        lost: name -> why the layer's activations and signals are not measured.
        masked: module -> the share of entries that its masks remove.
    """

    layers: tuple[TracedLayer, ...]
    flows: Sequence[LayerFlow]
    output: Any
    lost: Mapping[str, str]
    masked: Mapping[str, torch.Tensor]

    @property
    def measured(self) -> dict[str, ProbedLayer]:
        """The measurements of each layer, by its name."""
        measured: dict[str, ProbedLayer] = {}
        for group in measure_flows(self.flows):
            for row, place in enumerate(group.places):
                steps = None if group.time_signals is None else group.time_signals[row]
                measured[self.flows[place].name] = ProbedLayer(group.activations[row], group.signals[row], steps)
        return measured


def probe(
    model: nn.Module,
    owners: Sequence[str],
    modes: Mapping[str, bool],
    run: Callable[[], tuple[Any, torch.Tensor | None]],
) -> Probed:
    """Run a batch through a model, and read each layer.

    Args:
        model: the unwrapped model.
        owners: the names of the layers that own trainable tensors.
        modes: path -> True if the module was in training mode in the last training batch.
        run: calls the model, and returns its output and the sum of the samples' losses; None for an unknown loss.
    """
    with isolated(model, modes):
        return read_layers(model, owners, run)


def read_layers(model: nn.Module, owners: Sequence[str], run: Callable[[], tuple[Any, torch.Tensor | None]]) -> Probed:
    """Run a batch through a model that may be changed, as `probe` does with one that may not."""
    with Trace(model, owners) as trace:
        output, loss = run()
    traced = [layer for layer in trace.layers if layer.z is not None]
    deltas = _deltas(loss, traced)
    flows, lost = [], {layer.name: NOT_ONE_TENSOR for layer in trace.layers if _is_untapped(layer, owners)}
    for layer, delta in zip(traced, deltas, strict=True):
        try:
            flows.append(flow_of(layer, delta))
        except Exception as error:
            lost[layer.name] = f"{type(error).__name__}: {error}"
    return Probed(tuple(trace.layers), flows, output, lost, trace.masked)


def _is_untapped(layer: TracedLayer, owners: Sequence[str]) -> bool:
    """True for a layer with tensors of its own, and no others inside, that returns something else than a tensor."""
    return layer.output_shape is None and not layer.has_children and layer.name in owners


def _deltas(loss: torch.Tensor | None, layers: Sequence[TracedLayer]) -> Sequence[torch.Tensor | None]:
    if loss is None or not loss.requires_grad or not layers:
        return [None] * len(layers)
    inputs = [layer.z if layer.opened is None else layer.opened.nudge for layer in layers]
    return torch.autograd.grad(loss, inputs, allow_unused=True)
