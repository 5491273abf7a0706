"""Recurrent and convolutional networks by hand: NumPy in double precision, derivatives by complex steps.

As `tests.by_hand` for dense ones. Everything is written out step by step, as the papers have it, and takes a nudge for
each pre-activation: the loss's derivative with respect to it is the signal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from gradlab.spec import ExperimentSpec, NamedLayer
from tests.by_hand import ACTIVATIONS, LOSSES, STEP, Weights


@dataclass(eq=False)
class Passage:
    """The arrays of a layer with gates: (samples, steps, pre-activations), (samples, steps, units)."""

    z: np.ndarray
    h: np.ndarray


@dataclass(eq=False)
class Walk:
    """A way through a network.

    Attributes:
        nudges: layer -> what is added to its pre-activations.
        seen: layer -> what happened there, for recurrent layers.
    """

    nudges: dict[str, np.ndarray] = field(default_factory=dict)
    seen: dict[str, Passage] = field(default_factory=dict)


def predict(spec: ExperimentSpec, weights: Weights, x: np.ndarray, walk: Walk | None = None) -> np.ndarray:
    """The prediction for some samples."""
    walk = walk or Walk()
    for layer in spec.layers:
        x = _through(layer, weights, x, walk)
    return x


def losses(
    spec: ExperimentSpec, weights: Weights, x: np.ndarray, y: np.ndarray, walk: Walk | None = None
) -> np.ndarray:
    """(samples,) each sample's own loss."""
    return LOSSES[spec.training.loss.kind](y, predict(spec, weights, x, walk))


