"""Commands of studies as a person types them, with workers that train what they begin at once."""

import csv
import importlib
import json
from io import BytesIO, StringIO
from pathlib import Path
from uuid import UUID

import pytest
from pyarrow import parquet
from typer.testing import CliRunner, Result

from core.study import Pruned
from core.use_cases import advancing
from gradlab.cli import actions
from gradlab.cli.exits import Exit
from gradlab.recipes import RECIPES, recipe_named
from gradlab.schemas.status import StudyStatus
from tests.unit.desk import Desk, client_of
from tests.unit.test_api_studies import BASE, Workers
from tests.unit.test_commands import words

pytestmark = pytest.mark.slow  # a tenth of a second for each cell that is trained

cli = importlib.import_module("gradlab.cli.main")  # its name in the package is that of its entry point
DEPTHS = {"knob": "depth", "values": [1, 3]}
STUDY = {
    "name": "depth by width", "base": BASE.model_dump(mode="json"), "seeds": [0],
    "axes": [{"knob": "width", "values": [4, 8]}, DEPTHS],
}  # fmt: skip


@pytest.fixture
def workers(desk: Desk) -> Workers:
    return Workers(desk)


@pytest.fixture
def gradlab(desk: Desk, monkeypatch):
    """Runs a command against the desk."""
    monkeypatch.setattr(actions, "_client", lambda url: client_of(desk))

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(cli.app, [str(each) for each in arguments], env={"COLUMNS": "200"})

    return run


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    file = tmp_path / "study.json"
    file.write_text(json.dumps(STUDY))
    return file


def begun(gradlab, *arguments: object) -> str:
    """The id of a study that is begun and not followed."""
    answer = gradlab("study", *arguments, "--no-follow")
    assert answer.exit_code == 0, answer.stderr
    return str(answer.stdout.split()[0])


def rows_of(answer: Result, first: str) -> list[list[str]]:
    """The words of the lines that begin with one."""
    lines = [line.split() for line in answer.stdout.splitlines()]
    return [line for line in lines if line and line[0] == first]


def test_two_axes_are_a_map_of_letters_and_of_numbers_and_its_table_is_a_file(gradlab, workers, study_file, tmp_path):
    it = begun(gradlab, "--file", study_file)
    workers.work()
    shown = gradlab("studies", "show", it[:8])
    assert shown.exit_code == 0, shown.stderr
    assert f"depth by width  {it}  completed, 4 of 4 trainings" in shown.stdout
    assert f"/#/study/{it}" in shown.stdout
    # Networks of three hidden layers fail, those of one learn; deeper ones stand above.
    (deep,) = rows_of(shown, "3")
    assert deep == ["3", "A", "A"]
    assert "2 cells" in shown.stdout
    assert rows_of(gradlab("studies", "show", it, "--column", "failing"), "3") == [["3", "1/1", "1/1"]]
    for name in ("t.csv", "t.json", "t.parquet"):
        assert gradlab("studies", "table", it, tmp_path / name).stdout == f"saved {tmp_path / name}\n"
    printed = list(csv.DictReader(StringIO(gradlab("studies", "table", it).stdout)))
    assert [(row["width"], row["depth"]) for row in printed] == [("4", "1"), ("4", "3"), ("8", "1"), ("8", "3")]
    assert list(csv.DictReader(StringIO((tmp_path / "t.csv").read_text()))) == printed
    assert parquet.read_table(BytesIO((tmp_path / "t.parquet").read_bytes())).num_rows == 4
    assert len(json.loads((tmp_path / "t.json").read_text())["rows"]) == 4
    assert gradlab("studies", "table", it, "t.xls").exit_code == Exit.INVALID


def test_names_of_axes_are_text_and_no_markup(gradlab, study_file):
    axes = [{"knob": "width", "name": "[/w]", "values": [4, 8]}, {"knob": "depth", "name": "[red]", "values": [1]}]
    for count in (2, 1):
        study_file.write_text(json.dumps(STUDY | {"axes": axes[:count]}))
        shown = gradlab("studies", "show", begun(gradlab, "--file", study_file))
        assert shown.exit_code == 0, shown.stderr
        assert all(axis["name"] in shown.stdout for axis in axes[:count])


def test_a_notebook_shows_the_table_of_a_study_and_has_its_frame(gradlab, desk, workers, study_file):
    it = begun(gradlab, "--file", study_file)
    workers.work()
    client = client_of(desk)
    frame = client.study_frame(it)
    assert list(zip(frame["width"], frame["depth"], frame["failing"], strict=True)) == [
        (4, 1, 0), (4, 3, 1), (8, 1, 0), (8, 3, 1),
    ]  # fmt: skip
    shown = client.study_table(it)._repr_html_()
    assert "<th>width</th><th>depth</th><th>result</th><th>seeds that fail</th>" in shown
    assert shown.count("<td>1 of 1</td>") == 2


