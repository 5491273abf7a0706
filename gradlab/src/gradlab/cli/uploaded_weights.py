"""Implementation of the commands of uploaded weights."""

from itertools import islice
from pathlib import Path

import typer

from gradlab.cli import actions
from gradlab.cli.digits import beginning_with, short
from gradlab.cli.export import reporting_failure
from gradlab.cli.outcome import in_one_line
from gradlab.client.client import Client
from gradlab.schemas.weights import WeightsResponse


def add(file: Path, name: str | None, json: bool, url: str | None) -> None:
    """Upload a file, and print its tensors."""
    with in_one_line():
        weights = actions.connect(url).add_weights(file, name=name)
    _print(weights, json)


def list_weights(limit: int, json: bool, url: str | None) -> None:
    """Print uploaded weights, newest first: id, parameters, size, name."""
    with in_one_line():
        listed = list(islice(actions.connect(url).list_weights(), limit))
    if json:
        actions.print_json_list(listed)
        return
    for each in listed:
        typer.echo(f"{short(each.id)}\t{each.parameters:,} parameters\t{each.bytes:,} bytes\t{each.name}")


def show(id: str, json: bool, url: str | None) -> None:
    """Print the tensors of uploaded weights."""
    with in_one_line():
        client = actions.connect(url)
        weights = client.uploaded_weights(_whole_id(client, id))
    _print(weights, json)


def save(id: str, file: Path, url: str | None) -> None:
    """Write the file of uploaded weights, and print its name."""
    with in_one_line():
        client = actions.connect(url)
        content = client.weights_file(_whole_id(client, id))
        with reporting_failure(file):
            file.write_bytes(content)
    typer.echo(f"saved {file}")


def remove(id: str, url: str | None) -> None:
    """Delete uploaded weights, and print their id."""
    with in_one_line():
        client = actions.connect(url)
        whole = _whole_id(client, id)
        client.delete_weights(whole)
    typer.echo(f"deleted {whole}")


def _whole_id(client: Client, text: str) -> str:
    return beginning_with(text, (each.id for each in client.list_weights()), "weights", "gradlab weights list")


def _print(weights: WeightsResponse, json: bool) -> None:
    if json:
        actions.print_json(weights)
        return
    typer.echo(f"{weights.name}  {short(weights.id)}  {weights.parameters:,} parameters")
    for each in weights.tensors:
        typer.echo(f"{each.name}\t{' × '.join(map(str, each.shape))}")
