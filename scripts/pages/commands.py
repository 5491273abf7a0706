"""The page of the command line, from the commands themselves."""

from collections.abc import Iterator
from typing import Any

import typer

from gradlab.cli.main import app
from gradlab.cli.service import SERVICE_COMMANDS, service_command
from scripts.pages.markdown import anchor, code, page, prose, table, value


def pages() -> dict[str, str]:
    """The page, by its path below `docs/`."""
    group: Any = typer.main.get_command(app)
    commands = dict(_commands(group))
    introduction = (
        "`gradlab COMMAND --help` shows the same in the terminal. Commands that ask a service take `--url`, or "
        f"`GRADLAB_URL`, and `GRADLAB_API_KEY`. {group.epilog}"
    )
    contents = ", ".join(f"[`{name}`](#{_anchor(name)})" for name in commands)
    sections = [_section(name, command) for name, command in commands.items()]
    return {"reference/command-line.md": page("Command line", introduction, contents, *sections)}


def _commands(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each command by its whole name: those of a group of commands in its place."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, _loaded(name, command)


def _loaded(name: str, listed: Any) -> Any:
    """The command with its options. The library lists those of the service without them."""
    command: Any = service_command(name) if name in SERVICE_COMMANDS else None
    return typer.main.get_command(command) if command else listed


def _section(name: str, command: Any) -> str:
    parts = [f"{anchor(_anchor(name))}\n\n## `gradlab {name}`", prose(command.help or "")]
    if name in SERVICE_COMMANDS:
        parts.append("Only where the service is installed.")
    rows = [_parameter(each) for each in command.params if each.name != "help"]
    if rows:
        parts.append(table(("argument or option", "default", "meaning"), rows))
    return "\n\n".join(parts)


def _anchor(name: str) -> str:
    return name.replace(" ", "-")


def _parameter(each: Any) -> tuple[str, str, str]:
    is_argument = each.param_type_name == "argument"
    names = each.name.upper() if is_argument else ", ".join(each.opts)
    has_default = each.default is not None and not callable(each.default)
    default = "required" if each.required else value(each.default) if has_default else ""
    meaning = prose(each.help or "")
    if each.envvar:
        meaning += f" Also from {code(str(each.envvar))}."
    return code(names), default, meaning
