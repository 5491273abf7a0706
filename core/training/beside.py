"""Work that is done beside a training, in order, in a thread of its own."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Self

# Work that may wait: enough for the training to go on, and no more, as each piece holds what it is given.
MAX_WAITING = 2


class Beside:
    """A thread that works beside the one that uses it, in a `with` block that ends when all is done."""

    def __init__(self) -> None:
        self._thread, self._waiting = ThreadPoolExecutor(1), deque[Future[Any]]()
        self._error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def do(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Do some work after what was given before. Waits while too much is left; raises what earlier work raised.

        Work behind some that has raised is not done: its result raises the same.
        """
        done = self._thread.submit(copy_context().run, self._done, work, arguments)
        self._waiting.append(done)
        self.wait(MAX_WAITING)
        return done

    def wait(self, left: int = 0) -> None:
        """Wait until so many pieces of work are left at most. Raises what one of the others raised."""
        while len(self._waiting) > left:
            self._waiting.popleft().result()

    def _done(self, work: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        if self._error is not None:
            raise self._error
        try:
            return work(*arguments)
        except BaseException as error:
            self._error = error
            raise
