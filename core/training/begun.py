"""Work that was begun in another thread."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Begun:
    """Work that is begun once, in a thread of its own.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._work: Future[Any] | None = None

    def begin(self, work: Callable[..., Any], *arguments: Any) -> None:
        """Begin the work, unless that was done before. Its result is not kept."""
        if self._work is None:
            thread = ThreadPoolExecutor(1, self._name)
            self._work = thread.submit(_done, work, arguments)
            thread.shutdown(wait=False)

    def wait(self) -> None:
        """Wait for the end of the work, if it has begun. Raises what it raised; it may begin anew then."""
        if (work := self._work) is None:
            return
        try:
            work.result()
        except BaseException:
            self._work = None
            raise


def _done(work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    work(*arguments)
