"""How a command ends: exit statuses that follow the outcome, and errors in a line instead of a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

import typer
from rich.console import Console

from api.client import Refused, Unreachable
from core.errors import Invalid, Problem, Unavailable
from core.spec import ExperimentSpec
from core.spec.experiment import parse
from core.store import Status

console = Console()
errors = Console(stderr=True)


class Exit(IntEnum):
    """The exit statuses of every command."""

    COMPLETED = 0
    FAILED = 1
    INVALID = 2
    CANCELLED = 3
    UNREACHABLE = 4


EPILOG = (
    "Exit status: 0 completed (a run that diverged is a result), 1 failed, 2 wrong usage or invalid spec, "
    "3 cancelled, 4 the service or its database cannot be reached."
)

OUTCOME = {
    Status.completed: Exit.COMPLETED,
    Status.failed: Exit.FAILED,
    Status.cancelled: Exit.CANCELLED,
}


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn what can be expected to go wrong into a line on standard error and an exit status."""
    try:
        yield
    except Invalid as error:
        _say(str(error) if not error.problems else "the spec is invalid:", error.problems)
        raise typer.Exit(Exit.INVALID) from error
    except Refused as error:
        problems = tuple(Problem(**each.model_dump()) for each in error.problem.errors)
        _say("the service refused:" if problems else error.problem.detail, problems)
        raise typer.Exit(Exit.INVALID) from error
    except (Unreachable, Unavailable) as error:
        _say(str(error))
        raise typer.Exit(Exit.UNREACHABLE) from error


def read_spec(path: Path) -> ExperimentSpec:
    """The spec in a file; `-` is standard input.

    Raises:
        Invalid: it is no sound spec, or there is no such file.
    """
    try:
        text = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise Invalid(Problem(str(path), "a file with a spec", error.strerror or "nothing")) from error
    return parse(text)


def _say(message: str, problems: tuple[Problem, ...] = ()) -> None:
    errors.print(f"gradlab: {message}", style="red", highlight=False, markup=False)
    for problem in problems:
        errors.print(f"  {problem}", highlight=False, markup=False)
