"""Clipping gradients as Keras's optimisers do, for each seed by itself, and saying what it did.

The optimiser is built without: on stacked weights its norms would mix the seeds and the tensors, and what it clips it
tells nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gradlab.vocabulary.optimizers import GradientOptimizer


@dataclass(frozen=True, eq=False)
class Clipped:
    """Gradients after clipping.

    Attributes:
        gradients: (..., numbers), 0 where there is none.
        before: (...) the norm of all gradients together, as the tape gave them.
        after: (...) the same after clipping.
        changed: (...) 1 where clipping changed anything, 0 elsewhere.
    """

    gradients: Any
    before: Any
    after: Any
    changed: Any


def clip(gradients: Any, norms: Any, optimizer: GradientOptimizer, spread: Callable[[Any], Any], xp: Any) -> Clipped:
    """Clip rows of gradients.

    Args:
        gradients: (..., numbers).
        norms: (..., tensors), the L2 norm of each tensor's.
        optimizer: says how.
        spread: makes (..., numbers) of (..., tensors).
        xp: an array namespace, for inside the program or after the fact.
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
