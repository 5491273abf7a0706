"""A traced function, compiled by XLA where XLA can."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

# Every architecture is traced by itself: TensorFlow warns of that after the fifth.
tf.get_logger().setLevel("ERROR")


class Compiled:
    """Traces a function at its first call, and compiles it.

    Args:
        function: of tensors, and in the words of TensorFlow alone: looking for Python loops to convert would double
            the time that tracing takes.
        jit: whether XLA is to compile it; otherwise it stays a plain graph.

    Attributes:
        jit: whether XLA compiles it; False once it turned out that it cannot.
    """

    def __init__(self, function: Callable[..., Any], *, jit: bool) -> None:
        self._function, self.jit = function, jit
        self._traced = self._made()

    def __call__(self, *arguments: Any) -> Any:
        """Call it; what XLA cannot compile is called as a plain graph from then on."""
        try:
            return self._traced(*arguments)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
            if not self.jit:
                raise
            # An operation without an XLA kernel is found out before anything runs, so nothing has changed yet.
            self.jit = False
            self._traced = self._made()
            return self._traced(*arguments)

    def trace(self, *arguments: Any) -> None:
        """Trace it for arguments of these shapes, without calling it."""
        self._traced.get_concrete_function(*arguments)

    @property
    def traces(self) -> int:
        """How often it was traced: once for all arguments of one shape."""
        count: int = self._traced.experimental_get_tracing_count()
        return count

    def _made(self) -> Any:
        return tf.function(self._function, jit_compile=self.jit or None, autograph=False)
