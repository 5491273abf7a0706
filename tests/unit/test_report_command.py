"""The command that writes a report."""

import importlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gradlab.cli import actions
from gradlab.cli.exits import Exit
from tests.builders import a_spec
from tests.unit.desk import Desk, client_of

pytestmark = pytest.mark.slow  # a page is built

cli = importlib.import_module("gradlab.cli.main")  # its name in the package is that of its entry point


@pytest.fixture
def written(desk: Desk, monkeypatch):
    """Writes the report of a trained experiment to a file: the experiment's id, and what the command said."""
    client = client_of(desk)
    monkeypatch.setattr(actions, "_client", lambda url: client)

    def run(file: Path) -> tuple[str, Result]:
        made = desk.trained(a_spec(epochs=4)).split("/")[-1]
        return made, CliRunner().invoke(cli.app, ["report", made, "-o", str(file)])

    return run


def test_a_report_is_written_with_its_data_beside_it(written, tmp_path: Path):
    made, done = written(tmp_path / "mine.html")
    assert done.exit_code == Exit.COMPLETED, done.output
    assert done.stdout.split() == [str(tmp_path / "mine.html"), str(tmp_path / "mine.json")]
    assert 'id="answers"' in (tmp_path / "mine.html").read_text()
    assert json.loads((tmp_path / "mine.json").read_text())["experiment"]["id"] == made


def test_a_report_that_cannot_be_written_says_where(written, tmp_path: Path):
    _, done = written(tmp_path / "nowhere" / "mine.html")
    assert done.exit_code == Exit.INVALID
    assert "a place that can be written to" in " ".join(done.output.split())
