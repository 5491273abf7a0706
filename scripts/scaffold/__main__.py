"""Write the files of something new: `python -m scripts.scaffold dataset|layer|statistic|kind|rule|remedy NAME`."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from scripts.scaffold import MARK, diagnosis, measurement, vocabulary
from scripts.scaffold.tree import Tree

ROOT = Path(__file__).parents[2]
CHECKS = "make unit"


app = typer.Typer(
    help="Write the files of something new, with placeholders that the tests name until they are gone.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _name(text: str) -> str:
    """A name in small letters, digits and underscores."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", text):
        raise typer.BadParameter(f"expected a name like two_words, received {text!r}")
    return text


Name = Annotated[str, typer.Argument(callback=_name, help="As in a spec: two_words.")]


def _write(scaffold: Callable[[Tree], None]) -> None:
    tree = Tree(ROOT)
    try:
        scaffold(tree)
    except FileExistsError as error:
        raise typer.BadParameter(str(error)) from error
    tree.format()
    typer.echo("\n".join(tree.written))
    typer.echo(f"Replace every {MARK}; `{CHECKS}` names those that are left.")


@app.command()
def dataset(name: Name) -> None:
    """A dataset: three files."""
    _write(lambda tree: vocabulary.dataset(tree, name))


@app.command()
def layer(name: Name) -> None:
    """A layer: four files."""
    _write(lambda tree: vocabulary.layer(tree, name))


@app.command()
def statistic(kind: Annotated[measurement.Kind, typer.Argument(help="Of what.")], name: Name) -> None:
    """A statistic of a kind of series: two files."""
    _write(lambda tree: measurement.statistic(tree, kind, name))


@app.command()
def kind(name: Name) -> None:
    """A kind of series: three files, and a test of its statistics."""
    _write(lambda tree: measurement.kind(tree, name))


@app.command()
def rule(name: Name) -> None:
    """A rule: four files. `python -m bench.atlas NAME` then writes its part of docs/diagnosis.md."""
    _write(lambda tree: diagnosis.rule(tree, name))


@app.command()
def remedy(name: Name) -> None:
    """A remedy: two files. A rule names it to suggest it."""
    _write(lambda tree: diagnosis.remedy(tree, name))


if __name__ == "__main__":
    app()
