"""Samples: the training or validation samples that a Watch is given, as batches on the model's device."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, default_collate

from gradlab.errors import shorten
from gradlab.torch.isolation import random_state_kept


class Samples:
    """Samples in their own order.

    Args:
        data: (x, y) with arrays or tensors, each x a tensor, or a tuple or mapping of them for several inputs; or a
            dataset or a loader of one, which is read from its beginning and not shuffled.
        name: the argument that it is given as, for errors.

    Raises:
        ValueError: it is none of these, or x and y have different lengths.
    """

    def __init__(self, data: Any, name: str) -> None:
        self._collate: Callable[[Any], Any] = default_collate
        if isinstance(data, DataLoader):
            self._collate, data = data.collate_fn or default_collate, data.dataset
        self._dataset: Any = None
        if isinstance(data, IterableDataset):
            raise ValueError(
                f"{name}: expected samples that can be read again; received an IterableDataset, pass (x, y)"
            )
        if isinstance(data, Dataset) or (hasattr(data, "__getitem__") and not isinstance(data, tuple | list | Mapping)):
            self._dataset, self.count = data, len(data)
        elif isinstance(data, tuple | list) and len(data) == 2:
            self._x, self._y = _tensors(data[0]), _tensors(data[1])
            lengths = {len(each) for each in all_tensors((self._x, self._y))}
            if len(lengths) != 1:
                raise ValueError(f"{name}: expected x and y with equally many samples; received {sorted(lengths)}")
            (self.count,) = lengths
        elif isinstance(data, Mapping):  # a batch of a model that computes its own loss
            self._x, self._y = _tensors(data), None
            self.count = min(len(each) for each in all_tensors(self._x))
        else:
            raise ValueError(
                f"{name}: expected (x, y), a Dataset or a DataLoader; received {shorten(type(data).__name__)}"
            )
        if not self.count:
            raise ValueError(f"{name}: expected at least one sample; received none")

    def batch(self, begin: int, end: int, like: torch.Tensor) -> tuple[Any, Any]:
        """Return some samples, x and y, on the device and with the precision of `like`."""
        if self._dataset is None:
            part = (_part(self._x, begin, end), _part(self._y, begin, end))
        else:
            with random_state_kept():  # a dataset may draw at random what it returns
                part = _pair(self._collate([self._dataset[place] for place in range(begin, min(end, self.count))]))
        return _moved(part[0], like), _moved(part[1], like)

    def arrays(self, count: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the first samples as arrays; None for several inputs or targets."""
        x, y = self.batch(0, min(count, self.count), torch.zeros(()))
        if not isinstance(x, torch.Tensor) or not isinstance(y, torch.Tensor):
            return None
        return x.numpy(), y.numpy()


def called(model: Any, x: Any) -> Any:
    """Call a model with a batch: with a tensor, with a tuple as its arguments, or with a mapping by name."""
    if isinstance(x, Mapping):
        return model(**x)
    return model(*x) if isinstance(x, tuple | list) else model(x)


def first_tensor(x: Any) -> torch.Tensor | None:
    """Return the first tensor of a batch."""
    return next(iter(all_tensors(x)), None)


def _pair(batch: Any) -> tuple[Any, Any]:
    if isinstance(batch, Mapping):
        return batch, None
    if isinstance(batch, tuple | list) and len(batch) == 2:
        return batch[0], batch[1]
    return batch, None


def _tensors(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _tensors(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return tuple(_tensors(each) for each in value)
    return value if isinstance(value, torch.Tensor) else torch.as_tensor(np.asarray(value))


def all_tensors(value: Any) -> Sequence[torch.Tensor]:
    """Return all tensors of a batch, first to last."""
    if isinstance(value, torch.Tensor):
        return [value]
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple | list) else ()
    return [tensor for part in parts for tensor in all_tensors(part)]


def _part(value: Any, begin: int, end: int) -> Any:
    if isinstance(value, Mapping):
        return {name: _part(each, begin, end) for name, each in value.items()}
    if isinstance(value, tuple):
        return tuple(_part(each, begin, end) for each in value)
    return None if value is None else value[begin:end]


def _moved(value: Any, like: torch.Tensor) -> Any:
    if isinstance(value, Mapping):
        return {name: _moved(each, like) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return tuple(_moved(each, like) for each in value)
    if not isinstance(value, torch.Tensor):
        return value
    return value.to(like.device, like.dtype if value.is_floating_point() and like.is_floating_point() else None)
