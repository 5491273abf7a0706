"""Treatments in the terminal: start, progress and results."""

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

MIN_NAME_WIDTH = 16  # of the column with the names of remedies
COLOURS = {"cures": "green", "helps": "yellow", "unproven": "yellow", "no effect": "red", "harms": "red"}


def start_treatment(
    client: Client, id: str, request: TreatmentRequest, *, resume: bool, stop: bool
) -> TreatmentResponse:
    """Start a treatment; or return the newest one if it runs, after it was cancelled, or after it was continued.

    Raises:
        Invalid: there is no treatment to continue or to cancel.
    """
    newest = next(client.treatments(id), None)
    if newest and stop:
        return client.cancel_treatment(id, newest.id)
    if newest and resume:
        return client.continue_treatment(id, newest.id)
    if newest and newest.status is TreatmentStatus.running:
        return newest
    if stop or resume:
        raise Invalid(Problem("--cancel" if stop else "--continue", "an experiment with a treatment", id))
    return client.treat(id, request)


def follow_treatment(client: Client, treatment: TreatmentResponse) -> TreatmentResponse:
    """Wait for the end of a treatment, with a table of its trials."""
    with Live(render_treatment(treatment), console=console, auto_refresh=False) as live:
        return client.wait_for_treatment(
            treatment, progress=lambda current: live.update(render_treatment(current), refresh=True)
        )


def render_treatment(treatment: TreatmentResponse) -> Group:
    """Render a table with a row for each trial, and the summary."""
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("")
    table.add_column("change", overflow="fold", min_width=MIN_NAME_WIDTH)
    for name in ("", "ill", "95 %", "p", "effect", "signal", "cost"):
        table.add_column(name, no_wrap=name != "signal")
    for index, trial in enumerate(treatment.trials):
        table.add_row(*_row(trial, treatment, recommended=index == treatment.recommended))
    error = [Text(treatment.error, style="red")] if treatment.error else []
    return Group(table, Text(treatment.summary), *error)


def _row(trial: TrialResponse, treatment: TreatmentResponse, *, recommended: bool) -> list[str | Text]:
    judgement = trial.judgement
    name = " + ".join(trial.remedies) or trial.role
    untreated = {"untreated": treatment.untreated, "control": treatment.control}.get(trial.role)
    ill = judgement.ill if judgement else untreated
    return [
        Text("▸" if recommended else "", style="bold green"),
        Text(name, style="bold" if recommended else ""),
        Text(judgement.worth, style=COLOURS[judgement.worth]) if judgement else _state(trial),
        f"{ill.count}/{ill.of}" if ill else "",
        _interval(ill) if ill else "",
        f"{judgement.p_adjusted:.1g}" if judgement else "",
        _effect(judgement.effect) if judgement else "",
        judgement.signal if judgement else "",
        f"{judgement.cost:.1f}×" if judgement and judgement.cost else "",
    ]


def _interval(share: Rate) -> str:
    return f"{share.low:.0%}–{share.high:.0%}"


def _effect(effect: Effect) -> str:
    if effect.mean is None:
        return ""
    interval = f" ± {effect.high - effect.mean:.2g}" if effect.high is not None else ""
    return f"{effect.mean:+.2g}{interval}"


def _state(trial: TrialResponse) -> str:
    if trial.stage == "training" and trial.progress:
        return f"training {trial.progress.epochs_done / max(1, trial.progress.epochs_total):.0%}"
    if trial.stage == "deferred":
        return "deferred"
    if trial.stage == "looking":
        return "triage"
    return "" if trial.stage == "finished" else trial.stage
