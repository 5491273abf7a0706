"""Masks of time steps, which Keras's layers attach to their outputs and the layers behind them read."""

from typing import Any

# The attribute of a tensor that holds its mask, (batch, time); Keras passes masks by it.
MASK = "_keras_mask"


def mask_of(x: Any) -> Any:
    """Return the mask of a tensor, True for time steps that count; None if it has none."""
    return getattr(x, MASK, None)


def set_mask(x: Any, mask: Any) -> None:
    """Give a tensor a mask."""
    setattr(x, MASK, mask)


def masked_like(x: Any, other: Any) -> Any:
    """Give a tensor that was computed from another one the other's mask, and return it."""
    if (mask := mask_of(other)) is not None:
        set_mask(x, mask)
    return x
