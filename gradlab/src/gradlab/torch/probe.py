"""Probe: a forward and a backward pass of the probe batch, which observe every layer and change nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from gradlab.measurement.statistics import SIGNAL_STATISTICS, Flow
from gradlab.torch import measure
from gradlab.torch.isolation import isolated
from gradlab.torch.namespace import Namespace
from gradlab.torch.trace import Trace, TracedLayer

RMS = SIGNAL_STATISTICS[0]


@dataclass(frozen=True, eq=False)
class ProbedLayer:
    """Measurements of one layer, on the device.

    Attributes:
        activations: (statistics,).
        signals: (statistics,); NaN if the loss does not depend on the layer.
        time_signals: (steps,) the rms of each time step's signal; None for a layer without recurrence.
    """

    activations: torch.Tensor
    signals: torch.Tensor
    time_signals: torch.Tensor | None


@dataclass(frozen=True, eq=False)
class Probed:
    """Results of a probe.

    Attributes:
        layers: all layers of the pass, in its order.
        measured: by name, those whose activations are measured.
        output: what the model returned.
        lost: name -> why the layer's values could not be measured.
        masked: module -> the share of entries that its masks remove.
    """

    layers: tuple[TracedLayer, ...]
    measured: Mapping[str, ProbedLayer]
    output: Any
    lost: Mapping[str, str]
    masked: Mapping[str, torch.Tensor]


def probe(
    model: nn.Module,
    owners: Sequence[str],
    modes: Mapping[str, bool],
    run: Callable[[], tuple[Any, torch.Tensor | None]],
) -> Probed:
    """Run a batch through a model, and measure each layer.

    Args:
        model: the unwrapped model.
        owners: the names of the layers that own trainable tensors.
        modes: path -> True if the module was in training mode in the last training batch.
        run: calls the model, and returns its output and the sum of the samples' losses; None for an unknown loss.
    """
    with isolated(model, modes):
        with Trace(model, owners) as trace:
            output, loss = run()
        traced = [layer for layer in trace.layers if layer.z is not None]
        deltas = _deltas(loss, traced)
        measured, lost = {}, {}
        for layer, delta in zip(traced, deltas, strict=True):
            try:
                measured[layer.name] = _measured(layer, delta)
            except Exception as error:
                lost[layer.name] = f"{type(error).__name__}: {error}"
        return Probed(tuple(trace.layers), measured, output, lost, trace.masked)


def _deltas(loss: torch.Tensor | None, layers: Sequence[TracedLayer]) -> Sequence[torch.Tensor | None]:
    if loss is None or not loss.requires_grad or not layers:
        return [None] * len(layers)
    inputs = [layer.z if layer.opened is None else layer.opened.nudge for layer in layers]
    return torch.autograd.grad(loss, inputs, allow_unused=True)


def _measured(layer: TracedLayer, delta: torch.Tensor | None) -> ProbedLayer:
    assert layer.z is not None
    assert layer.h is not None
    z, h = _by_unit(layer.z.detach(), layer), _by_unit(layer.h, layer)
    if layer.opened is not None:
        slope, steepest = _by_unit(layer.opened.slope, layer), layer.opened.steepest
    else:
        slope, steepest = _slope(layer)
    activations = measure.activations(Flow(z, h, slope, steepest))
    if delta is None:
        signals = torch.full((len(SIGNAL_STATISTICS),), float("nan"), dtype=z.dtype, device=z.device)
    else:
        signals = measure.signals(_by_unit(delta, layer))
    steps = None
    if layer.opened is not None and delta is not None:
        by_step = _precise(delta).transpose(0, 1)  # (time, batch, units)
        steps = RMS.compute(by_step, Namespace(by_step))
    return ProbedLayer(activations, signals, steps)


def _slope(layer: TracedLayer) -> tuple[torch.Tensor, float | None]:
    """Derivative of the activation at each pre-activation, and its largest value; NaN if it mixes units."""
    assert layer.z is not None
    z = layer.z.detach()
    if layer.differentiate is None:
        return torch.ones_like(_by_unit(z, layer)), 1.0
    if layer.activation is not None and not layer.activation.per_unit:
        return torch.full_like(_by_unit(z, layer), float("nan")), None
    inputs = z.clone().requires_grad_()
    (slope,) = torch.autograd.grad(layer.differentiate(inputs).sum(), inputs)
    return _by_unit(slope, layer), None if layer.activation is None else layer.activation.steepest


def _by_unit(x: torch.Tensor, layer: TracedLayer) -> torch.Tensor:
    """(batch, *positions, units) or (batch, units, *positions) -> (samples, units), at least float32."""
    if layer.channels_first and x.dim() > 2:
        x = x.movedim(1, -1)
    return _precise(x).reshape(-1, x.shape[-1] if x.dim() > 1 else 1)


def _precise(x: torch.Tensor) -> torch.Tensor:
    return x if x.dtype in (torch.float32, torch.float64) else x.float()
