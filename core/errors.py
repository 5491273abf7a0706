"""Everything that can go wrong in a way the caller can do something about.

    LabError
    ├── NotFound          what was asked for does not exist
    ├── Conflict          the request is sound, the state of things forbids it
    │   ├── ClaimLost     another worker owns the experiment now, or it is gone
    │   └── Misplaced     epochs that do not follow on those that are stored; `problems` says which would
    ├── Invalid           the request makes no sense; `problems` says where and why
    └── Unavailable       something outside (database, broker) does not answer; try again
        └── DatabaseTooNew  a later version has migrated the database: this one keeps away from it

No HTTP numbers here: the API keeps one table from kind to status.
"""

from dataclasses import dataclass


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
    """The request makes no sense as it stands."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


class Unavailable(LabError):
    """Something outside this process does not answer. Nothing was changed; try again."""


class DatabaseTooNew(Unavailable):
    """A later version has migrated the database; this one neither reads nor writes it. Trying again does not help."""


def shorten(value: object, limit: int = 80) -> str:
    """How a received value is shown: its repr, cut so that an error never echoes a megabyte."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
