"""Commands as a person types them: beginnings of ids, answers as JSON, interruption."""

import importlib
import json
import os
import tempfile
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from api.responses.experiments import experiment_response
from core.records import StoredSummary
from gradlab.cli import actions
from gradlab.cli.comparison import result_of
from gradlab.cli.display import metrics_table, states_table
from gradlab.cli.exits import Exit
from gradlab.cli.export import check_place
from gradlab.cli.measured import Layered, Measured
from gradlab.client.client import Client, Refused
from gradlab.client.connection import Unreachable
from gradlab.diagnosis.summary import DiagnosisSummary, rules_hash
from gradlab.errors import Invalid
from gradlab.schemas.problem import ProblemDocument
from gradlab.schemas.status import Status
from tests.builders import a_spec, an_external_spec
from tests.unit.desk import Desk, client_of

cli = importlib.import_module("gradlab.cli.main")  # its name in the package is that of its entry point
SPEC = a_spec(epochs=6, seeds=(0, 3))


@pytest.fixture
def client(desk: Desk) -> Client:
    """A client of the desk."""
    return client_of(desk)


@pytest.fixture
def gradlab(client: Client, monkeypatch):
    """Runs a command against the desk."""
    monkeypatch.setattr(actions, "_client", lambda url: client)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli.app, [str(each) for each in arguments], env={"COLUMNS": "300"})

    return run


@pytest.fixture
def spec_file(tmp_path):
    file = tmp_path / "spec.json"
    file.write_text(SPEC.canonical())
    return file


def words(text: str) -> str:
    """A text without its line breaks, which depend on the width of the terminal."""
    return " ".join(text.split())


def with_id(desk: Desk, monkeypatch, id: str) -> UUID:
    """An experiment that has this id."""
    monkeypatch.setattr("core.store.adding.uuid4", lambda: UUID(id))
    return desk.store.add(SPEC)[0].id


def test_the_version_is_printed():
    said = CliRunner().invoke(cli.app, ["--version"])
    assert (said.exit_code, said.stdout) == (0, f"gradlab {importlib.metadata.version('gradient-lab')}\n")


@pytest.mark.parametrize("beginning", ["ab12", "AB12", "ab123456-7", "ab123456-7890-4000-8000-000000000001"])
def test_a_beginning_that_no_other_id_shares_stands_for_the_id(gradlab, desk, monkeypatch, beginning):
    it = with_id(desk, monkeypatch, "ab123456-7890-4000-8000-000000000001")
    with_id(desk, monkeypatch, "cd123456-7890-4000-8000-000000000002")
    cancelled = gradlab("cancel", beginning)
    assert (cancelled.exit_code, cancelled.stdout) == (0, "cancelled\n")
    assert desk.store.get(it).status is Status.cancelled


@pytest.mark.parametrize(
    ("option", "command"),
    [
        ("--save", ("treat", "ab12")),
        ("--save", ("doctor", "model.keras", "--data", "samples.csv")),
        ("--chart", ("study", "width")),
    ],
)
def test_a_file_in_a_folder_that_is_missing_is_refused_before_the_work(gradlab, desk, tmp_path, option, command):
    refused = gradlab(*command, option, tmp_path / "missing" / "file.svg")
    assert refused.exit_code == Exit.INVALID
    assert f"{option}: expected a file in a folder that exists and can be written to" in words(refused.stderr)
    assert not desk.store.page(limit=1).experiments
    assert not desk.store.studies.page(limit=1).studies


@contextmanager
def an_ordinary_user():
    """Let this process have the real user id of one who may not write everywhere, by which `os.access` goes."""
    own = os.getuid()
    if own == 0:
        os.setreuid(65534, -1)
    try:
        yield
    finally:
        os.setreuid(own, -1)


@pytest.mark.parametrize("at", ["", "file", "closed/new", "closed/file", "hidden/below/new", "missing/new"])
def test_a_place_that_cannot_be_written_to_is_refused(at):
    with tempfile.TemporaryDirectory() as name:  # in a folder that everybody may look into
        top = Path(name)
        (top / "hidden" / "below").mkdir(parents=True)
        for folder, mode in (("closed", 0o555), ("hidden", 0o000), ("", 0o777)):
            (top / folder).mkdir(exist_ok=True)
            (top / folder / "file").touch(0o444)
            (top / folder).chmod(mode)
        with an_ordinary_user():
            check_place("--save", top / "new")
            with pytest.raises(Invalid, match=r"--save: expected a file .*can be written to"):
                check_place("--save", top / at)
        (top / "hidden").chmod(0o755)


def test_a_device_in_a_folder_that_cannot_be_written_to_is_taken():
    with an_ordinary_user():
        assert not os.access("/dev", os.W_OK)
        check_place("--save", Path("/dev/null"))


