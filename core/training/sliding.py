"""Geometry of kernels and pooling windows that slide over positions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class Axis:
    """The positions of a kernel or a window along one axis.

    Attributes:
        size: input positions.
        kernel: positions of the kernel.
        stride: positions from one place of the kernel to the next.
        dilation: distance between neighbouring positions of the kernel.
        padding: valid, same or causal, as in Keras.
    """

    size: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    padding: str = "valid"

    @property
    def reach(self) -> int:
        """Number of input positions from the kernel's first to its last position, dilation included."""
        return self.dilation * (self.kernel - 1) + 1

    @cached_property
    def places(self) -> int:
        """Number of output positions."""
        if self.padding == "valid":
            return (self.size - self.reach) // self.stride + 1
        return -(-self.size // self.stride)

    @property
    def extent(self) -> int:
        """Number of input positions from the first to the last place of the kernel, inclusive."""
        return (self.places - 1) * self.stride + 1

    @property
    def span(self) -> int:
        """Number of positions, padding included, that the kernel touches in all its places."""
        return self.extent + self.reach - 1

    @property
    def back_filling(self) -> tuple[int, int]:
        """Number of padding positions before and after what the flipped kernel slides over in the gradient.

        That is the upstream gradient, spread by the strides: `extent` positions. The result has `size` positions.
        """
        before = self.reach - 1 - self.filling[0]
        return before, self.size + self.reach - 1 - before - self.extent

    @cached_property
    def filling(self) -> tuple[int, int]:
        """Number of padding positions before and after the input."""
        if self.padding == "causal":
            return self.reach - 1, 0
        missing = max(0, self.span - self.size) if self.padding == "same" else 0
        return missing // 2, missing - missing // 2


def axes_of(
    sizes: Iterable[int],
    kernel: Sequence[int],
    strides: Iterable[int],
    padding: str,
    dilations: Iterable[int] | None = None,
) -> tuple[Axis, ...]:
    """Return the axes of a layer; without dilation by default."""
    ways = zip(sizes, kernel, strides, dilations or (1,) * len(kernel), strict=True)
    return tuple(Axis(*way, padding) for way in ways)


def shifted(x: Any, axes: Sequence[Axis], fill: float = 0.0) -> list[Any]:
    """Return the input at each position of the kernel for all its places: (batch, *places, channels) each, row by row.

    Args:
        x: (batch, *positions, channels).
        axes: how the kernel slides along each axis of positions.
        fill: value of the padding.
    """
    if any(sum(axis.filling) for axis in axes):
        x = tf.pad(x, [[0, 0], *(axis.filling for axis in axes), [0, 0]], constant_values=fill)
    parts = [x]
    for number, axis in enumerate(axes, start=1):
        begins = range(0, axis.reach, axis.dilation)
        whole = (slice(None),) * number
        parts = [part[(*whole, slice(i, i + axis.extent, axis.stride))] for part in parts for i in begins]
    return parts
