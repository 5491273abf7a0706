"""How a command ends: exit statuses that follow the outcome, and errors in a line instead of a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from pydantic import ValidationError

from gradlab.cli.exits import Exit, errors
from gradlab.client.connection import Refused, Unreachable
from gradlab.errors import DiskFull, Invalid, Problem, Unavailable, is_full
from gradlab.schemas.status import Status, TreatmentStatus
from gradlab.schemas.treatments import TreatmentRequest
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from gradlab.spec.problems import from_pydantic

OUTCOME = {
    Status.completed: Exit.COMPLETED,
    Status.failed: Exit.FAILED,
    Status.cancelled: Exit.CANCELLED,
}
TREATED = {
    TreatmentStatus.completed: Exit.COMPLETED,
    TreatmentStatus.failed: Exit.FAILED,
    TreatmentStatus.cancelled: Exit.CANCELLED,
}


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn what can be expected to go wrong into a line on standard error and an exit status."""
    try:
        yield
    except Invalid as error:
        _say("this makes no sense:", error.problems, error.omitted)
        raise typer.Exit(Exit.INVALID) from error
    except Refused as error:
        problems = tuple(Problem(**each.model_dump()) for each in error.problem.errors)
        _say("the service refused:" if problems else error.problem.detail, problems, error.problem.errors_omitted)
        raise typer.Exit(Exit.INVALID) from error
    except (Unreachable, Unavailable) as error:
        _say(str(error))
        raise typer.Exit(Exit.UNREACHABLE) from error
    except OSError as error:
        if not is_full(error):
            raise
        _say(str(DiskFull()))
        raise typer.Exit(Exit.UNREACHABLE) from error
    except SystemExit as error:
        if not isinstance(error.code, str):  # a text is how the application says that it will not start
            raise
        _say(error.code)
        raise typer.Exit(Exit.INVALID) from error


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


def read_treatment(remedies: list[str] | None, seeds: int, budget: int) -> TreatmentRequest:
    """What is asked for on the command line; `a+b` are two remedies together.

    Raises:
        Invalid: there is no such remedy, or a number is too small.
    """
    asked = [each.split("+") for each in remedies] if remedies else None
    try:
        return TreatmentRequest.model_validate({"remedies": asked, "seeds": seeds, "budget": budget})
    except ValidationError as error:
        raise Invalid(*from_pydantic(error.errors(include_url=False))) from error


def _say(message: str, problems: tuple[Problem, ...] = (), omitted: int = 0) -> None:
    errors.print(f"gradlab: {message}", style="red", highlight=False, markup=False, soft_wrap=True)
    for problem in problems:
        errors.print(f"  {problem}", highlight=False, markup=False)
    if omitted:
        errors.print(f"  and {omitted:,} more", highlight=False, markup=False)
