"""Ends of commands: exit statuses for outcomes, and messages in place of tracebacks. Input of commands."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError

from gradlab.cli.exits import Exit, errors
from gradlab.client.connection import AnotherProgram, NoAnswer, Refused, Unreachable
from gradlab.errors import DiskFull, Invalid, Problem, Unavailable, is_full
from gradlab.schemas.problem import ProblemDocument
from gradlab.schemas.status import Status, TreatmentStatus
from gradlab.schemas.treatments import TreatmentRequest
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from gradlab.spec.problems import THE_BODY, from_pydantic

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
UNAUTHORIZED, NO_SUCH_PATH = 401, 404
KEY_NEEDED = (
    "the service answers only to its API key, and received none or another one: set GRADLAB_API_KEY to the key with "
    "which the service was started"
)
# What to do about an address, after what is wrong with it.
ADDRESS_ADVICE: dict[type[Exception], str] = {
    NoAnswer: "; start a service there with `gradlab serve`, or name another address with --url or GRADLAB_URL",
    AnotherProgram: ": it is another program, or a service of another version; name another address with --url or "
    "GRADLAB_URL",
}
PATH_ADVICE = ": the service does not know this path; --url and GRADLAB_URL name an address without one"
# What shows the ids that there are, by the beginning of the detail about one that there is not.
LIST_ADVICE = {"There is no experiment ": "gradlab list", "There is no study ": "gradlab studies list"}


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn expected errors into a message on standard error and an exit status.

    Raises:
        typer.Exit: an expected error was raised in the block.
    """
    try:
        yield
    except Invalid as error:
        _print_error("invalid input:", error.problems, error.omitted)
        raise typer.Exit(Exit.INVALID) from error
    except Refused as error:
        _print_refusal(error.problem)
        raise typer.Exit(Exit.INVALID) from error
    except (Unreachable, Unavailable) as error:
        _print_error(f"{error}{ADDRESS_ADVICE.get(type(error), '')}")
        raise typer.Exit(Exit.UNREACHABLE) from error
    except OSError as error:
        if not is_full(error):
            raise
        _print_error(str(DiskFull()))
        raise typer.Exit(Exit.UNREACHABLE) from error
    except SystemExit as error:
        if not isinstance(error.code, str):  # a text is the reason why the application does not start
            raise
        _print_error(error.code)
        raise typer.Exit(Exit.INVALID) from error


def read_spec(path: Path) -> ExperimentSpec:
    """Read the spec in a file; `-` is standard input.

    Raises:
        Invalid: the spec is invalid, or the file cannot be read.
    """
    return _parsed(text_of(path), path)


def spec_to_send(path: Path) -> ExperimentSpec | dict[str, Any]:
    """Read the spec in a file; one on an uploaded dataset as JSON's values, which the service completes and checks.

    Raises:
        Invalid: the spec is invalid, or the file cannot be read.
    """
    text = text_of(path)
    with suppress(ValueError):
        fields = json.loads(text)
        dataset = fields.get("dataset") if isinstance(fields, dict) else None
        if isinstance(dataset, dict) and dataset.get("kind") == "uploaded":
            return dict(fields)
    return _parsed(text, path)


def text_of(path: Path) -> bytes:
    """Read a file; `-` is standard input. Raises Invalid."""
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise Invalid(Problem(str(path), "a file with a spec", error.strerror or "nothing")) from error


def _parsed(text: bytes, path: Path) -> ExperimentSpec:
    try:
        return parse(text)
    except Invalid as error:
        file = "standard input" if str(path) == "-" else str(path)
        problems = (replace(each, field=file) if each.field == THE_BODY else each for each in error.problems)
        raise Invalid(*problems, omitted=error.omitted) from error


def read_treatment(remedies: list[str] | None, seeds: int, budget: int, *, fresh: bool) -> TreatmentRequest:
    """Build the request of a treatment from options; `a+b` are two remedies together.

    Raises:
        Invalid: a remedy is unknown, or a number is out of bounds.
    """
    changes = [names.split("+") for names in remedies] if remedies else None
    try:
        start = "fresh" if fresh else "kept"
        fields = {"remedies": changes, "seeds": seeds, "budget": budget, "initial_weights": start}
        return TreatmentRequest.model_validate(fields)
    except ValidationError as error:
        raise Invalid(*from_pydantic(error.errors(include_url=False))) from error


@contextmanager
def interruptible(goes_on: str) -> Iterator[None]:
    """Turn Ctrl-C into a message that says what goes on, and an exit status.

    Raises:
        typer.Exit: Ctrl-C was pressed in the block.
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        errors.print(f"gradlab: {goes_on}", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(Exit.INTERRUPTED) from interrupt


def _print_refusal(document: ProblemDocument) -> None:
    problems = tuple(Problem(**problem.model_dump()) for problem in document.errors)
    if document.status == UNAUTHORIZED:
        _print_error(KEY_NEEDED)
    elif problems:
        _print_error("the service refused the request:", problems, document.errors_omitted)
    else:
        # Of a path that no route has, the detail is the status' own name.
        is_unknown_path = document.status == NO_SUCH_PATH and document.detail == document.title
        listing = next((LIST_ADVICE[each] for each in LIST_ADVICE if document.detail.startswith(each)), None)
        advice = f" `{listing}` shows those that there are." if listing else PATH_ADVICE * is_unknown_path
        _print_error(document.detail + advice)


def _print_error(message: str, problems: tuple[Problem, ...] = (), omitted: int = 0) -> None:
    """Print a message with its problems: one of them on the same line, several on lines of their own."""
    if len(problems) == 1 and not omitted:
        message, problems = f"{message} {problems[0]}", ()
    errors.print(f"gradlab: {message}", style="red", highlight=False, markup=False, soft_wrap=True)
    for problem in problems:
        errors.print(f"  {problem}", highlight=False, markup=False, soft_wrap=True)
    if omitted:
        errors.print(f"  and {omitted:,} more", highlight=False, markup=False)