def test_a_beginning_that_fits_several_names_them_and_changes_nothing(gradlab, desk, monkeypatch):
    ids = [with_id(desk, monkeypatch, f"ab123456-7890-4000-8000-00000000000{i}") for i in range(4)]
    said = gradlab("delete", "ab1")
    assert said.exit_code == Exit.INVALID
    assert words(said.stderr).startswith("gradlab: invalid input: id: expected an id, or a beginning that no other id")
    assert [str(each) in words(said.stderr) for each in ids] == [False, True, True, True]
    assert said.stderr.endswith(", …\n")
    assert len(desk.store.page(limit=9).experiments) == 4


@pytest.mark.parametrize(("text", "expected"), [("ff", "`gradlab list` shows them"), ("x1", "letters from a to f")])
def test_what_begins_no_id_is_refused(gradlab, text, expected):
    said = gradlab("show", text)
    assert said.exit_code == Exit.INVALID
    assert expected in words(said.stderr)
    assert f"received {text}" in words(said.stderr)


@pytest.mark.slow
def test_the_service_finds_ids_by_their_beginning_on_each_page(desk, monkeypatch):
    for i in range(3):
        with_id(desk, monkeypatch, f"00000000-0000-4000-8000-00000000000{i}")
    with_id(desk, monkeypatch, "ffffffff-ffff-4fff-8fff-ffffffffffff")
    page = desk.http.get("/experiments", params={"id_prefix": "0000", "limit": 2}).json()
    assert len(page["experiments"]) == 2
    assert len(desk.http.get(page["next"]).json()["experiments"]) == 1
    assert len(desk.http.get("/experiments", params={"id_prefix": "FFFFFFFF-ffff"}).json()["experiments"]) == 1
    assert desk.http.get("/experiments", params={"id_prefix": "g"}).status_code == 422


def test_deleting_needs_no_more_than_the_beginning_of_an_id(gradlab, desk):
    it = desk.store.add(SPEC)[0].id
    said = gradlab("delete", str(it)[:6])
    assert (said.exit_code, said.stdout) == (0, f"deleted {it}\n")
    assert desk.store.page(limit=9).experiments == ()


@pytest.mark.slow
def test_every_answer_can_be_had_as_json(gradlab, desk, client, spec_file):
    submitted = json.loads(gradlab("submit", spec_file, "--json").stdout)
    assert submitted == json.loads(desk.http.get(f"/experiments/{submitted['id']}").content)
    (listed,) = json.loads(gradlab("list", "--json").stdout)
    assert listed == submitted
    trained = desk.trained(SPEC).rpartition("/")[2]
    assert json.loads(gradlab("show", trained, "--json").stdout)["status"] == "completed"
    diagnosis = json.loads(gradlab("diagnose", trained, "--json").stdout)
    assert diagnosis == desk.http.get(f"/experiments/{trained}/diagnosis").json()
    assert json.loads(gradlab("validate", spec_file, "--json").stdout)["estimate"]["parameters"] > 0
    assert json.loads(gradlab("cancel", submitted["id"], "--json").stdout)["status"] == "cancelled"


def test_experiments_are_listed_by_a_part_of_their_name(gradlab, desk):
    desk.store.add(a_spec(name="deep tanh"))
    desk.store.add(a_spec(name="wide relu"))
    (listed,) = json.loads(gradlab("list", "--search", "TANH", "--json").stdout)
    assert listed["name"] == "deep tanh"


@pytest.mark.slow
def test_a_list_is_restricted_to_verdicts_and_sorted_by_them_and_says_what_is_stale(gradlab, desk, monkeypatch):
    ids = [desk.store.add(a_spec(name=name))[0].id for name in ("ill", "healthy", "unknown")]
    ill = DiagnosisSummary("ill", "saturation", "Units are saturated", "likely", 2)
    desk.store.verdicts.put(ids[0], StoredSummary(ill, "other rules"))
    desk.store.verdicts.put(ids[1], StoredSummary(DiagnosisSummary("healthy", None, None, "certain", 0), rules_hash()))

    def listed(*options: str) -> list[str]:
        return [each["name"] for each in json.loads(gradlab("list", *options, "--json").stdout)]

    assert listed("--verdict", "ill", "--verdict", "at risk") == ["ill"]
    assert listed("--root-cause", "saturation") == ["ill"]
    assert listed("--sort", "verdict") == ["ill", "healthy", "unknown"]
    said = gradlab("list", "--verdict", "sick")
    assert (said.exit_code, "undecided" in said.stderr, len(said.stderr.splitlines())) == (Exit.INVALID, True, 1)
    monkeypatch.setattr(actions, "console", terminal := Console(force_terminal=True, width=200, file=StringIO()))
    gradlab("list")
    assert "Units are saturated (saturation), likely; 2 rules unjudged; stale" in terminal.file.getvalue()


