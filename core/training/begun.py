"""Work that was begun in another thread."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import Lock
from typing import Any


class Begun:
    """Work that is begun once, in a thread of its own.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name, self._lock = name, Lock()
        self._work: Future[None] | None = None

    def begin(self, work: Callable[..., Any], *arguments: Any) -> None:
        """Begin the work, unless that was done before. Its result is not kept."""
        with self._lock:
            if self._work is None:
                thread = ThreadPoolExecutor(1, self._name)
                self._work = thread.submit(copy_context().run, _done, work, arguments)
                thread.shutdown(wait=False)

    def wait(self) -> None:
        """Wait for the end of the work, if it has begun. Raises what it raised; it may begin anew then."""
        if (work := self._work) is None:
            return
        try:
            work.result()
        except BaseException:
            with self._lock:
                if self._work is work:  # another waiter may have been first, and other work may have begun since
                    self._work = None
            raise


def _done(work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    work(*arguments)
