"""Commands of uploaded weights, with their options. `gradlab.cli.uploaded_weights` implements them."""

from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from gradlab.cli.exits import EPILOG
from gradlab.cli.options import Json, Url

weights_app = typer.Typer(
    help="Upload weights that trainings begin with.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

WeightsId = Annotated[str, typer.Argument(help="Id of the weights, or a beginning of its digits that no other shares.")]


def _weights() -> ModuleType:
    from gradlab.cli import uploaded_weights

    return uploaded_weights


@weights_app.command(epilog=EPILOG)
def add(
    file: Annotated[Path, typer.Argument(help="Safetensors file, as gradlab.keras.save_weights writes it.")],
    name: Annotated[str | None, typer.Option(help="Their name in lists; that of the file by default.")] = None,
    json: Json = False,
    url: Url = None,
) -> None:
    """Upload the weights of a network, and show its tensors. The same file twice is stored once."""
    _weights().add(file, name, json, url)


@weights_app.command("list", epilog=EPILOG)
def list_(
    limit: Annotated[int, typer.Option(help="Maximum number of files.", min=1)] = 20,
    json: Json = False,
    url: Url = None,
) -> None:
    """List uploaded weights, newest first."""
    _weights().list_weights(limit, json, url)


@weights_app.command(epilog=EPILOG)
def show(id: WeightsId, json: Json = False, url: Url = None) -> None:
    """Show the tensors of uploaded weights."""
    _weights().show(id, json, url)


@weights_app.command(epilog=EPILOG)
def save(id: WeightsId, file: Annotated[Path, typer.Argument(help="File that is written.")], url: Url = None) -> None:
    """Save the file of uploaded weights, as it was sent."""
    _weights().save(id, file, url)


@weights_app.command(epilog=EPILOG)
def rm(id: WeightsId, url: Url = None) -> None:
    """Delete uploaded weights. Those that an experiment's spec names are refused."""
    _weights().remove(id, url)
