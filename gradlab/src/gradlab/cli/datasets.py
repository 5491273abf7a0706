"""Implementation of the commands of uploaded datasets: requests, and profiles in the terminal."""

from collections.abc import Iterable, Iterator
from itertools import islice
from math import ceil, sqrt
from pathlib import Path

import typer
from rich.box import SIMPLE
from rich.console import Group
from rich.table import Table
from rich.text import Text

from gradlab.cli import actions
from gradlab.cli.digits import beginning_with, short
from gradlab.cli.display import BARS, DASH
from gradlab.cli.exits import console
from gradlab.cli.outcome import in_one_line, interruptible
from gradlab.client.client import Client
from gradlab.profile import ColumnProfile, Profile, Proposal
from gradlab.schemas.datasets import DatasetSummaryResponse

# Columns of a profile that are shown; JSON has all.
MAX_SHOWN = 40
# Bars of a histogram in the terminal.
MAX_BARS = 16
# Categories of a column that are shown, and features of a proposal.
MAX_CATEGORIES, MAX_NAMED = 3, 8
KILO = 1000


def add(file: Path, name: str | None, json: bool, url: str | None) -> None:
    """Upload a file, wait until it is read, and print its profile."""
    with in_one_line():
        client = actions.connect(url)
        with interruptible("the service goes on reading it. Look at it: gradlab dataset list"):
            dataset = client.add_dataset(file, name=name)
        profile = client.profile(dataset.id)
    _print(dataset, profile, json)


def list_datasets(limit: int, json: bool, url: str | None) -> None:
    """Print datasets, newest first."""
    with in_one_line():
        datasets = list(islice(actions.connect(url).datasets(), limit))
    if json:
        actions.print_json_list(datasets)
    elif console.is_terminal:
        console.print(_listed(datasets))
    else:
        typer.echo("\n".join("\t".join((each.id, *_cells(each))) for each in datasets))


def show(id: str, json: bool, url: str | None) -> None:
    """Print the profile of a dataset."""
    with in_one_line():
        client = actions.connect(url)
        dataset = client.wait_for_dataset(whole_id(client, id))
        profile = client.profile(dataset.id)
    _print(dataset, profile, json)


def remove(id: str, url: str | None) -> None:
    """Delete a dataset, and print its id."""
    with in_one_line():
        client = actions.connect(url)
        whole = whole_id(client, id)
        client.delete_dataset(whole)
    typer.echo(f"deleted {whole}")


def whole_id(client: Client, text: str) -> str:
    """Return the id of the one dataset whose digits begin with `text`. Raises Invalid."""
    return beginning_with(text, (each.id for each in client.datasets()), "a dataset", "gradlab dataset list")


def render_profile(dataset: DatasetSummaryResponse, profile: Profile) -> Group:
    """Render a profile: its columns with histograms, the proposal, and the warnings, gravest first."""
    heading = Text(f"{dataset.name}  ", style="bold")
    validation = f" and {dataset.validation_rows:,} for validation" if dataset.validation_rows else ""
    heading.append(f"{short(dataset.id)}  {profile.rows:,} rows{validation}", style="")
    warnings = (
        Text.assemble((f"{each.kind.replace('_', ' ')}: ", "yellow"), each.sentence) for each in profile.warnings
    )
    return Group(heading, _columns(profile), *_proposed(profile.proposal), *warnings)


def bars(counts: Iterable[int]) -> str:
    """Return a histogram as one line of at most `MAX_BARS` bars. Their height is the root of the count.

    A count of one is to be seen beside thousands.
    """
    counted = list(counts)
    width = -(-len(counted) // MAX_BARS) or 1
    merged = [sum(counted[begin : begin + width]) for begin in range(0, len(counted), width)]
    highest, steps = max(merged, default=0) or 1, len(BARS) - 1
    return "".join(BARS[ceil(steps * sqrt(each / highest))] for each in merged)


def _print(dataset: DatasetSummaryResponse, profile: Profile, json: bool) -> None:
    if json:
        typer.echo(f'{{"dataset":{dataset.model_dump_json()},"profile":{profile.model_dump_json()}}}')
    else:
        console.print(render_profile(dataset, profile))


def _listed(datasets: Iterable[DatasetSummaryResponse]) -> Table:
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    for name in ("id", "status", "format", "size", "rows", "columns", "uploaded"):
        table.add_column(name, no_wrap=True)
    table.add_column("name", overflow="fold")
    for each in datasets:
        table.add_row(short(each.id), *map(Text, _cells(each)))  # no markup in names
    return table


def _cells(dataset: DatasetSummaryResponse) -> tuple[str, ...]:
    rows = DASH if dataset.rows is None else f"{dataset.rows:,}"
    columns = DASH if dataset.column_count is None else str(dataset.column_count)
    uploaded = f"{dataset.created_at:%m-%d %H:%M}"
    return dataset.status, dataset.format, _size(dataset.bytes), rows, columns, uploaded, dataset.name


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < KILO:
            return f"{size:.3g} {unit}"
        size /= KILO
    return f"{size:.3g} GB"


def _columns(profile: Profile) -> Table:
    more = f" of {profile.column_count}" if profile.column_count > MAX_SHOWN else ""
    shown = profile.columns[:MAX_SHOWN]
    table = Table(
        box=SIMPLE,
        padding=(0, 1, 0, 0),
        title=f"{len(shown)}{more} column{'s' * (len(shown) != 1)}",
        title_justify="left",
    )
    table.add_column("column", overflow="fold", max_width=30)
    table.add_column("type", no_wrap=True)
    for name in ("missing", "distinct", "lowest", "mean", "highest"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("values", overflow="fold", max_width=40)
    for each in shown:
        distinct = DASH if each.distinct is None else f"{each.distinct:,}"
        numbers = (_number(value) for value in (each.minimum, each.mean, each.maximum))
        table.add_row(Text(each.name), Text(_type(each)), f"{each.missing:,}", distinct, *numbers, Text(_values(each)))
    return table


def _type(column: ColumnProfile) -> str:
    return f"{column.dtype}{list(column.shape)}" if column.shape else column.type


def _number(value: float | None) -> str:
    return DASH if value is None else f"{value:.4g}"


def _values(column: ColumnProfile) -> str:
    if column.commonest:
        named = [f"{each.value} ({each.count:,})" for each in column.commonest[:MAX_CATEGORIES]]
        return ", ".join(named) + (", …" if len(column.commonest) > MAX_CATEGORIES else "")
    return bars(column.histogram.counts) if column.histogram else ""


def _proposed(proposal: Proposal) -> Iterator[Text]:
    yield _line("target", ", ".join(proposal.target) or "none", proposal.target_reason)
    classes = f" ({proposal.classes})" if proposal.classes else ""
    yield _line("task", f"{proposal.task or 'unknown'}{classes}", proposal.task_reason)
    more = ", …" if len(proposal.features) > MAX_NAMED else ""
    yield _line("features", f"{len(proposal.features)}: {', '.join(proposal.features[:MAX_NAMED])}{more}", "")
    if proposal.split:
        yield _line("split", proposal.split.kind, proposal.split.reason)
    for step in proposal.prepare:
        more = ", …" if len(step.columns) > MAX_NAMED else ""
        yield _line("prepare", f"{step.step} {', '.join(step.columns[:MAX_NAMED])}{more}", step.reason)


def _line(name: str, value: str, reason: str) -> Text:
    return Text.assemble((f"{name:9} ", "dim"), value, (f"  {reason}", "dim"))
