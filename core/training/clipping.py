"""Clipping gradients as Keras's optimisers do, for each seed by itself, and saying what it did.

The optimiser is built without: on stacked variables its norms would mix the seeds, and what it clips it tells nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keras import ops

from core.optimizers import GradientOptimizer
from core.training.namespace import xp


@dataclass(frozen=True, eq=False)
class Clipped:
    """Gradients after clipping.

    Attributes:
        gradients: (seeds, *shape) each; None where there is none.
        before: (seeds,) the norm of all gradients together, as the tape gave them.
        after: (seeds,) the same after clipping.
        changed: (seeds,) 1 where clipping changed anything, 0 elsewhere.
    """

    gradients: list[Any]
    before: Any
    after: Any
    changed: Any


def clip(gradients: Sequence[Any], norms: Any, optimizer: GradientOptimizer) -> Clipped:
    """Clip the gradients, (seeds, *shape) each, whose L2 norms are (seeds, tensors); a missing gradient's is NaN."""
    norms = ops.where(ops.array([gradient is None for gradient in gradients]), 0.0, norms)
    before = _length(norms)
    if optimizer.clipnorm is not None:
        shares = optimizer.clipnorm / ops.maximum(norms, optimizer.clipnorm)  # (seeds, tensors)
        clipped = [_scaled(gradient, shares[:, place]) for place, gradient in enumerate(gradients)]
        return Clipped(clipped, before, _length(norms * shares), _yes(ops.any(norms > optimizer.clipnorm, axis=1)))
    if optimizer.global_clipnorm is not None:
        limit = optimizer.global_clipnorm
        share = limit * ops.minimum(1.0 / before, 1.0 / limit)  # as Keras writes it: the same rounding
        clipped = [_scaled(gradient, share) for gradient in gradients]
        return Clipped(clipped, before, before * share, _yes(before > limit))
    if optimizer.clipvalue is not None:
        limit = optimizer.clipvalue
        clipped = [None if gradient is None else ops.clip(gradient, -limit, limit) for gradient in gradients]
        flat = [ops.reshape(each, (each.shape[0], -1)) for each in clipped if each is not None]
        after = xp.sqrt(sum(ops.sum(ops.square(each), axis=1) for each in flat))
        real = [ops.reshape(each, (each.shape[0], -1)) for each in gradients if each is not None]
        largest = ops.max(ops.stack([ops.max(xp.abs(each), axis=1) for each in real]), axis=0)
        return Clipped(clipped, before, after, _yes(largest > limit))
    return Clipped(list(gradients), before, before, ops.zeros_like(before))


def _length(norms: Any) -> Any:
    return xp.sqrt(ops.sum(ops.square(norms), axis=1))


def _scaled(gradient: Any, share: Any) -> Any:
    """`gradient`, (seeds, *shape), times `share`, (seeds,)."""
    if gradient is None:
        return None
    return gradient * ops.reshape(share, (share.shape[0],) + (1,) * (len(gradient.shape) - 1))


def _yes(truth: Any) -> Any:
    return ops.cast(truth, "float32")
