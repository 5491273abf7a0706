"""Recurrent layers, computed step by step, so that their pre-activations can be measured.

The outputs equal the module's own up to rounding. Zeros are added to all pre-activations: the loss's derivative with
respect to them is the signal of each time step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

# Activations of the gates, in the order of PyTorch's weights. All of their slopes have a maximum: 1/4 and 1.
GATES: dict[str, tuple[Callable[..., torch.Tensor], ...]] = {
    "RNN_TANH": (torch.tanh,),
    "RNN_RELU": (torch.relu,),
    "LSTM": (torch.sigmoid, torch.sigmoid, torch.tanh, torch.sigmoid),
    "GRU": (torch.sigmoid, torch.sigmoid, torch.tanh),
}
STEEPEST = {torch.sigmoid: 0.25, torch.tanh: 1.0, torch.relu: 1.0}


@dataclass(frozen=True, eq=False)
class Opened:
    """Values inside a recurrent module for a batch.

    Attributes:
        output: what the module returns.
        z: (batch, time, pre-activations) of all gates, of all directions and layers.
        h: (batch, time, units) hidden states, likewise.
        nudge: zeros that were added to `z`.
        slope: the derivative of each gate's activation at its pre-activation.
        steepest: (pre-activations,) the largest slope of each one's activation.
    """

    output: Any
    z: torch.Tensor
    h: torch.Tensor
    nudge: torch.Tensor
    slope: torch.Tensor
    steepest: torch.Tensor


def can_be_opened(module: nn.Module, arguments: tuple[Any, ...]) -> bool:
    """True for a call of a recurrent module with a batch of sequences of one length, without a projection."""
    if not isinstance(module, nn.RNNBase) or module.proj_size or not arguments:
        return False
    return (
        isinstance(arguments[0], torch.Tensor)
        and not isinstance(arguments[0], PackedSequence)
        and arguments[0].dim() == 3
    )


def open_recurrence(module: nn.RNNBase, x: torch.Tensor, state: Any = None) -> Opened:
    """Run a recurrent module on a batch.

    Args:
        module: the module.
        x: (batch, time, features), or (time, batch, features) unless the module has the batch first.
        state: the initial state as the module takes it; None for zeros.
    """
    inputs = x if module.batch_first else x.transpose(0, 1)
    ways, gates = 1 + module.bidirectional, GATES[module.mode]
    width, batch, time = len(gates) * module.hidden_size, inputs.shape[0], inputs.shape[1]
    nudge = inputs.new_zeros(batch, time, module.num_layers * ways * width, requires_grad=True)
    nudges = nudge.split(width, dim=-1)
    zs, hs, lasts = [], [], []
    for layer in range(module.num_layers):
        outputs = []
        for way in range(ways):
            place = layer * ways + way
            weights = [getattr(module, name) for name in module._all_weights[place]]
            z, h, last = _direction(
                module.mode, inputs, _initial(state, place, inputs, module), weights, nudges[place], bool(way)
            )
            zs.append(z)
            outputs.append(h)
            lasts.append(last)
        inputs = torch.cat(outputs, dim=-1)
        hs.append(inputs)
    output = inputs if module.batch_first else inputs.transpose(0, 1)
    final = tuple(torch.stack(parts) for parts in zip(*lasts, strict=True))
    z = torch.cat(zs, dim=-1)
    returned = (output, final if module.mode == "LSTM" else final[0])
    all_gates = gates * (module.num_layers * ways)
    steepest = torch.tensor([STEEPEST[gate] for gate in all_gates], dtype=z.dtype, device=z.device)
    slope = _slopes(z.detach(), all_gates, module.hidden_size)
    return Opened(returned, z, torch.cat(hs, dim=-1), nudge, slope, steepest.repeat_interleave(module.hidden_size))


def _initial(state: Any, place: int, inputs: torch.Tensor, module: nn.RNNBase) -> tuple[torch.Tensor, ...]:
    if state is None:
        zeros = inputs.new_zeros(len(inputs), module.hidden_size)
        return (zeros, zeros) if module.mode == "LSTM" else (zeros,)
    return tuple(each[place] for each in (state if isinstance(state, tuple) else (state,)))


def _direction(
    mode: str,
    x: torch.Tensor,
    state: tuple[torch.Tensor, ...],
    weights: list[torch.Tensor],
    nudge: torch.Tensor,
    backward: bool,
) -> tuple[torch.Tensor, torch.Tensor, tuple[torch.Tensor, ...]]:
    """Pre-activations and hidden states in the order of the input, (batch, time, ...), and the last state."""
    kernel, recurrent, *biases = weights
    into, back = biases or (None, None)
    given = nn.functional.linear(x, kernel, into)
    times = range(x.shape[1] - 1, -1, -1) if backward else range(x.shape[1])
    zs, hs = {}, {}
    for t in times:
        remembered = nn.functional.linear(state[0], recurrent, back)
        zs[t], state = _step(mode, given[:, t], remembered, state, nudge[:, t])
        hs[t] = state[0]
    order = range(x.shape[1])
    return torch.stack([zs[t] for t in order], dim=1), torch.stack([hs[t] for t in order], dim=1), state


def _step(
    mode: str, given: torch.Tensor, remembered: torch.Tensor, state: tuple[torch.Tensor, ...], nudge: torch.Tensor
) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    if mode == "GRU":
        units = given.shape[-1] // 3
        gates = (given + remembered + nudge)[:, : 2 * units]
        reset, update = torch.sigmoid(gates).chunk(2, dim=-1)
        candidate = given[:, 2 * units :] + reset * remembered[:, 2 * units :] + nudge[:, 2 * units :]
        return torch.cat([gates, candidate], dim=-1), ((1 - update) * torch.tanh(candidate) + update * state[0],)
    z = given + remembered + nudge
    if mode == "LSTM":
        write, keep, cell, read = z.chunk(4, dim=-1)
        memory = torch.sigmoid(keep) * state[1] + torch.sigmoid(write) * torch.tanh(cell)
        return z, (torch.sigmoid(read) * torch.tanh(memory), memory)
    return z, ((torch.relu(z) if mode == "RNN_RELU" else torch.tanh(z)),)


def _slopes(z: torch.Tensor, gates: tuple[Callable[..., torch.Tensor], ...], units: int) -> torch.Tensor:
    slopes = []
    for gate, part in zip(gates, z.split(units, dim=-1), strict=True):
        inputs = part.detach().requires_grad_()
        slopes.append(torch.autograd.grad(gate(inputs).sum(), inputs)[0])
    return torch.cat(slopes, dim=-1)
