"""`gradlab study`: a recipe's study in the terminal, with workers that have trained its cells before."""

import importlib
import json

import pytest
from typer.testing import CliRunner, Result

from gradlab.cli import actions
from gradlab.cli.exits import Exit
from gradlab.recipes import RECIPES, recipe_named
from tests.unit.desk import Desk, client_of
from tests.unit.test_api_studies import Workers

pytestmark = pytest.mark.slow  # a tenth of a second for each cell that is trained

cli = importlib.import_module("gradlab.cli.main")  # its name in the package is that of its entry point


@pytest.fixture
def gradlab(desk: Desk, monkeypatch):
    """Runs a command against the desk."""
    monkeypatch.setattr(actions, "_client", lambda url: client_of(desk))

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(cli.app, [str(each) for each in arguments], env={"COLUMNS": "200"})

    return run


def trained(desk: Desk, recipe: str, seeds: int) -> None:
    """Have the cells of a recipe's study trained."""
    workers = Workers(desk)
    spec = recipe_named(recipe).study(seeds=seeds)
    assert desk.http.post("/studies", json=spec.model_dump(mode="json", exclude_unset=True)).status_code == 202
    workers.work()


def test_what_was_trained_is_shown_at_once_and_drawn(gradlab, desk, tmp_path):
    trained(desk, "adam", 2)
    shown = gradlab("study", "adam", "--seeds", 2, "--chart", tmp_path / "adam.png")
    assert shown.exit_code == 0, shown.stdout
    assert "Adam: 3 of 3 cells, 3 of them trained before; seeds that fail, of 2" in shown.stdout
    rows = [line.split() for line in shown.stdout.splitlines() if line.strip().startswith(("sgd", "adam"))]
    assert [row[0] for row in rows] == ["sgd(learning_rate=0.01,", "adam", "adam(learning_rate=0.01)"]
    assert (tmp_path / "adam.png").read_bytes().startswith(b"\x89PNG")
    answered = gradlab("study", "adam", "--seeds", 2, "--json")
    answer = answered.stdout[answered.stdout.index("{") :]  # behind the log of the service, which is in this process
    assert [row["status"] for row in json.loads(answer)["rows"]] == ["completed"] * 3


def test_two_axes_are_a_map_of_failing_seeds(gradlab, desk):
    trained(desk, "weights", 1)
    lines = gradlab("study", "weights", "--seeds", 1).stdout.splitlines()
    (head,) = (line for line in lines if "activation ↓" in line)
    assert "initializer →" in head
    assert "he_uniform" in head
    assert [line.split()[1:] for line in lines if line.strip().startswith(("tanh", "relu"))] == [["0", "0"]] * 2


def test_unknown_names_are_refused_before_anything_is_sent(gradlab, desk, tmp_path):
    for arguments, words in (
        (("dpeth",), "RECIPE: expected one of xavier"),
        (("depth", "--activation", "gelu"), "activation: expected one of tanh, relu"),
        (("depth", "--chart", tmp_path / "map.gif"), "ends with .svg or .png"),
    ):
        refused = gradlab("study", *arguments)
        assert (refused.exit_code, words in " ".join(refused.stderr.split())) == (Exit.INVALID, True), refused.stderr
    assert desk.http.get("/studies").json()["studies"] == []


def test_the_help_names_every_recipe(gradlab):
    said = gradlab("study", "--help").stdout
    assert [recipe.name for recipe in RECIPES if recipe.name not in said] == []
