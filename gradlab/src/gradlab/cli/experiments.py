"""Experiments in the terminal: the list, the state of one, and what one will cost."""

from collections.abc import Iterable

from rich.box import SIMPLE
from rich.console import Group, OverflowMethod
from rich.table import Table
from rich.text import Text

from gradlab.cli.diagnosis import COLOURS
from gradlab.diagnosis.summary import summary_of
from gradlab.schemas.diagnosis import DiagnosisResponse
from gradlab.schemas.experiments import ExperimentResponse, ValidationResponse

ID_WIDTH = 36  # ids are copied from the list, and must not be shortened


def render_list(experiments: Iterable[ExperimentResponse]) -> Table:
    """Render a table with a row for each experiment: verdict and root cause first."""
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    for name in ("verdict", "root cause", "id", "status", "epochs", "submitted", "name"):
        of_words = name in ("root cause", "name")
        overflow: OverflowMethod = "fold" if name == "root cause" else "ellipsis"
        table.add_column(name, overflow=overflow, no_wrap=not of_words, min_width=ID_WIDTH if name == "id" else None)
    for experiment in experiments:
        summary = experiment.diagnosis
        table.add_row(
            Text(summary.verdict, style=COLOURS[summary.verdict]) if summary else "",
            summary.root_cause if summary else "",
            str(experiment.id),
            "silent" if experiment.is_silent else experiment.status,
            f"{experiment.progress.epochs_done}/{experiment.progress.epochs_total}",
            f"{experiment.created_at:%Y-%m-%d %H:%M:%S}",
            experiment.name,
        )
    return table


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
    )


def verdict_line(diagnosis: DiagnosisResponse) -> Text:
    """Render verdict, root cause, confidence and the number of unjudged rules as one line."""
    return Text(str(summary_of(diagnosis)), style=f"bold {COLOURS[diagnosis.verdict]}")


def state_of(experiment: ExperimentResponse) -> str:
    """Return the status, with the reason why a run was stopped and the error, if there are any."""
    stopped = f", a run was stopped: {experiment.stopped_by}" if experiment.stopped_by else ""
    error = f" ({experiment.error})" if experiment.error else ""
    silent = ", silent" if experiment.is_silent else ""
    return f"{experiment.status}{silent}{stopped}{error}"
