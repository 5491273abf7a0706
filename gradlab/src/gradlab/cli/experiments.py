"""Experiments in the terminal: the list, the state of one, and what one will cost."""

from collections.abc import Iterable

from rich.box import SIMPLE
from rich.console import Group
from rich.table import Table
from rich.text import Text

from gradlab.cli.diagnosis import COLOURS
from gradlab.schemas.experiments import ExperimentResponse, ValidationResponse

SHORT_ID = 8  # commands take the beginning of an id


def render_list(experiments: Iterable[ExperimentResponse]) -> Table:
    """Render a table with a row for each experiment: its verdict first, its root cause below its name."""
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    for name in ("verdict", "id", "status", "epochs", "submitted"):
        table.add_column(name, no_wrap=True)
    table.add_column("name, root cause", overflow="fold")
    for each in experiments:
        verdict, _, status, epochs = _cells(each)
        named, behind = Text(each.name), each.diagnosis.behind_verdict if each.diagnosis else ""
        if each.trial:
            named.append(f"\ntrial of {str(each.trial.experiment_id)[:SHORT_ID]}: {each.trial}", style="dim")
        table.add_row(
            Text(verdict, style=COLOURS.get(verdict, "")),
            str(each.id)[:SHORT_ID],
            status,
            epochs,
            f"{each.created_at:%m-%d %H:%M}",
            named.append(f"\n{behind}", style="dim") if behind else named,
        )
    return table


def listed_as_text(experiments: Iterable[ExperimentResponse]) -> str:
    """Return a line for each experiment, and one of headings, for other programs: whole, with tabs between."""
    rows = [("verdict", "root cause", "id", "status", "epochs", "submitted", "name", "trial of", "trial")]
    for each in experiments:
        verdict, root_cause, status, epochs = _cells(each)
        trial = (str(each.trial.experiment_id), str(each.trial)) if each.trial else ("", "")
        rows.append((verdict, root_cause, str(each.id), status, epochs, f"{each.created_at:%FT%TZ}", each.name, *trial))
    return "\n".join("\t".join(row) for row in rows)


def _cells(experiment: ExperimentResponse) -> tuple[str, str, str, str]:
    """Verdict, root cause, status and epochs."""
    diagnosis, progress = experiment.diagnosis, experiment.progress
    status = "silent" if experiment.is_silent else str(experiment.status)
    verdict, root_cause = (diagnosis.verdict, diagnosis.root_cause or "") if diagnosis else ("", "")
    return verdict, root_cause, status, f"{progress.epochs_done}/{progress.epochs_total}"


def render_costs(validation: ValidationResponse) -> Group:
    """Render the layers of a valid spec, and the estimated cost."""
    table = Table("layer", "input", "output", "parameters")
    for layer in validation.layers:
        table.add_row(layer.layer, str(layer.input_shape), str(layer.output_shape), f"{layer.parameters:,}")
    cost = validation.estimate
    return Group(
        table,
        f"{cost.parameters:,} parameters; about {cost.seconds:.0f} s of training "
        f"({cost.seconds_interval[0]:.0f} to {cost.seconds_interval[1]:.0f} s, {cost.source}); "
        f"{cost.series_bytes / 1e6:,.2f} MB of series",
        *cost.notes,
    )


def finals_of(experiment: ExperimentResponse) -> list[dict[str, float | None]]:
    """Return the metrics of the last epoch of each run that has an epoch."""
    return [run.final_metrics for run in experiment.runs if run.final_metrics]


def state_of(experiment: ExperimentResponse) -> str:
    """Return the status, with the reason why a run was stopped and the error, if there are any."""
    stopped = f", a run was stopped: {experiment.stopped_by}" if experiment.stopped_by else ""
    error = f" ({experiment.error})" if experiment.error else ""
    silent = ", silent" if experiment.is_silent else ""
    return f"{experiment.status}{silent}{stopped}{error}"
