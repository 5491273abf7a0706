"""Implementation of `gradlab doctor`."""

from contextlib import nullcontext
from json import dumps, loads
from pathlib import Path
from typing import Any

import typer

from gradlab.cli import actions
from gradlab.cli.doctor import DoctorDisplay
from gradlab.cli.exits import Exit, console
from gradlab.cli.export import check_place, reporting_failure
from gradlab.cli.outcome import in_one_line, interruptible
from gradlab.client.doctoring import Examination, Outcome, examine

EXIT: dict[Outcome, Exit] = {
    "healthy": Exit.COMPLETED,
    "at risk": Exit.AT_RISK,
    "cured": Exit.CURED,
    "not cured": Exit.NOT_CURED,
    "undecided": Exit.UNDECIDED,
    "not trained": Exit.FAILED,
}
ENDINGS: dict[Outcome, str] = {
    "healthy": "Nothing is wrong with this training.",
    "at risk": "It learns on every seed, and may not on others: see the root cause.",
    "cured": "A change is proved to cure it. Try it in your own script.",
    "not cured": "The cause is known; no change that was tried is proved to cure it.",
    "undecided": "The evidence does not settle whether something is wrong.",
    "not trained": "The training did not end, so there is no answer.",
}
# Of a training that learns because the service has numbered the classes.
NUMBERED = "It learns, with the classes numbered from 0. Number them in your own script as well."


def doctor(
    model: Path,
    data: Path,
    validation: Path | None,
    budget: float,
    save: Path | None,
    json: bool,
    choices: dict[str, Any],
    url: str | None,
) -> None:
    """Examine a Keras model on samples, print what is found, and exit with the outcome.

    Raises:
        typer.Exit: always.
    """
    with in_one_line(), interruptible("what has been begun goes on; `gradlab list` shows it"):
        check_place("--save", save)
        with nullcontext() if json else DoctorDisplay(console) as display:
            show = display.show if display else _silent
            client = actions.connect(url)
            examination = examine(client, model, data, validation=validation, budget=budget, progress=show, **choices)
        program = examination.program
        if save is not None and program is not None:
            with reporting_failure(save):
                save.write_text(program)
    if json:
        typer.echo(dumps(_as_json(examination)))
    else:
        _print_ending(examination, save if program else None)
    raise typer.Exit(EXIT[examination.outcome])


def _silent(part: str, examination: Examination) -> None:
    """Show nothing."""


def _print_ending(examination: Examination, save: Path | None) -> None:
    outcome = examination.outcome
    console.print(f"[bold]{NUMBERED if examination.numbering else ENDINGS[outcome]}[/bold]", soft_wrap=True)
    if save is not None:
        console.print(f"The whole program, with the change: {save}", markup=False, soft_wrap=True)
    shares = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in examination.seconds.items())
    console.print(f"{sum(examination.seconds.values()):.1f} s in all: {shares}", style="dim", soft_wrap=True)


def _as_json(examination: Examination) -> dict[str, Any]:
    parts = ("dataset", "draft", "triage", "experiment", "diagnosis", "treatment")
    answers = {part: getattr(examination, part) for part in parts}
    dumped = {part: loads(each.model_dump_json(by_alias=True)) if each else None for part, each in answers.items()}
    more = {"seconds": examination.seconds, "program": examination.program}
    return {"outcome": examination.outcome, **more, **dumped}
