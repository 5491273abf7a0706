"""Whole numbers of traced graphs: each is made once.

Half of the operations that a trace makes are constants, axes and shapes above all, of which few differ. To make an
operation is what a trace spends its time on. The import of this module replaces how TensorFlow makes constants, in the
blocks of `shared` alone.

Floating-point constants are never shared: a gradient may be taken by one of two that are equal.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from tensorflow.python.framework import dtypes, ops

# Larger arrays are made anew: they are rare, and comparing them takes time.
MAX_SHARED_NUMBERS = 16

_Made = dict[Any, dict[Hashable, Any]]
_made: ContextVar[_Made | None] = ContextVar("_made", default=None)
_make = ops._create_graph_constant


@contextmanager
def shared() -> Iterator[None]:
    """Let equal integers and truth values of each graph that is traced in the block be one operation."""
    token = _made.set(defaultdict(dict))
    try:
        yield
    finally:
        _made.reset(token)


def _constant(value: Any, dtype: Any, shape: Any, *options: Any, **named: Any) -> Any:
    """Return a constant of the current graph."""
    made, content = _made.get(), _content(value)
    if made is None or content is None or not (dtype is None or _is_whole(dtype)):
        return _make(value, dtype, shape, *options, **named)
    in_graph, key = made[ops.get_default_graph()], (content, str(dtype), str(shape))
    if key not in in_graph:
        in_graph[key] = _make(value, dtype, shape, *options, **named)
    return in_graph[key]


def _is_whole(dtype: Any) -> bool:
    dtype = dtypes.as_dtype(dtype)
    return bool(dtype.is_integer or dtype.is_bool)


def _content(value: Any) -> Hashable | None:
    """Return a key that equal whole numbers of one type have; None for values that are not shared."""
    if isinstance(value, np.ndarray):
        is_shared = value.dtype.kind in "iub" and value.size <= MAX_SHARED_NUMBERS
        return (value.dtype.str, value.shape, value.tobytes()) if is_shared else None
    if isinstance(value, (bool, int, np.integer, np.bool_)):
        return type(value).__name__, int(value)  # 1 and True are equal
    if isinstance(value, (list, tuple)) and len(value) <= MAX_SHARED_NUMBERS:
        contents = tuple(map(_content, value))
        return None if None in contents else contents
    return None


ops._create_graph_constant = _constant
