"""The commands that belong to the service: listed here, run by the distribution `gradient-lab-service`."""

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

import typer

from gradlab.cli.exits import Exit, errors

GROUP = "gradlab.commands"
# One line each for `gradlab --help`: loading the service only to ask it would take seconds.
SERVICE_COMMANDS = {
    "serve": "Run the service until Ctrl-C: migrates the database, starts the API and a worker, stops both together.",
    "migrate": "Bring the database to this version's tables. Safe to repeat.",
    "train": "Train a spec here and now, without a service, in one process.",
    "demo": "Train the tutorial's first three networks on an embedded service and say what was found.",
}
NOT_INSTALLED = (
    "gradlab {name} belongs to the service, which is not installed here. In a clone of Gradient Lab, with Python 3.11 "
    "to 3.13: make setup"
)


def add_service_commands(app: typer.Typer) -> None:
    """Add every command of the service to `app`. Options, and `--help` after the name, are left to the service."""
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
    """Load the service's command of that name; None where the service is not installed."""
    for entry in entry_points(group=GROUP, name=name):
        command: Callable[..., Any] = entry.load()
        return command
    return None
