"""The commands of the service: listed by the library, run by the service, refused in a line where it is missing."""

import importlib

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from core.settings import Settings
from gradlab.cli import service
from gradlab.cli.exits import Exit
from gradlab.cli.main import app
from gradlab.cli.settings import ClientSettings


@pytest.mark.parametrize("name", service.SERVICE_COMMANDS)
def test_the_library_lists_a_command_with_the_line_that_the_service_has_for_it(name):
    command = service.service_command(name)
    assert command is not None
    assert get_command(command).help.splitlines()[0] == service.SERVICE_COMMANDS[name]
    assert name in CliRunner().invoke(app, ["--help"]).output


def test_the_service_registers_exactly_the_commands_that_are_listed():
    registered = {entry.name for entry in service.entry_points(group=service.GROUP)}
    assert registered == set(service.SERVICE_COMMANDS)


def test_options_reach_the_service_and_its_exit_status_comes_back(monkeypatch):
    commands = importlib.import_module("api.cli.commands")
    called = []
    monkeypatch.setattr(commands.service, "serve", lambda settings, api_only: called.append((settings.port, api_only)))
    assert CliRunner().invoke(app, ["serve", "--port", "0", "--api-only"]).exit_code == Exit.COMPLETED
    assert called == [(0, True)]
    refused = CliRunner().invoke(app, ["serve", "--port", "-1"])
    assert refused.exit_code == Exit.INVALID
    assert "--port: expected" in refused.output
    assert CliRunner().invoke(app, ["serve", "--nonsense"]).exit_code == Exit.INVALID


def test_the_demos_experiments_are_served_on_request_and_are_not_ones_own(monkeypatch):
    commands = importlib.import_module("api.cli.commands")
    served: list[Settings] = []
    monkeypatch.setattr(commands.service, "serve", lambda settings, api_only: served.append(settings))
    for name in commands.demonstration.SETTINGS:
        monkeypatch.setenv(name, "")  # as it was before, once the test is over
        monkeypatch.delenv(name)
    monkeypatch.setenv("GRADLAB_DATABASE_URL", "sqlite:///mine.db")
    for options in ([], ["--demo"]):
        assert CliRunner().invoke(app, ["serve", *options]).exit_code == Exit.COMPLETED
    own, demo = served
    assert (own.label, own.database) == ("", "sqlite:///mine.db")
    assert demo.label == "demo"
    assert demo.database == f"sqlite:///{commands.demonstration.DATA_DIR}/gradlab.db"


@pytest.mark.parametrize("name", service.SERVICE_COMMANDS)
def test_without_the_service_a_command_says_in_one_line_how_to_install_it(name, monkeypatch):
    monkeypatch.setattr(service, "entry_points", lambda **_: ())
    answer = CliRunner().invoke(app, [name, "--help"])
    assert answer.exit_code == Exit.INVALID
    (line,) = answer.output.strip().splitlines()
    assert line.startswith(f"gradlab {name} belongs to the service")
    assert "make setup" in line


def test_a_client_asks_where_a_service_with_the_same_environment_listens():
    client, served = ClientSettings(_env_file=None), Settings(_env_file=None)
    assert (client.host, client.port, client.api_key) == (served.host, served.port, served.api_key)
