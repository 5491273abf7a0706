"""Flows: what a probe reads in each layer, measured for many layers and records at once."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from gradlab.measurement.statistics import SIGNAL_STATISTICS, Flow
from gradlab.torch import measure
from gradlab.torch.namespace import Namespace
from gradlab.torch.trace import TracedLayer

RMS = SIGNAL_STATISTICS[0]
# Entries of pre-activations above which layers are measured singly: their copies would cost more than they save.
MAX_TOGETHER = 100_000


@dataclass(frozen=True, eq=False)
class LayerFlow:
    """Arrays of one layer on the probe batch, on the device: (samples, units) each.

    Attributes:
        name: the layer's name.
        z, h: pre-activations and activations.
        slope: the activation's derivative at z; None to compute it from `differentiate`, or where it is 1 everywhere.
        steepest: the largest slope, one number or (units,); None where it is unknown.
        differentiate: returns the activation at given pre-activations, entry by entry; None without an activation.
        delta: the signal; None if the loss does not depend on the layer.
        steps: (time, batch, units) the signal of each time step; None for a layer without recurrence.
        likeness: layers with equal ones are measured together.
    """

    name: str
    z: torch.Tensor
    h: torch.Tensor
    slope: torch.Tensor | None
    steepest: torch.Tensor | float | None
    differentiate: Callable[[torch.Tensor], torch.Tensor] | None
    delta: torch.Tensor | None
    steps: torch.Tensor | None
    likeness: Hashable

    @property
    def entries(self) -> int:
        """The numbers that it holds."""
        return 4 * self.z.numel()


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
class Together:
    """Measurements of layers that are alike: as those of `ProbedLayer`, with the layers in front.

    Attributes:
        places: the places of the layers among all.
    """

    places: Sequence[int]
    activations: torch.Tensor
    signals: torch.Tensor
    time_signals: torch.Tensor | None


def flow_of(layer: TracedLayer, delta: torch.Tensor | None) -> LayerFlow:
    """Return the arrays of a layer whose pre-activations were read."""
    assert layer.z is not None
    assert layer.h is not None
    z, h = by_unit(layer.z.detach(), layer), by_unit(layer.h, layer)
    slope, steepest, differentiate, steps = None, None, None, None
    kind: Hashable = layer.name
    if layer.opened is not None:
        slope, steepest = by_unit(layer.opened.slope, layer), layer.opened.steepest
        steps = None if delta is None else precise(delta).transpose(0, 1)
    elif layer.differentiate is None:
        steepest, kind = 1.0, "linear"
    elif layer.activation is None:  # its parameters may change before the measurement
        slope = by_unit(_derivative(layer.differentiate, layer.z.detach()), layer)
    elif layer.activation.per_unit:
        steepest, kind, differentiate = layer.activation.steepest, layer.activation, layer.differentiate
    else:
        slope, kind = torch.full_like(z, float("nan")), "mixed"
    signal = None if delta is None else by_unit(delta, layer)
    likeness = (kind, tuple(z.shape), z.dtype, z.device, signal is None)
    return LayerFlow(layer.name, z, h, slope, steepest, differentiate, signal, steps, likeness)


def measure_flows(flows: Sequence[LayerFlow]) -> list[Together]:
    """Measure layers, those that are alike together."""
    groups: dict[Hashable, list[int]] = {}
    for place, each in enumerate(flows):
        alone = place if each.z.numel() > MAX_TOGETHER else None
        groups.setdefault((each.likeness, alone), []).append(place)
    return [_measured(places, [flows[place] for place in places]) for places in groups.values()]


def _measured(places: Sequence[int], flows: Sequence[LayerFlow]) -> Together:
    one = flows[0]
    z, h = stacked([each.z for each in flows]), stacked([each.h for each in flows])
    if one.slope is not None:
        slope = stacked([each.slope for each in flows])
    else:
        slope = torch.ones_like(z) if one.differentiate is None else _derivative(one.differentiate, z)
    activations = measure.activations(Flow(z, h, slope, one.steepest))
    if one.delta is None:
        signals = z.new_full((len(flows), len(SIGNAL_STATISTICS)), float("nan"))
    else:
        signals = measure.signals(stacked([each.delta for each in flows]))
    steps = None
    if one.steps is not None:
        by_step = stacked([each.steps for each in flows])
        steps = RMS.compute(by_step, Namespace(by_step))
    return Together(places, activations, signals, steps)


def stacked(tensors: Sequence[Any]) -> torch.Tensor:
    """Return tensors of one shape along a new first axis, without a copy of a single one."""
    return tensors[0][None] if len(tensors) == 1 else torch.stack(tensors)


def _derivative(function: Callable[[torch.Tensor], torch.Tensor], z: torch.Tensor) -> torch.Tensor:
    with torch.enable_grad():
        inputs = z.clone().requires_grad_()
        (slope,) = torch.autograd.grad(function(inputs).sum(), inputs)
    return slope


def by_unit(x: torch.Tensor, layer: TracedLayer) -> torch.Tensor:
    """(batch, *positions, units) or (batch, units, *positions) -> (samples, units), at least float32."""
    if layer.channels_first and x.dim() > 2:
        x = x.movedim(1, -1)
    return precise(x).reshape(-1, x.shape[-1] if x.dim() > 1 else 1)


def precise(x: torch.Tensor) -> torch.Tensor:
    """Return a tensor in float32 or float64."""
    return x if x.dtype in (torch.float32, torch.float64) else x.float()
