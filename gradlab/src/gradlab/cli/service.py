"""Commands of the service: listed here, implemented by the distribution `gradient-lab-service`."""

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

import typer

from gradlab.cli.exits import Exit, errors
from gradlab.imports import without_garbage_collection

GROUP = "gradlab.commands"
# Texts for `gradlab --help`: to import them from the service would take seconds.
SERVICE_COMMANDS = {
    "serve": "Run the service until Ctrl-C: migrate the database, start the API and a worker, stop both together.",
    "migrate": "Migrate the database to this version's tables. Safe to repeat.",
    "train": "Train a spec on this machine, without a service.",
    "demo": "Train the tutorial's first three networks on an embedded service, and print the results.",
}
NOT_INSTALLED = (
    "gradlab {name} belongs to the service, which is not installed here. In a clone of Gradient Lab, with Python 3.11 "
    "to 3.13: make setup"
)


def add_service_commands(app: typer.Typer) -> None:
    """Add the commands of the service to `app`. Their options, `--help` included, are parsed by the service."""
    for name, line in SERVICE_COMMANDS.items():
        app.command(
            name,
            help=line,
            add_help_option=False,
            context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        )(_forwarding(name))


def _forwarding(name: str) -> Callable[[typer.Context], None]:
    def forward(context: typer.Context) -> None:
        run = service_command(name)
        if run is None:
            errors.print(NOT_INSTALLED.format(name=name), style="red", highlight=False, markup=False, soft_wrap=True)
            raise typer.Exit(Exit.INVALID)
        run(args=context.args, prog_name=f"gradlab {name}")

    return forward


def service_command(name: str) -> Callable[..., Any] | None:
    """Load the service's command of that name; None if the service is not installed."""
    for entry in entry_points(group=GROUP, name=name):
        with without_garbage_collection():
            command: Callable[..., Any] = entry.load()
        return command
    return None
