"""A traced function, compiled by XLA if XLA supports its operations."""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError

from core.plan.architecture import hashed
from core.training import kept_definitions
from core.training.definitions import Called, trace
from gradlab.errors import reason

# TensorFlow warns after the fifth trace of a function; here each architecture is traced once, on purpose.
tf.get_logger().setLevel("ERROR")


class Compiled:
    """A function that is traced and compiled at its first call, or found on disk.

    Args:
        function: a function of tensors that uses TensorFlow's operations alone. Python loops over tensors are not
            converted: AutoGraph would double the time of tracing.
        jit: True to compile with XLA, False for a plain graph.
        name: equal for functions of one qualified name that are traced the same, whatever the process. Other processes
            find the function by it on disk. None for a function that is not kept.
        variables: the Keras variables that it may read or change, in an order that hangs on the name alone. A function
            that captures anything else is not kept.
        rewritten: True if TensorFlow shall rewrite a plain graph before it runs: worth it for what is called often.
        large: True if each of its kernels shall work with two threads, where a processor runs them.

    Attributes:
        jit: True while XLA compiles it; False after XLA has rejected an operation.
        refusal: XLA's reason then.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        jit: bool,
        name: str | None = None,
        variables: Sequence[Any] = (),
        rewritten: bool = True,
        large: bool = False,
    ) -> None:
        self._function, self.jit, self._name, self._variables = function, jit, name, variables
        self.refusal: str | None = None
        self._rewritten, self._large = rewritten, large and not tf.config.get_visible_devices("GPU")
        self._called: dict[str, Called] = {}
        self._making = Lock()

    def __call__(self, *arguments: Any) -> Any:
        """Call the function; if XLA cannot compile it, use a plain graph from then on.

        Returns:
            The nest that the function returns, with lists in place of tuples.
        """
        try:
            return self._for(arguments)(*arguments)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as refusal:
            if not self.jit:
                raise
            # XLA rejects an unsupported operation before anything runs, so no variable has changed yet.
            self.jit, self.refusal = False, reason(refusal)
            return self._for(arguments)(*arguments)

    def trace(self, *arguments: Any) -> None:
        """Trace the function for arguments of these shapes, which a call then uses. Nothing runs."""
        self._for(arguments)

    @property
    def traces(self) -> int:
        """Number of functions that were traced or found so far: one for each set of argument shapes."""
        return len(self._called)

    def _for(self, arguments: Sequence[Any]) -> Called:
        """Return the function for arguments of these shapes."""
        tensors = tf.nest.map_structure(tf.convert_to_tensor, arguments)
        shapes = [(each.dtype.name, str(each.shape)) for each in tf.nest.flatten(tensors)]
        traced_as = hashed(repr((self._name, self._function.__qualname__, self.jit, shapes)))
        with self._making:
            if traced_as not in self._called:
                self._called[traced_as] = self._made(traced_as, tensors)
            return self._called[traced_as]

    def _made(self, traced_as: str, arguments: Sequence[Any]) -> Called:
        devices = sorted({each.device_type for each in tf.config.get_visible_devices()})  # Keras asks for a GPU
        key, name = kept_definitions.key_of(f"{traced_as} {devices}"), traced_as[:16]
        if self._name and (kept := self._kept(key, name)):
            return kept
        definition, captured = trace(self._function, arguments, jit=self.jit, name=name, variables=self._variables)
        if self._name:
            kept_definitions.write(key, definition)
        return Called(definition, name, captured, rewritten=self._rewritten, large=self._large)

    def _kept(self, key: str, name: str) -> Called | None:
        """Return the function by its definition on disk; None if there is none that can be used."""
        definition = kept_definitions.read(key)
        if definition is None or definition.captured is None:
            return None
        try:
            captured = [self._variables[place].value.handle for place in definition.captured]
            return Called(definition, name, captured, rewritten=self._rewritten, large=self._large)
        except (DecodeError, IndexError):
            return None
