"""Errors that a caller can do something about.

    LabError
    ├── NotFound          the requested thing does not exist
    ├── Conflict          the request is valid, but the present state forbids it
    │   ├── ClaimLost     another worker owns the experiment now, or the experiment was deleted
    │   └── Misplaced     the sent epochs do not continue the stored ones; `problems` names those that would
    ├── Invalid           the request is wrong; `problems` names each field and the reason
    └── Unavailable       the database, the broker or the disk fails; try again
        ├── DiskFull        nothing can be stored; stored data can still be read
        └── DatabaseTooNew  a later version has migrated the database; this version does not use it

This module has no HTTP status codes. The API maps each kind of error to its status in one table.
"""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
# Problems that one error names; the rest are counted. A reader seldom needs more at a time.
MAX_PROBLEMS = 50
# Python does not print integers of more than 4300 digits, which is about 14,284 bits.
MAX_SHOWN_BITS = 14_000
# Characters of an exception's text that a person is shown. The worker's log has the whole text and the stack.
MAX_REASON = 300
# Lines that TensorFlow writes around the reason: headings, and where a node was defined.
AROUND_REASON = re.compile(
    r"Graph execution error|Detected at node|Traceback|most recent call last|stack traces? unavailable"
    r"|^\d+ root error|^\s(?!\s*\(\d+\))"  # indented lines are a stack, except numbered reasons such as "  (0) ..."
)
# Marks inside a line: a reason's number, and the names of the node and of the operation.
MARKS = re.compile(r"^\s*\(\d+\)|\{\{(function_)?node [^}]*\}\}|\[Op:[^\]]*\]|\[\[.*")


@dataclass(frozen=True)
class Problem:
    """One error in an input.

    Attributes:
        field: path of the field, in the caller's notation: ``model.layers[2].units``.
        expected: the values that are accepted, and the fix where there is an obvious one.
        received: the value that was sent, shortened.
    """

    field: str
    expected: str
    received: str

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}; received {self.received}"


class LabError(Exception):
    """Base class of all errors here. The message is written for the person who made the request."""


class NotFound(LabError):
    """The requested thing does not exist."""


class Conflict(LabError):
    """The request is valid, but the present state forbids it."""


class ClaimLost(Conflict):
    """Another worker owns the experiment now, or it was deleted. The caller stops and writes nothing more."""


class Misplaced(Conflict):
    """The sent epochs do not continue the stored ones, or differ from them. Nothing was stored."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


class Invalid(LabError):
    """The request is wrong and has to be changed.

    Args:
        problems: its errors, in the order of its fields; the first `MAX_PROBLEMS` are kept.
        omitted: number of further errors that the caller does not pass.

    Attributes:
        problems: the errors that are kept.
        omitted: number of all others: those given as `omitted`, and those beyond `MAX_PROBLEMS`.
    """

    def __init__(self, *problems: Problem, omitted: int = 0) -> None:
        self.problems = problems[:MAX_PROBLEMS]
        self.omitted = omitted + len(problems) - len(self.problems)
        super().__init__(summary(self.problems, self.omitted))


def summary(problems: Sequence[Problem], omitted: int = 0) -> str:
    """Return all `problems` in one line, with the number of those that were omitted."""
    more = [f"and {omitted:,} more"] if omitted else []
    return "; ".join([*map(str, problems), *more])


class Unavailable(LabError):
    """The database, the broker or the disk fails. Nothing was changed; try again."""


class DiskFull(Unavailable):
    """The disk is full. Stored data can be read; nothing can be written until there is room."""

    def __init__(self) -> None:
        super().__init__("The disk is full: nothing can be stored until there is room again.")


class DatabaseTooNew(Unavailable):
    """A later version has migrated the database. This version does not use it, so trying again does not help."""


class EndsTraining(Exception):
    """Raised by a callback's listener to end the training. All its other exceptions are kept from `model.fit`."""


def shorten(value: object, limit: int = 80) -> str:
    """Return the repr of a received value, cut to `limit` characters.

    The time it takes does not grow with the size of the value.
    """
    text = ""
    for piece in _pieces(value, limit):
        text += piece
        if len(text) > limit:
            return f"{text[: limit - 1]}…"
    return text


def _pieces(value: object, limit: int) -> Iterator[str]:
    """Yield the repr of a value in pieces, so that the caller can stop early."""
    if isinstance(value, str | bytes):
        yield repr(value[: limit + 1])
    elif type(value) is int and value.bit_length() > MAX_SHOWN_BITS:
        yield f"a number of {value.bit_length()} bits"
    elif type(value) in (list, tuple) and isinstance(value, list | tuple):
        opening, closing = "[]" if isinstance(value, list) else ("(", ",)" if len(value) == 1 else ")")
        yield opening
        for place, item in enumerate(value):
            yield ", " if place else ""
            yield from _pieces(item, limit)
        yield closing
    elif type(value) is dict and isinstance(value, dict):
        yield "{"
        for place, (name, item) in enumerate(value.items()):
            yield f"{', ' if place else ''}"
            yield from _pieces(name, limit)
            yield ": "
            yield from _pieces(item, limit)
        yield "}"
    else:
        yield repr(value)


def reason(failure: BaseException) -> str:
    """Return one line on a failure: the exception's class, and the first line of its text that gives the reason.

    TensorFlow's texts have about twenty lines, most of them on where a graph was defined.
    """
    kind = type(failure).__name__
    for line in str(failure).splitlines():
        text = "" if AROUND_REASON.search(line) else " ".join(MARKS.sub("", line).split())
        if text.strip(" .:"):
            return f"{kind}: {text if len(text) <= MAX_REASON else text[: MAX_REASON - 1] + '…'}"
    return kind


def is_full(error: BaseException | None) -> bool:
    """True if a full disk caused the error. Libraries in C++ raise other classes, so texts are compared too."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            return True
        if any(os.strerror(each) in str(error) for each in DISK_FULL):
            return True
        error = error.__cause__ or error.__context__
    return False
