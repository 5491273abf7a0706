"""What the terminal shows of a treatment, and how it is followed."""

from rich.box import SIMPLE
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gradlab.cli.exits import console
from gradlab.client.client import Client
from gradlab.errors import Invalid, Problem
from gradlab.schemas.status import TreatmentStatus
from gradlab.schemas.treatments import TreatmentRequest, TreatmentResponse, TrialResponse
from gradlab.schemas.trials import Effect, Rate

NARROWEST = 16  # columns for the names of remedies
COLOURS = {"cures": "green", "helps": "yellow", "unproven": "yellow", "no effect": "red", "harms": "red"}


def begun(client: Client, id: str, asked: TreatmentRequest, *, go_on: bool, stop: bool) -> TreatmentResponse:
    """The treatment that is asked for: a new one, or the newest where that runs, is to go on, or is to stop."""
    newest = next(client.treatments(id), None)
    if newest and stop:
        return client.cancel_treatment(id, newest.id)
    if newest and go_on:
        return client.continue_treatment(id, newest.id)
    if newest and newest.status is TreatmentStatus.running:
        return newest
    if stop or go_on:
        raise Invalid(Problem("--cancel" if stop else "--continue", "an experiment with a treatment", id))
    return client.treat(id, asked)


def follow_treatment(client: Client, begun: TreatmentResponse) -> TreatmentResponse:
    """Wait for a treatment behind its table, which grows as trials come."""
    with Live(treatment(begun), console=console, auto_refresh=False) as live:
        return client.wait_for_treatment(begun, progress=lambda now: live.update(treatment(now), refresh=True))


def treatment(found: TreatmentResponse) -> Group:
    """Every trial in a row, and what they say together."""
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("")
    table.add_column("change", overflow="fold", min_width=NARROWEST)
    for name in ("", "ill", "95 %", "p", "effect", "signal", "cost"):
        table.add_column(name, no_wrap=name != "signal")
    for place, trial in enumerate(found.trials):
        table.add_row(*_row(trial, found, recommended=place == found.recommended))
    error = [Text(found.error, style="red")] if found.error else []
    return Group(table, Text(found.summary), *error)


def _row(trial: TrialResponse, found: TreatmentResponse, *, recommended: bool) -> list[str | Text]:
    judged = trial.judgement
    name = " + ".join(trial.remedies) or trial.role
    known = {"untreated": found.untreated, "control": found.control}.get(trial.role)
    ill = judged.ill if judged else known
    return [
        Text("▸" if recommended else "", style="bold green"),
        Text(name, style="bold" if recommended else ""),
        Text(judged.worth, style=COLOURS[judged.worth]) if judged else _state(trial),
        f"{ill.count}/{ill.of}" if ill else "",
        _interval(ill) if ill else "",
        f"{judged.p_adjusted:.1g}" if judged else "",
        _effect(judged.effect) if judged else "",
        judged.signal if judged else "",
        f"{judged.cost:.1f}×" if judged and judged.cost else "",
    ]


def _interval(share: Rate) -> str:
    return f"{share.low:.0%}–{share.high:.0%}"


def _effect(found: Effect) -> str:
    if found.mean is None:
        return ""
    around = f" ± {found.high - found.mean:.2g}" if found.high is not None else ""
    return f"{found.mean:+.2g}{around}"


def _state(trial: TrialResponse) -> str:
    if trial.stage == "training" and trial.progress:
        return f"training {trial.progress.epochs_done / max(1, trial.progress.epochs_total):.0%}"
    if trial.stage == "deferred":
        return "put off"
    return "" if trial.stage == "finished" else trial.stage
