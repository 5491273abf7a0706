"""Experiments side by side in the terminal: verdicts, results, and what differs in their specs."""

import json
from collections.abc import Sequence
from statistics import median
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from gradlab.cli.diagnosis import COLOURS
from gradlab.cli.experiments import finals_of, state_of
from gradlab.schemas.experiments import ExperimentResponse
from gradlab.spec import AnySpec

# As many as the dashboard compares.
MIN_COMPARED, MAX_COMPARED = 2, 6
NOT_DIAGNOSED = "not diagnosed yet"


def differences_of(specs: Sequence[AnySpec]) -> list[tuple[str, list[str | None]]]:
    """Return the fields in which specs differ, each with its values: None where a spec does not set it.

    Names are no difference. A list of plain values is one field.
    """
    leaves = [dict(_leaves(json.loads(spec.canonical()))) for spec in specs]
    paths = dict.fromkeys(path for each in leaves for path in each)
    rows = [(path, [each.get(path) for each in leaves]) for path in paths if path != "name"]
    return [(path, values) for path, values in rows if len({*values}) > 1]


def _leaves(value: Any, path: str = "") -> list[tuple[str, str]]:
    if value is None:
        return []
    if isinstance(value, list) and not any(isinstance(each, (dict, list)) for each in value):
        return [(path, ", ".join(each if isinstance(each, str) else json.dumps(each) for each in value))]
    if not isinstance(value, (dict, list)):
        return [(path, value if isinstance(value, str) else json.dumps(value))]
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    return [leaf for key, each in entries for leaf in _leaves(each, f"{path}.{key}" if path else str(key))]


def render_comparison(experiments: Sequence[ExperimentResponse]) -> Group:
    """Render experiments, each with its verdict and root cause first; then their results, and what differs."""
    parts: list[Text | Table] = []
    for place, each in enumerate(experiments, start=1):
        diagnosis = each.diagnosis
        style = f"bold {COLOURS[diagnosis.verdict]}" if diagnosis else "dim"
        parts.append(Text(f"{place}  ").append(str(diagnosis) if diagnosis else NOT_DIAGNOSED, style=style))
        parts.append(Text(f"   {each.name}  {each.id}  {state_of(each)}"))
    parts.append(_results(experiments))
    parts.append(_differences([each.spec for each in experiments]))
    return Group(*parts)


def _results(experiments: Sequence[ExperimentResponse]) -> Table:
    names = dict.fromkeys(name for each in experiments for name in ("accuracy", "loss") if _has(each, name))
    table = Table(title="After the last epoch, median (range) of the seeds", title_justify="left")
    for heading in ("", "epochs", *names):
        table.add_column(heading)
    for place, each in enumerate(experiments, start=1):
        progress = f"{each.progress.epochs_done}/{each.progress.epochs_total}"
        table.add_row(str(place), progress, *(result_of(each, name) for name in names))
    return table


def _has(experiment: ExperimentResponse, name: str) -> bool:
    return any(name in final or f"val_{name}" in final for final in finals_of(experiment))


def result_of(experiment: ExperimentResponse, name: str) -> str:
    """Return a metric of the last epoch: of the validation samples, or of the training samples where it says so."""
    finals = finals_of(experiment)
    if not finals:
        return ""
    column = next((each for each in (f"val_{name}", name) if each in finals[0]), None)
    if column is None:
        return "not measured"
    values = [value for final in finals if (value := final.get(column)) is not None]
    if not values:
        return "not finite"
    spread = f" ({min(values):.4g}–{max(values):.4g})" if len(values) > 1 else ""
    return f"{median(values):.4g}{spread}{'; training samples' if column == name else ''}"


def _differences(specs: Sequence[AnySpec]) -> Table | Text:
    rows = differences_of(specs)
    if not rows:
        return Text("Their specs differ in nothing but their names.")
    table = Table(
        "field", *map(str, range(1, len(specs) + 1)), title="What differs in their specs", title_justify="left"
    )
    for path, values in rows:
        table.add_row(path, *(value if value is not None else "–" for value in values))
    return table