def gradients(spec: ExperimentSpec, weights: Weights, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """Of the mean loss with respect to each tensor, entry by entry."""
    found = []
    for name, tensor in weights.items():
        gradient = np.empty(tensor.shape)
        for place in np.ndindex(tensor.shape):
            stepped = tensor.astype(complex)
            stepped[place] += 1j * STEP
            gradient[place] = losses(spec, {**weights, name: stepped}, x, y).mean().imag / STEP
        found.append(gradient)
    return found


def signals(spec: ExperimentSpec, weights: Weights, x: np.ndarray, y: np.ndarray, layer: str) -> np.ndarray:
    """(samples, steps, pre-activations) of ∂(a sample's own loss)/∂z in a recurrent layer."""
    walk = Walk()
    predict(spec, weights, x, walk)
    shape = walk.seen[layer].z.shape
    found = np.empty(shape)
    for step, unit in np.ndindex(shape[1:]):
        nudge = np.zeros(shape, complex)
        nudge[:, step, unit] = 1j * STEP
        found[:, step, unit] = losses(spec, weights, x, y, Walk({layer: nudge})).imag / STEP
    return found


def _through(layer: NamedLayer, weights: Weights, x: np.ndarray, walk: Walk) -> np.ndarray:
    spec = layer.spec
    own = [weights[layer.name, tensor.parameter] for tensor in layer.tensors]
    if spec.kind == "flatten":
        return x.reshape(len(x), -1)
    if spec.kind == "dense":
        return _activate(spec.activation.kind, x @ own[0] + own[1])
    if spec.kind in ("conv1d", "conv2d"):
        return _activate(spec.activation.kind, _convolved(x, own[0]) + own[1])
    if spec.kind == "bidirectional":
        return _both_ways(layer, own, x, walk)
    nudge = walk.nudges.get(layer.name)
    walk.seen[layer.name] = passage = CELLS[spec.kind](spec, own, x, nudge)
    return passage.h if spec.return_sequences else passage.h[:, -1]


def _both_ways(layer: NamedLayer, own: Sequence[np.ndarray], x: np.ndarray, walk: Walk) -> np.ndarray:
    inner, half, nudge = layer.spec.layer, len(own) // 2, walk.nudges.get(layer.name)
    there, back = (None, None) if nudge is None else np.split(nudge, 2, axis=-1)
    forward = CELLS[inner.kind](inner, own[:half], x, there)
    backward = CELLS[inner.kind](inner, own[half:], x[:, ::-1], None if back is None else back[:, ::-1])
    z = np.concatenate([forward.z, backward.z[:, ::-1]], axis=-1)
    h = np.concatenate([forward.h, backward.h[:, ::-1]], axis=-1)
    walk.seen[layer.name] = Passage(z, h)
    return h if inner.return_sequences else np.concatenate([forward.h[:, -1], backward.h[:, -1]], axis=-1)


def _convolved(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Every window of x, (samples, *positions, channels), times the kernel, (*window, channels, filters)."""
    window = kernel.shape[:-2]
    places = [size - wide + 1 for size, wide in zip(x.shape[1:-1], window, strict=True)]
    out = np.zeros((len(x), *places, kernel.shape[-1]), np.result_type(x, kernel))
    for begin in np.ndindex(*places):
        part = x[(slice(None), *(slice(at, at + wide) for at, wide in zip(begin, window, strict=True)))]
        out[(slice(None), *begin)] = np.tensordot(part, kernel, axes=len(window) + 1)
    return out


def _activate(kind: str, z: np.ndarray) -> np.ndarray:
    return ACTIVATIONS[kind][0](z)


def _steps(own: Sequence[np.ndarray], x: np.ndarray, nudge: np.ndarray | None, units: int, step: Callable) -> Passage:
    """Go through time with `step(x_t, nudge_t, memory) -> z_t, memory`; the first part of the memory is the state h."""
    width = own[0].shape[1]
    nudge = np.zeros((*x.shape[:2], width)) if nudge is None else nudge
    memory = tuple(np.zeros((len(x), units)) for _ in range(2))
    zs, hs = [], []
    for t in range(x.shape[1]):
        z, memory = step(x[:, t], nudge[:, t], memory)
        zs.append(z)
        hs.append(memory[0])
    return Passage(np.stack(zs, axis=1), np.stack(hs, axis=1))


def _simple(spec, own, x, nudge) -> Passage:
    kernel, recurrent, bias = own

    def step(x_t, nudge_t, memory):
        z = x_t @ kernel + memory[0] @ recurrent + bias + nudge_t
        return z, (_activate(spec.activation.kind, z), memory[1])

    return _steps(own, x, nudge, spec.units, step)


def _lstm(spec, own, x, nudge) -> Passage:
    kernel, recurrent, bias = own
    gate, squash = spec.recurrent_activation.kind, spec.activation.kind

    def step(x_t, nudge_t, memory):
        h, cell = memory
        z = x_t @ kernel + h @ recurrent + bias + nudge_t
        into, keep, candidate, out = np.split(z, 4, axis=-1)
        cell = _activate(gate, keep) * cell + _activate(gate, into) * _activate(squash, candidate)
        return z, (_activate(gate, out) * _activate(squash, cell), cell)

    return _steps(own, x, nudge, spec.units, step)


def _gru(spec, own, x, nudge) -> Passage:
    kernel, recurrent, bias = own
    given_bias, state_bias = bias if spec.reset_after else (bias, np.zeros_like(bias))
    gate, squash, n = spec.recurrent_activation.kind, spec.activation.kind, spec.units

    def step(x_t, nudge_t, memory):
        h = memory[0]
        given = x_t @ kernel + given_bias + nudge_t
        gates = given[:, : 2 * n] + h @ recurrent[:, : 2 * n] + state_bias[: 2 * n]
        update, reset = _activate(gate, gates[:, :n]), _activate(gate, gates[:, n:])
        if spec.reset_after:
            candidate = given[:, 2 * n :] + reset * (h @ recurrent[:, 2 * n :] + state_bias[2 * n :])
        else:
            candidate = given[:, 2 * n :] + (reset * h) @ recurrent[:, 2 * n :]
        h = update * h + (1 - update) * _activate(squash, candidate)
        return np.concatenate([gates, candidate], axis=-1), (h, memory[1])

    return _steps(own, x, nudge, n, step)


CELLS = {"simple_rnn": _simple, "lstm": _lstm, "gru": _gru}
