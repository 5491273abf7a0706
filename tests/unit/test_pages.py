"""The pages that are written from the code name every member of a registry, endpoint, command and setting."""

import re
from functools import cache

import pytest
import typer

from core.catalogue import REGISTRIES, catalogue
from core.settings import Settings
from gradlab.cli.main import app
from gradlab.cli.service import SERVICE_COMMANDS
from gradlab.diagnosis.rules import RULES
from gradlab.frozen import kind_of
from gradlab.measurement.kinds import KINDS, STATISTICS
from gradlab.recipes import RECIPES
from gradlab.remedies import REMEDIES
from gradlab.spec.recording import BUNDLES
from gradlab.vocabulary.metrics import METRICS
from scripts.pages.hooks import generated, loaded_from_elsewhere
from scripts.pages.repository import ROOT, decisions, shown
from tests.unit.desk import description

pytestmark = pytest.mark.slow  # the first test writes all pages: a second

PAGES = cache(generated)
NAMES = {
    **{registry: [kind_of(member) for member in members] for registry, members in REGISTRIES.items()},
    "metrics": [each.kind for each in METRICS],
    "bundles": [*BUNDLES],
    "kinds": [each.name for each in KINDS],
    "rules": [each.name for each in RULES],
    "remedies": [each.name for each in REMEDIES],
    "recipes": [each.name for each in RECIPES],
    "statistics": [each.name for statistics in STATISTICS.values() for each in statistics],
}


def test_every_registry_of_the_catalogue_has_a_page():
    assert {*NAMES} == {*catalogue().model_dump()}


@pytest.mark.parametrize("registry", NAMES)
def test_a_page_names_every_member_of_its_registry(registry):
    page = PAGES()[f"reference/catalogue/{registry}.md"]
    assert NAMES[registry]
    assert [name for name in NAMES[registry] if f"`{name}`" not in page] == []


def test_every_field_of_a_kind_stands_in_its_section():
    (dense,) = (each for each in catalogue().layers if each.kind == "dense")
    section = PAGES()["reference/catalogue/layers.md"].partition('<a id="dense"></a>')[2].partition("<a id=")[0]
    assert [each.name for each in dense.parameters if f"| `{each.name}` |" not in section] == []


def test_every_endpoint_is_described():
    page = PAGES()["reference/http.md"]
    paths = description()["paths"]
    calls = [f"`{method.upper()} {path}`" for path, operations in paths.items() for method in operations]
    assert len(calls) > 30
    assert [call for call in calls if call not in page] == []


def test_every_schema_that_is_linked_has_a_section():
    pages = PAGES()
    for name in ("reference/http.md", "reference/spec.md"):
        linked = {*re.findall(r"schemas\.md#(\w+)", pages[name])}
        assert linked
        assert [each for each in linked if f'<a id="{each}"></a>' not in pages["reference/schemas.md"]] == []


def commands_of(group, prefix=""):
    """Each command by its whole name, those of groups among them."""
    for name, command in group.commands.items():
        yield from commands_of(command, f"{name} ") if hasattr(command, "commands") else [(prefix + name, command)]


def test_every_command_and_every_option_is_described():
    page = PAGES()["reference/command-line.md"]
    commands = dict(commands_of(typer.main.get_command(app)))
    assert [name for name in commands if f"## `gradlab {name}`" not in page] == []
    options = {option for command in commands.values() for each in command.params for option in each.opts}
    assert [each for each in options if each.startswith("--") and each != "--help" and each not in page] == []
    assert {*SERVICE_COMMANDS} <= {*commands}
    assert "`--api-only`" in page  # an option that only the service knows


def test_every_setting_is_described():
    page = PAGES()["guides/settings.md"]
    rows = [f"| `GRADLAB_{name.upper()}` |" for name in Settings.model_fields]
    assert [row for row in rows if row not in page] == []
    assert [line for line in page.splitlines() if line.startswith("| `GRADLAB_") and line.endswith("|  |")] == []


def test_every_decision_is_listed():
    page = PAGES()["decisions/index.md"]
    assert [path.name for path in decisions() if f"({path.name})" not in page] == []


def test_files_of_the_root_lead_to_pages_and_name_code_by_its_path():
    text = "[a](docs/results.md#speed) [b](CONTRIBUTING.md) [c](core/settings.py) [d](https://example.org) [e](#x)"
    assert shown(text) == (
        "[a](results.md#speed) [b](contributing.md) c (`core/settings.py`) [d](https://example.org) [e](#x)"
    )
    assert (ROOT / "CONTRIBUTING.md").read_text().partition("\n")[0] in PAGES()["contributing.md"]


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ('<script src="https://cdn.example.org/a.js"></script>', ["https://cdn.example.org/a.js"]),
        ('<link href="//fonts.example.org/css" rel="stylesheet">', ["//fonts.example.org/css"]),
        ('<img alt="" src=https://example.org/a.png>', ["https://example.org/a.png"]),
        ('<a href="https://example.org">somewhere</a> <script src="assets/a.js"></script>', []),
        ('<link rel="stylesheet" href="assets/a.css">', []),
    ],
)
def test_what_a_page_loads_from_other_hosts_is_noticed(text, addresses):
    assert loaded_from_elsewhere(text, is_style=False) == addresses


def test_what_a_style_sheet_loads_from_other_hosts_is_noticed():
    style = "@import 'https://example.org/a.css'; b {background: url(//example.org/b.png)} c {src: url(data:,x)}"
    assert loaded_from_elsewhere(style, is_style=True) == ["https://example.org/a.css", "//example.org/b.png"]
