"""Names inside a traced program that depend on the program alone.

XLA's key of a compiled program on disk contains the names of its functions and operations. TensorFlow numbers functions
as they come in a process, and Keras numbers models and optimisers. Only a process that had traced the same programs
before, in the same order, would have found one on disk.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from threading import Lock
from types import ModuleType
from typing import Any

from keras.src.backend.common import global_state
from tensorflow.python.eager.polymorphic_function import concrete_function
from tensorflow.python.ops import control_flow_util_v2

# Keras's attribute, one for each thread, with the number of times that it has given each name.
GIVEN = "object_name_uids"

_current: ContextVar["Names | None"] = ContextVar("_current", default=None)
_taken: Counter[str] = Counter()
_taking = Lock()


class Names:
    """The names of one program.

    Args:
        name: equal for programs that trace the same, in any process. Each trace of a process gets another name of
            the same length: TensorFlow refuses two functions of one name.

    Attributes:
        name: part of the names of all functions of the program.
    """

    def __init__(self, name: str) -> None:
        with _taking:
            _taken[name] += 1
            number = _taken[name]
        self.name = _numbered(name, number)
        self._numbers = count()

    @contextmanager
    def used(self) -> Iterator[None]:
        """Give these names to all functions that the block traces."""
        token = _current.set(self)
        try:
            with renumbered():
                yield
        finally:
            _current.reset(token)

    def next(self) -> str:
        """Return the next function's name."""
        return f"{self.name}_{next(self._numbers)}"


def lasting(name: str) -> str:
    """Return the name that stands for those of all traces, of the same length."""
    return _numbered(name, 0)


def _numbered(name: str, number: int) -> str:
    return f"{name}_{number:08x}"


@contextmanager
def renumbered() -> Iterator[None]:
    """Let Keras number the names that it gives in the block as in a new process."""
    given = global_state.get_global_attribute(GIVEN)
    global_state.set_global_attribute(GIVEN, defaultdict(int))
    try:
        yield
    finally:
        global_state.set_global_attribute(GIVEN, defaultdict(int) if given is None else given)


class _Operations:
    """TensorFlow's module `ops`, whose `uid` ends the names of functions."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def uid(self) -> Any:
        """Return a name of the current program, or TensorFlow's number outside of `Names.used`."""
        names = _current.get()
        return names.next() if names else self._module.uid()


# The two modules that name functions. Other modules use such numbers as numbers.
for _module in (concrete_function, control_flow_util_v2):
    _module.ops = _Operations(_module.ops)
