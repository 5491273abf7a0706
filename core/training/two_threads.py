"""A second context of TensorFlow, whose kernels work with two threads each: for networks whose kernels are large.

A context has one pool of threads for its kernels, and the last digits of what a kernel computes hang on how many these
are. So other networks stay in the first context, with one thread. Two threads are two wherever a training runs, on one
core or on many, alone or beside others: its bits hang on none of that.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import context, execute

from core.training.stable_names import Names

KERNEL_THREADS = 2

_making = Lock()


def two_threads() -> Any:
    """Return the context; the first call makes it."""
    with _making:
        return _made()


@cache
def _made() -> Any:
    # XLA cuts a program into as many parts as the context has threads that compiles first. Let that be the first one.
    # Its name is the same in each process, as XLA keeps what it has compiled by name.
    with Names("first").used():
        first = tf.function(tf.negative, jit_compile=True, autograph=False)
        first(tf.zeros(()))
    made = context.Context()
    made.intra_op_parallelism_threads = KERNEL_THREADS
    made.set_visible_devices([], "GPU")
    made.ensure_initialized()
    return made


class Twins:
    """Variables of the second context in place of those of the first one that a function captures.

    Contexts share the memory of tensors, but a variable's handle is good in its own context alone. A twin keeps the
    values of its last call.

    Args:
        captured: the tensors that a function captures, handles of variables among them, and of no other resource.

    Attributes:
        captured: the same, with handles of the twins.
    """

    def __init__(self, captured: Sequence[Any]) -> None:
        self._pairs = [(each, _twin(each)) for each in captured if each.dtype == tf.resource]
        twins = (twin for _, twin in self._pairs)
        self.captured = [next(twins) if each.dtype == tf.resource else each for each in captured]

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Give the twins the variables' values for a block, and take them back at its end, unless it raises."""
        first, second = context.context(), two_threads()
        for handle, twin in self._pairs:
            _assign(second, twin, _read(first, handle))
        yield
        for handle, twin in self._pairs:
            _assign(first, handle, _read(second, twin))


def _twin(handle: Any) -> Any:
    (data,) = handle._handle_data.shape_and_type
    attributes = (
        "container",
        "",
        "shared_name",
        context.anonymous_name(),
        "dtype",
        data.dtype,
        "shape",
        tf.TensorShape(data.shape),
    )
    (twin,) = execute.execute("VarHandleOp", 1, [], attributes, two_threads())
    twin._handle_data = handle._handle_data
    return twin


def _read(where: Any, handle: Any) -> Any:
    (value,) = execute.execute("ReadVariableOp", 1, [handle], ("dtype", _dtype(handle)), where)
    return value


def _assign(where: Any, handle: Any, value: Any) -> None:
    attributes = ("dtype", _dtype(handle), "validate_shape", False)
    execute.execute("AssignVariableOp", 0, [handle, value], attributes, where)


def _dtype(handle: Any) -> int:
    dtype: int = handle._handle_data.shape_and_type[0].dtype
    return dtype
