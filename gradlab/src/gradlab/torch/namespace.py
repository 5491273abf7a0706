"""The array namespace for the statistics' formulas on PyTorch's tensors, with NumPy's names and arguments."""

from collections.abc import Sequence
from typing import Any

import torch


class Namespace:
    """`torch` under NumPy's names, as far as the formulas of `gradlab.measurement.statistics` use them.

    Args:
        like: a tensor of the precision and on the device of the formulas' arrays. Counts and shares get its precision.
    """

    def __init__(self, like: torch.Tensor) -> None:
        self._dtype, self._device = like.dtype, like.device

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)

    def mean(self, x: torch.Tensor, axis: int | tuple[int, ...], keepdims: bool = False) -> torch.Tensor:
        """Mean of x along an axis; of booleans, the share that is True."""
        return torch.mean(x if x.is_floating_point() else x.to(self._dtype), dim=axis, keepdim=keepdims)

    @staticmethod
    def sum(x: torch.Tensor, axis: int | tuple[int, ...], keepdims: bool = False) -> torch.Tensor:
        """Sum of x along an axis; of booleans, the number that is True."""
        return torch.sum(x, dim=axis, keepdim=keepdims)

    @staticmethod
    def max(x: torch.Tensor, axis: int | tuple[int, ...], keepdims: bool = False) -> torch.Tensor:
        """Maximum along an axis; NaN if any entry is NaN."""
        return torch.amax(x, dim=axis, keepdim=keepdims)

    @staticmethod
    def any(x: torch.Tensor, axis: int) -> torch.Tensor:
        """True where any entry along the axis is."""
        return torch.any(x, dim=axis)

    @staticmethod
    def equal(x: torch.Tensor, y: Any) -> torch.Tensor:
        """True where x and y are equal, entry by entry."""
        return torch.eq(x, y)

    def where(self, condition: torch.Tensor, x: Any, y: Any) -> torch.Tensor:
        """Entries of x where the condition is True, of y elsewhere."""
        if isinstance(x, torch.Tensor) or isinstance(y, torch.Tensor):
            return torch.where(condition, x, y)
        return torch.where(condition, x, y).to(self._dtype)

    def ones(self, shape: int, dtype: torch.dtype) -> torch.Tensor:
        """An array of ones on the arrays' device."""
        return torch.ones(shape, dtype=dtype, device=self._device)

    @staticmethod
    def vecdot(x: torch.Tensor, y: torch.Tensor, axis: int) -> torch.Tensor:
        """Dot products along an axis."""
        return torch.linalg.vecdot(x, y, dim=axis)

    @staticmethod
    def concatenate(arrays: Sequence[torch.Tensor], axis: int) -> torch.Tensor:
        """Arrays one after another along an axis."""
        return torch.cat(tuple(arrays), dim=axis)

    @staticmethod
    def clip(x: torch.Tensor, low: float, high: float) -> torch.Tensor:
        """Entries of x, limited to the range from `low` to `high`."""
        return torch.clamp(x, low, high)
