"""Values that a process makes once, or whose first error it keeps."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

Made = TypeVar("Made")


def once(make: Callable[[], Made]) -> Callable[[], Made]:
    """Let the first thread that needs a value make it. If that fails, every later call raises the first error again.

    Imports that have failed halfway cannot be made again: the second error would say nothing about the first.
    """
    lock, made, failed = threading.Lock(), list[Made](), list[Exception]()

    @wraps(make)
    def value() -> Made:
        with lock:
            if failed:
                raise failed[0].with_traceback(None)  # it would grow with every call
            if not made:
                try:
                    made.append(make())
                except Exception as error:
                    failed.append(error)
                    raise
            return made[0]

    return value
