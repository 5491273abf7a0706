"""Keras on PyTorch: the training step runs operation by operation, and updates the variables in place."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from keras import ops

from gradlab.measurement.statistics import EDGES
from gradlab.measurement.statistics.gradients import MAX_PIECE

VERSIONS = {"torch": torch.__version__}
# `train_step` runs operation by operation: NumPy computes the numbers of a batch in each call.
BATCHES_IN = "call"
# True if a step runs operation by operation: what it adds up may wait.
IS_EAGER = True


def dense(gradient: Any) -> Any:
    """Return the gradient as a dense tensor."""
    return gradient.to_dense() if is_sparse(gradient) else gradient


def as_row(gradient: Any, shape: tuple[int, ...]) -> Any:
    """Return a dense gradient of any precision as (1, *shape) float32."""
    return gradient.to(torch.float32).reshape(1, *shape)


def flat(rows: Sequence[Any]) -> Any:
    """Return tensors as one row, a copy."""
    return torch.cat([row.reshape(-1) for row in rows])


def sums_of_large(g: Any) -> tuple[Any, ...]:
    """Return Σg, Σ|g|, Σg², the number of zeros and max|g| of (seeds, tensors, n): (seeds, tensors) each.

    A processor reads it once: all sums of a piece are taken while that is in the caches.
    """
    length = max(1, MAX_PIECE // max(1, g[..., 0].numel())) if g.is_cpu else g.shape[-1]
    parts = torch.stack([_sums(piece) for piece in g.split(length, dim=-1)], dim=1)  # (sums, pieces, seeds, tensors)
    total, absolute, square = parts[:3].sum(dim=1)
    return total, absolute, square, g.shape[-1] - _count(g.bool()), parts[3].amax(dim=0)


def _sums(g: Any) -> Any:
    size = torch.abs(g)  # several times faster than the norms of these orders
    square = torch.square(torch.linalg.vector_norm(g, dim=-1))
    return torch.stack([g.sum(dim=-1), size.sum(dim=-1), square, size.amax(dim=-1)])


def _count(x: Any) -> Any:
    """Count what is True along the last axis. In the process's own memory NumPy is five times faster."""
    if not x.is_cpu:
        return x.sum(dim=-1)
    return torch.tensor([[np.count_nonzero(each) for each in of_seed] for of_seed in x.numpy()])


def bin_counts(x: Any) -> Any:
    """Return the histogram of (seeds, tensors, n): (seeds, tensors, bins) float32; a NaN is in no bin."""
    edges = torch.as_tensor(EDGES, device=x.device)
    bins = torch.bucketize(x.contiguous(), edges, right=True)  # bin i holds EDGES[i - 1] ≤ x < EDGES[i]
    counts = torch.zeros((*x.shape[:-1], len(EDGES) + 1), device=x.device)
    return counts.scatter_add_(-1, bins, (x == x).to(counts.dtype))


def is_sparse(gradient: Any) -> bool:
    """True if the gradient has only some rows of its tensor."""
    return isinstance(gradient, torch.Tensor) and gradient.is_sparse


def replicas() -> int:
    """Return the number of devices whose gradients are not yet combined."""
    return 1


def outside_of_step() -> Any:
    """Return a context in which variables may be created while the training step runs."""
    return contextlib.nullcontext()


def attach(optimizer: Any, variables: Sequence[Any]) -> None:
    """Let the training step update these variables. On PyTorch any code may."""


def detach(optimizer: Any, variables: Sequence[Any]) -> None:
    """Undo `attach`."""


def unconverted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function: PyTorch runs functions as they are."""
    return function


def see_batches(model: Any, see: Callable[[Any], None], is_over: Callable[[], bool]) -> None:
    """Call a function with each batch of the train function. Here `train_step` shows them."""


def synchronize(model: Any) -> None:
    """Bring the variables up to date in the middle of an epoch. PyTorch's always are."""


def loss_sum(model: Any) -> tuple[float, float]:
    """Return the sum of the samples' losses and their number, since the metrics were last reset."""
    tracker = model._loss_tracker
    return float(tracker.total), float(tracker.count)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function: compiling takes PyTorch longer than all probes of a usual training."""
    return function


def value_and_gradients(function: Callable[[list[Any]], tuple[Any, Any]], arguments: list[Any]) -> tuple[Any, Any, Any]:
    """Return a function's value, what else it returns, and the value's derivatives by its arguments; None for none."""
    with torch.enable_grad():
        leaves = [argument.detach().requires_grad_() for argument in arguments]
        value, more = function(leaves)
        gradients: Sequence[Any] = [None] * len(leaves)
        if value.requires_grad and leaves:
            gradients = torch.autograd.grad(value, leaves, allow_unused=True)
    return value.detach(), more, list(gradients)


def constants(arrays: Sequence[np.ndarray]) -> list[Any]:
    """Convert arrays to tensors on Keras's device."""
    return [ops.convert_to_tensor(each) for each in arrays]


def values(variables: Sequence[Any]) -> list[Any]:
    """Return the variables' present values as tensors."""
    return [variable.value.detach() for variable in variables]


def flat_values(variables: Sequence[Any]) -> Any:
    """Return the variables' present values as one row of float32, a copy."""
    return torch.cat([variable.value.detach().reshape(-1).to(torch.float32) for variable in variables])


@contextlib.contextmanager
def random_state_kept() -> Iterator[None]:
    """Keep the state of the backend's own random generator."""
    state = torch.get_rng_state()
    try:
        yield
    finally:
        torch.set_rng_state(state)
