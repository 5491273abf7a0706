"""What slides over positions, kernels and windows: where it stands, and what it touches there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class Axis:
    """How a kernel or a window slides along one axis.

    Attributes:
        size: positions that come in.
        kernel: positions of the kernel.
        stride: positions from one place of the kernel to the next.
        dilation: distance between the positions that the kernel looks at.
        padding: valid, same or causal, as Keras has them.
    """

    size: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    padding: str = "valid"

    @property
    def reach(self) -> int:
        """Over how many positions the kernel spans."""
        return self.dilation * (self.kernel - 1) + 1

    @cached_property
    def places(self) -> int:
        """How many positions come out."""
        if self.padding == "valid":
            return (self.size - self.reach) // self.stride + 1
        return -(-self.size // self.stride)

    @property
    def extent(self) -> int:
        """How many positions lie between the first and the last place of the kernel, both counted."""
        return (self.places - 1) * self.stride + 1

    @property
    def span(self) -> int:
        """How many positions, filling included, the kernel touches in all its places."""
        return self.extent + self.reach - 1

    @cached_property
    def filling(self) -> tuple[int, int]:
        """How many positions are added before and behind those that come in."""
        if self.padding == "causal":
            return self.reach - 1, 0
        missing = max(0, self.span - self.size) if self.padding == "same" else 0
        return missing // 2, missing - missing // 2


def axes_of(sizes: Iterable[int], kernel: Iterable[int], strides: Iterable[int], padding: str) -> tuple[Axis, ...]:
    """The axes of a layer that does not dilate."""
    return tuple(Axis(*way, padding=padding) for way in zip(sizes, kernel, strides, strict=True))


def shifted(x: Any, axes: Sequence[Axis], fill: float = 0.0) -> list[Any]:
    """What each position of the kernel sees in all its places, (batch, *places, channels) each, row by row.

    Args:
        x: (batch, *positions, channels).
        axes: how the kernel slides along each axis of positions.
        fill: what stands beyond the ends.
    """
    if any(sum(axis.filling) for axis in axes):
        x = tf.pad(x, [[0, 0], *(axis.filling for axis in axes), [0, 0]], constant_values=fill)
    seen = [x]
    for number, axis in enumerate(axes, start=1):
        begins = range(0, axis.reach, axis.dilation)
        whole = (slice(None),) * number
        seen = [each[(*whole, slice(i, i + axis.extent, axis.stride))] for each in seen for i in begins]
    return seen
