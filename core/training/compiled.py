"""A traced function, compiled by XLA if XLA supports its operations."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import tensorflow as tf

from core.training.begun import Begun
from core.training.stable_names import Names

# TensorFlow warns after the fifth trace of a function; here each architecture is traced once, on purpose.
tf.get_logger().setLevel("ERROR")


class Compiled:
    """A function that is traced and compiled at its first call.

    Args:
        function: a function of tensors that uses TensorFlow's operations alone. Python loops over tensors are not
            converted: AutoGraph would double the time of tracing.
        jit: True to compile with XLA, False for a plain graph.
        name: equal for equal functions alone; XLA finds a compiled one on disk by it. None if none is compiled.

    Attributes:
        jit: True while XLA compiles it; False after XLA has rejected an operation.
    """

    def __init__(self, function: Callable[..., Any], *, jit: bool, name: str | None = None) -> None:
        self._function, self.jit, self._names = function, jit, Names(name) if name else None
        self._traced = self._new_function()
        self._compilation = Begun("compile")

    def __call__(self, *arguments: Any) -> Any:
        """Call the function; if XLA cannot compile it, use a plain graph from then on."""
        try:
            with self._named():
                return self._traced(*arguments)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
            if not self.jit:
                raise
            # XLA rejects an unsupported operation before anything runs, so no variable has changed yet.
            self.jit = False
            self._traced = self._new_function()
            return self._traced(*arguments)

    def compile(self, *arguments: Any) -> None:
        """Begin a call of the function in another thread, which traces and compiles it, unless that was done before."""
        self._compilation.begin(self, *arguments)

    def trace(self, *arguments: Any) -> None:
        """Trace the function for arguments of these shapes, which a call then uses. Nothing runs."""
        with self._named():
            self._traced.get_concrete_function(*arguments)

    def wait(self) -> None:
        """Wait for the end of the compilation, if it has begun. Raises what it raised; another one may begin then."""
        self._compilation.wait()

    @property
    def traces(self) -> int:
        """Number of traces so far: one for each set of argument shapes."""
        count: int = self._traced.experimental_get_tracing_count()
        return count

    def _named(self) -> AbstractContextManager[None]:
        return self._names.used() if self._names else nullcontext()

    def _new_function(self) -> Any:
        return tf.function(self._function, jit_compile=self.jit or None, autograph=False)
