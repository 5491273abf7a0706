"""Everything that can go wrong in a way the caller can do something about.

    LabError
    ├── NotFound          what was asked for does not exist
    ├── Conflict          the request is sound, the state of things forbids it
    │   ├── ClaimLost     another worker owns the experiment now, or it is gone
    │   └── Misplaced     epochs that do not follow on those that are stored; `problems` says which would
    ├── Invalid           the request makes no sense; `problems` says where and why
    └── Unavailable       something outside (database, broker) does not answer; try again
        ├── DiskFull        there is no room to store anything; what is stored can be read
        └── DatabaseTooNew  a later version has migrated the database: this one keeps away from it

No HTTP numbers here: the API keeps one table from kind to status.
"""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
# An error names so many problems at most and counts the rest: more than anybody reads at a time.
MAX_PROBLEMS = 50
# Python refuses to write out integers of more than 4300 digits.
MAX_SHOWN_BITS = 14_000
# Of an exception's text a person sees so much; the whole of it, and the stack, are in the worker's log.
MAX_REASON = 300
# What TensorFlow writes around the reason: headings, where a node was made, which node and operation it was.
AROUND_REASON = re.compile(
    r"Graph execution error|Detected at node|Traceback|most recent call last|stack traces? unavailable"
    r"|^\d+ root error|^\s(?!\s*\(\d+\))"  # what is indented is a stack, but for one of several reasons
)
MARKS = re.compile(r"^\s*\(\d+\)|\{\{(function_)?node [^}]*\}\}|\[Op:[^\]]*\]|\[\[.*")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input.

    Attributes:
        field: where, as the caller wrote it: ``model.layers[2].units``.
        expected: what would have been accepted, and the fix where one is known.
        received: what came instead, shortened.
    """

    field: str
    expected: str
    received: str

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}; received {self.received}"


class LabError(Exception):
    """The root. The message is written for the person who made the request."""


class NotFound(LabError):
    """What was asked for does not exist."""


class Conflict(LabError):
    """The request is sound, but the state of things forbids it."""


class ClaimLost(Conflict):
    """Another worker owns the experiment now, or the experiment is gone: stop, and write nothing more."""


class Misplaced(Conflict):
    """Epochs that were sent do not follow on those that are stored, or differ from them. Nothing was stored."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


class Invalid(LabError):
    """The request makes no sense as it stands.

    Args:
        problems: what is wrong with it, in the order of its fields; the first `MAX_PROBLEMS` are kept.
        omitted: how many more there are.

    Attributes:
        problems: those that are named.
        omitted: how many more there are, those cut off here among them.
    """

    def __init__(self, *problems: Problem, omitted: int = 0) -> None:
        self.problems = problems[:MAX_PROBLEMS]
        self.omitted = omitted + len(problems) - len(self.problems)
        super().__init__(summary(self.problems, self.omitted))


def summary(problems: Sequence[Problem], omitted: int = 0) -> str:
    """All `problems` in one line, and how many more there are."""
    more = [f"and {omitted:,} more"] if omitted else []
    return "; ".join([*map(str, problems), *more])


class Unavailable(LabError):
    """Something outside this process does not answer. Nothing was changed; try again."""


class DiskFull(Unavailable):
    """There is no room to store anything. What is stored can be read, and nothing else than room is missing."""

    def __init__(self) -> None:
        super().__init__("The disk is full: nothing can be stored until there is room again.")


class DatabaseTooNew(Unavailable):
    """A later version has migrated the database; this one neither reads nor writes it. Trying again does not help."""


class EndsTraining(Exception):
    """Raised by a callback's listener on purpose: the one exception that passes into `model.fit`."""


def shorten(value: object, limit: int = 80) -> str:
    """How a received value is shown: its repr, cut so that an error never echoes a megabyte.

    It takes no longer for a large value than for a small one.
    """
    text = ""
    for piece in _pieces(value, limit):
        text += piece
        if len(text) > limit:
            return f"{text[: limit - 1]}…"
    return text


def _pieces(value: object, limit: int) -> Iterator[str]:
    """The repr of a value, piece by piece, so that it can be left off where enough has come."""
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
    """Why something failed, in one line: the kind of the exception, and the first line of its text that says why.

    TensorFlow's texts are mostly about where a graph was made, and go on for twenty lines.
    """
    kind = type(failure).__name__
    for line in str(failure).splitlines():
        text = "" if AROUND_REASON.search(line) else " ".join(MARKS.sub("", line).split())
        if text.strip(" .:"):
            return f"{kind}: {text if len(text) <= MAX_REASON else text[: MAX_REASON - 1] + '…'}"
    return kind


def is_full(error: BaseException | None) -> bool:
    """Whether an error goes back to a disk without room; libraries in C++ say so by its text alone."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            return True
        if any(os.strerror(each) in str(error) for each in DISK_FULL):
            return True
        error = error.__cause__ or error.__context__
    return False
