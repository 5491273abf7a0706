"""Geometry of kernels and pooling windows that slide over positions."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import tensorflow as tf

# Parts of a kernel that are computed one by one. Each is an operation to trace and to compile; 16 are all parts of
# strides of 4 in two axes.
MAX_PARTS = 16


@dataclass(frozen=True)
class Part:
    """The part of a kernel that reaches one position of each block of one stride: every stride-th of its positions.

    Flipped, it slides over the places, one for each block, and makes the transposed convolution at that position.

    Attributes:
        begin: the first of its positions in the kernel.
        step: distance in the kernel from one of its positions to the next.
        skipped: number of places before those that it slides over.
        filling: number of padding positions before and after the places.
    """

    begin: int
    step: int
    skipped: int
    filling: tuple[int, int]


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
    def parts(self) -> list[Part]:
        """The parts of the kernel that reach the first position of a block of one stride, the second, and so on.

        With a stride beyond the kernel it has fewer parts than a block has positions: there is none for those from
        `kernel - filling[0]` on that no place reaches.
        """
        blocks = -(-self.size // self.stride)
        parts = []
        for place in range(self.stride):
            ahead, begin = divmod(place + self.filling[0], self.stride)
            if begin >= self.kernel:
                continue
            positions = -(-(self.kernel - begin) // self.stride)
            before = self.dilation * (positions - 1) - ahead
            filling = max(0, before), blocks + ahead - self.places
            parts.append(Part(begin, self.stride, max(0, -before), filling))
        return parts

    @property
    def whole(self) -> Part:
        """The whole kernel as a part: it slides over places with zeros between them, `extent` positions."""
        before = self.reach - 1 - self.filling[0]
        return Part(0, 1, 0, (before, self.size + self.reach - 1 - before - self.extent))

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
    """Return the axes of a layer; without dilation by default.

    A stride beyond the size leaves one place, as a stride of the size does, which is taken for it.
    """
    ways = zip(sizes, kernel, strides, dilations or (1,) * len(kernel), strict=True)
    return tuple(Axis(size, width, min(stride, size), dilation, padding) for size, width, stride, dilation in ways)


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


def copied_numbers(batch: int | None, channels: int | None, axes: Sequence[Axis]) -> float:
    """Return the count of numbers in `copies`; infinity if that is not known."""
    if batch is None or channels is None:
        return math.inf
    return batch * channels * math.prod(axis.places * axis.kernel for axis in axes)


def copies(x: Any, axes: Sequence[Axis]) -> Any:
    """Return shifted copies of the input side by side: (batch·places, positions of the kernel·channels)."""
    beside = tf.concat(shifted(x, axes), axis=-1)
    return tf.reshape(beside, (-1, beside.shape[-1]))


def overlapped(parts: Any, axes: Sequence[Axis]) -> Any:
    """Add what a kernel over two axes contributes from all its places to each position; the reverse of `shifted`.

    Positions are cut into blocks of one stride. A place contributes to the block where it begins, and to some behind.

    Args:
        parts: (batch, *places, *kernel sizes, channels), for each place what it contributes to the positions under it.
        axes: how the kernel slides, without dilation.

    Returns:
        (batch, *positions, channels).
    """
    blocks = [-(-(axis.filling[0] + axis.size) // axis.stride) for axis in axes]
    total: Any = None
    turns = [min(count, -(-axis.kernel // axis.stride)) for count, axis in zip(blocks, axes, strict=True)]
    for behind in product(*map(range, turns)):
        within = (slice(0, count - back) for count, back in zip(blocks, behind, strict=True))
        under = (slice(back * axis.stride, (back + 1) * axis.stride) for back, axis in zip(behind, axes, strict=True))
        part = parts[:, *within, *under]
        ends = [[back, count - back - size] for back, count, size in zip(behind, blocks, part.shape[1:3], strict=True)]
        missing = [[0, axis.stride - size] for axis, size in zip(axes, part.shape[3:5], strict=True)]
        part = tf.pad(part, [[0, 0], *ends, *missing, [0, 0]])
        total = part if total is None else total + part
    whole = (count * axis.stride for count, axis in zip(blocks, axes, strict=True))
    positions = tf.reshape(tf.transpose(total, [0, 1, 3, 2, 4, 5]), (-1, *whole, parts.shape[-1]))
    return positions[:, *(slice(axis.filling[0], axis.filling[0] + axis.size) for axis in axes)]


def parted(kernel: Any, parts: Sequence[Part]) -> Any:
    """Return a part of a kernel, (*sizes, ...), along each of its first axes."""
    return kernel[tuple(slice(part.begin, None, part.step) for part in parts)]


def interleaved(compute: Callable[[Any, Sequence[Part]], Any], x: Any, axes: Sequence[Axis]) -> Any:
    """Join what is computed for each position of a block: (batch, *blocks, channels) -> (batch, *positions, channels).

    Positions that no kernel reaches are zeros. If the kernel has more than `MAX_PARTS` parts, all positions are
    computed at once, with zeros between the places.

    Args:
        compute: takes the places, (batch, *places, channels), and the part of the kernel along each axis.
        x: the places.
        axes: how the kernel slides.
    """
    ways = [axis.parts for axis in axes]
    if math.prod(map(len, ways)) > MAX_PARTS:
        return compute(_spread(x, axes), [axis.whole for axis in axes])
    made = [compute(x, parts) for parts in product(*ways)]
    for number, axis in reversed([*enumerate(axes, start=1)]):
        if axis.stride > 1:
            count = len(ways[number - 1])
            groups = [made[begin : begin + count] for begin in range(0, len(made), count)]
            made = [_woven(group, number, axis) for group in groups]
    return made[0]


def _woven(parts: Sequence[Any], number: int, axis: Axis) -> Any:
    """Take the entries of an axis in turns from each part; zeros at positions of a block that have none."""
    blocks, *behind = parts[0].shape[number:]
    beside = tf.stack(parts, number + 1)
    if missing := axis.stride - len(parts):
        ahead = axis.kernel - axis.filling[0]
        first, last = tf.split(beside, [ahead, len(parts) - ahead], number + 1)
        beside = tf.concat([_behind(first, number + 1, missing), last], number + 1)
    woven = tf.reshape(beside, (-1, *parts[0].shape[1:number], blocks * axis.stride, *behind))
    return _until(woven, number, axis.size)


def _spread(x: Any, axes: Sequence[Axis]) -> Any:
    """Insert zeros between places: (batch, *places, channels) -> (batch, *extents, channels)."""
    for number, axis in enumerate(axes, start=1):
        if axis.extent > axis.places:
            apart = _behind(tf.expand_dims(x, number + 1), number + 1, axis.stride - 1)
            whole = tf.reshape(apart, (-1, *x.shape[1:number], axis.places * axis.stride, *x.shape[number + 1 :]))
            x = _until(whole, number, axis.extent)
    return x


def _behind(x: Any, number: int, count: int) -> Any:
    """Add zeros behind the entries of an axis."""
    return tf.pad(x, [[0, count if each == number else 0] for each in range(len(x.shape))])


def _until(x: Any, number: int, size: int) -> Any:
    """Return the first entries of an axis."""
    return x[(slice(None),) * number + (slice(0, size),)]