def test_a_recipe_that_was_trained_is_followed_to_its_rows_and_its_chart(gradlab, workers, tmp_path):
    begun(gradlab, "adam", "--seeds", 2, "--epochs", 6)
    workers.work()
    shown = gradlab("study", "adam", "--seeds", 2, "--epochs", 6, "--chart", tmp_path / "adam.png")
    assert shown.exit_code == 0, shown.stderr
    assert [row[-3:-1] != [] for row in rows_of(shown, "adam")] == [True]
    assert "0/2" in shown.stdout
    assert (tmp_path / "adam.png").read_bytes().startswith(b"\x89PNG")
    answer = gradlab("study", "adam", "--seeds", 2, "--epochs", 6, "--json").stdout
    assert json.loads(answer[answer.index("{") :])["status"] == "completed"


def test_a_study_is_paused_continued_extended_cancelled_listed_and_deleted(gradlab, desk, workers, study_file):
    it = begun(gradlab, "--file", study_file)
    assert gradlab("studies", "pause", it).stdout == "paused, 0 of 4 trainings\n"
    assert gradlab("studies", "show", it, "--follow").exit_code == Exit.CANCELLED
    assert gradlab("studies", "continue", it).stdout == "running, 0 of 4 trainings\n"
    extended = gradlab("studies", "extend", it, "--seeds", 1, "--value", "depth=2", "--value", "width=16")
    assert extended.stdout == "running, 0 of 18 trainings\n", extended.stderr
    spec = desk.http.get(f"/studies/{it}").json()["spec"]
    assert (spec["seeds"], [axis["values"] for axis in spec["axes"]]) == ([0, 1], [[4, 8, 16], [1, 3, 2]])
    assert gradlab("studies", "cancel", it).stdout == "cancelled, 0 of 18 trainings\n"
    (row,) = (line.split("\t") for line in gradlab("studies", "list").stdout.splitlines())
    assert (row[0], row[1], row[2], row[-1]) == (it, "cancelled", "0/18", "depth by width")
    assert gradlab("studies", "list", "--status", StudyStatus.running).stdout.strip() == ""
    assert gradlab("studies", "delete", it[:6]).stdout == f"deleted {it}\n"
    gone = gradlab("studies", "show", it)
    assert (gone.exit_code, words(gone.stderr)) == (
        Exit.INVALID, f"gradlab: There is no study {it}. `gradlab studies list` shows those that there are.",
    )  # fmt: skip


def test_what_is_wrong_is_one_line_before_anything_is_begun(gradlab, desk, study_file, tmp_path):
    (tmp_path / "list.json").write_text("[]")
    for arguments, expected in (
        (("study",), "study: expected the name of a recipe, or --file with a study; received neither"),
        (("study", "depth", "--file", study_file), "received both"),
        (("study", "dpeth"), "study: expected the name of a recipe. There is no recipe"),
        (("study", "depth", "--activation", "gelu"), "activation: expected one of tanh, relu"),
        (("study", "--file", study_file, "--seeds", 2), "--seeds: expected a recipe"),
        (("study", "--file", tmp_path / "list.json"), "expected a study, as a JSON object; received list"),
        (("study", "--file", tmp_path / "none.json"), "No such file"),
        (("study", "depth", "--chart", tmp_path / "map.gif"), "ends with .svg or .png"),
        (("studies", "show", "ff"), "`gradlab studies list` has them"),
        (("study", "depth", "--seeds", 10**15), "seeds: expected at most 10,000; received 1,000,000,000,000,000"),
        (("studies", "extend", "ff", "--seeds", 10**15), "--seeds: expected at most 10,000; received 1,000"),
        (("studies", "extend", "ff", "--value", "depth"), "--value: expected AXIS=VALUE; received depth"),
    ):
        refused = gradlab(*arguments)
        said = words(refused.stderr)
        assert (refused.exit_code, expected in said) == (Exit.INVALID, True), said
        assert len(refused.stderr.splitlines()) == 1
    assert desk.http.get("/studies").json()["studies"] == []


def test_the_help_names_every_recipe_and_fewer_epochs_leave_out_later_measures(gradlab):
    text = gradlab("study", "--help").stdout
    assert [recipe.name for recipe in RECIPES if recipe.name not in text] == []
    measures = recipe_named("weights").study(epochs=50).measures
    assert sorted({measure.epoch for measure in measures}) == [0, 10, 50]


def test_a_pruned_cell_is_marked_on_maps_and_in_the_table(gradlab, desk, workers, study_file):
    it = UUID(begun(gradlab, "--file", study_file))
    pruned = workers.waiting.pop(0)
    assert desk.store.studies.prune(it, desk.store.studies.cells(it)[0], Pruned(3, 0.25))
    advancing.advance_with(pruned, store=desk.store, queue=desk.bell)
    workers.work()
    shown = gradlab("studies", "show", it)
    assert "completed, 4 of 4 trainings" in shown.stdout
    assert rows_of(shown, "-") == [["-", "pruned:", "worse", "than", "others", "while", "it", "trained", "1", "cell"]]
    row, *others = csv.DictReader(StringIO(gradlab("studies", "table", it).stdout))
    assert (row["status"], row["pruned_epoch"], row["pruned_value"]) == ("pruned", "3", "0.25")
    assert row["metric"] == row["failing"] == row["verdict"] == ""
    assert {other["pruned_epoch"] for other in others} == {""}
    for chart in ("map", "diagnosis"):
        drawn = desk.http.get(f"/studies/{it}/charts/{chart}.svg").text
        assert "3 of 4 cells are trained, 1 pruned" in drawn
