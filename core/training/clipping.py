"""Gradient clipping as in Keras's optimisers, for each seed by itself, with the norms before and after.

The optimiser itself is built without clipping, for two reasons. On stacked weights its norms would mix seeds and
tensors. It also does not report what it clipped.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gradlab.vocabulary.optimizers import GradientOptimizer


@dataclass(frozen=True, eq=False)
class Clipped:
    """Gradients after clipping.

    Attributes:
        gradients: (..., numbers), 0 for tensors without a gradient.
        before: (...) the norm of all gradients together, before clipping.
        after: (...) the same after clipping.
        changed: (...) 1 where clipping changed a gradient, 0 elsewhere.
    """

    gradients: Any
    before: Any
    after: Any
    changed: Any


def clip(gradients: Any, norms: Any, optimizer: GradientOptimizer, spread: Callable[[Any], Any], xp: Any) -> Clipped:
    """Clip rows of gradients as an optimiser's settings require.

    Args:
        gradients: (..., numbers).
        norms: (..., tensors), the L2 norm of each tensor's gradient.
        optimizer: `clipnorm`, `global_clipnorm` or `clipvalue` of it is applied.
        spread: repeats one number for each tensor, (..., tensors), to (..., numbers).
        xp: the array namespace: of traced tensors, or NumPy.
    """
    before = _length(norms, xp)
    if optimizer.clipnorm is not None:
        limit = optimizer.clipnorm
        shares = limit / xp.maximum(norms, limit)  # (..., tensors)
        changed = xp.where(xp.max(norms, axis=-1) > limit, 1.0, 0.0)
        return Clipped(gradients * spread(shares), before, _length(norms * shares, xp), changed)
    if optimizer.global_clipnorm is not None:
        limit = optimizer.global_clipnorm
        share = limit * xp.minimum(1.0 / before, 1.0 / limit)  # as Keras writes it: the same rounding
        return Clipped(gradients * share[..., None], before, before * share, xp.where(before > limit, 1.0, 0.0))
    if optimizer.clipvalue is not None:
        limit = optimizer.clipvalue
        clipped = xp.clip(gradients, -limit, limit)
        changed = xp.where(xp.max(xp.abs(gradients), axis=-1) > limit, 1.0, 0.0)
        return Clipped(clipped, before, _length(clipped, xp), changed)
    return Clipped(gradients, before, before, xp.zeros_like(before))


def _length(numbers: Any, xp: Any) -> Any:
    return xp.sqrt(xp.sum(xp.square(numbers), axis=-1))