@pytest.mark.slow
def test_a_comparison_begins_with_verdicts(gradlab, desk):
    one, other = (desk.trained(a_spec(epochs=6, name=name)).rpartition("/")[2] for name in ("one", "other"))
    assert desk.store.verdicts.get(UUID(one)) is None
    waiting = desk.store.add(a_spec(epochs=7, name="waiting"))[0].id
    said = gradlab("compare", one, other, str(waiting)[:8])
    assert said.exit_code == 0, said.output
    lines = said.stdout.splitlines()
    assert lines[0] == f"1  {desk.store.verdicts.get(UUID(one)).summary}"  # it was diagnosed for this
    assert lines[1].startswith(f"   one  {one}  completed")
    assert lines[4] == "3  not diagnosed yet"
    assert "training.epochs" in said.stdout
    answer = json.loads(gradlab("compare", one, str(waiting), "--json").stdout)
    assert [each["name"] for each in answer["experiments"]] == ["one", "waiting"]
    assert answer["differences"] == [{"path": "training.epochs", "values": ["6", "7"]}]
    assert "Their specs differ in nothing but their names." in gradlab("compare", one, other).stdout


@pytest.mark.parametrize("count", [1, 7])
def test_a_comparison_beyond_its_limit_is_refused_in_one_line(gradlab, desk, count):
    ids = [str(desk.store.add(SPEC)[0].id) for _ in range(count)]
    said = gradlab("compare", *ids)
    assert said.exit_code == Exit.INVALID
    assert said.stderr == f"gradlab: invalid input: ids: expected 2 to 6 experiments to compare; received {count}\n"


def test_results_without_validation_are_those_of_training_samples_and_say_so(desk):
    spec = an_external_spec(metrics=["loss", "accuracy"], record={"gradients": 0})
    experiment = experiment_response(desk.store.add(spec)[0])
    run = experiment.runs[0].model_copy(update={"final_metrics": {"loss": None, "accuracy": 0.75}})
    ended = experiment.model_copy(update={"runs": [run]})
    words = [result_of(ended, name) for name in ("accuracy", "loss", "auc")]
    assert words == ["0.75; training samples", "not finite", "not measured"]
    assert result_of(experiment, "loss") == ""


def test_a_correlation_that_a_layer_does_not_have_is_a_dash_with_its_reason():
    values = Layered(("varies", "constant"), np.array([[[0.5, np.nan]]], np.float32), np.array([1]))
    terminal = Console(width=120, file=StringIO())
    terminal.print(states_table({"unit correlation": values, "slope": values}))
    shown = terminal.file.getvalue()
    assert "–: no unit correlation with fewer than two units that vary" in words(shown)
    (row,) = (line for line in shown.splitlines() if "constant" in line)
    assert [cell.strip() for cell in row.strip("│").split("│")] == ["constant", "–", "nan"]


def test_metrics_of_the_training_samples_alone_are_shown_as_such():
    values = np.array([[[0.69, 0.01, 0.5]]], np.float32)
    measured = Measured((0,), ("loss", "learning_rate", "accuracy"), values, np.array([1]), None, {}, {})
    table = metrics_table(measured)
    assert "validation is not measured" in str(table.title)
    assert [column.header for column in table.columns] == ["seed", "epochs", "loss", "accuracy"]


@pytest.mark.slow
def test_whoever_stops_waiting_is_told_what_goes_on(gradlab, client, monkeypatch, spec_file):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "wait", interrupted)
    for more in ((), ("--json",)):
        said = gradlab("submit", spec_file, "--wait", *more)
        assert said.exit_code == Exit.INTERRUPTED
        newest = next(client.experiments())
        assert said.stderr == (
            f"gradlab: the experiment goes on. Look at it: gradlab show {newest.id}   "
            f"Cancel it: gradlab cancel {newest.id}\n"
        )
        assert newest.status is Status.queued


def test_a_shell_completes_ids_and_shows_no_errors(client, desk, monkeypatch):
    monkeypatch.setattr(actions, "_client", lambda url: client)
    first, second = desk.store.add(a_spec(name="one"))[0].id, desk.store.add(a_spec(name="two"))[0].id
    assert actions.complete_id("") == [(str(second), "two, queued"), (str(first), "one, queued")]
    assert [it for it, _ in actions.complete_id(str(first)[:8])] == [str(first)]
    assert actions.complete_id("not an id") == []

    def away(**_: object):
        raise Unreachable("no service")

    monkeypatch.setattr(client, "experiments", away)
    assert actions.complete_id("") == []


def test_a_spec_may_be_a_dict_and_the_service_names_what_is_wrong(client):
    assert client.submit(json.loads(SPEC.canonical())).spec == SPEC
    assert client.validate(json.loads(SPEC.canonical())).estimate.parameters > 0
    with pytest.raises(Refused) as refused:
        client.submit({"name": "nothing else"})
    assert isinstance(refused.value.problem, ProblemDocument)
    assert {problem.field for problem in refused.value.problem.errors} >= {"dataset", "model"}
