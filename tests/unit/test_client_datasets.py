"""The client's datasets: a file is uploaded, waited for, listed, profiled and deleted."""

import importlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from gradlab.cli import actions
from gradlab.cli.datasets import _listed, bars
from gradlab.client.client import Client, Refused
from gradlab.errors import Invalid
from gradlab.schemas.datasets import DatasetSummaryResponse
from tests.unit.desk import Desk, client_of

main = importlib.import_module("gradlab.cli.main")

pytestmark = pytest.mark.slow  # a child process reads the files


@pytest.fixture(scope="module")
def client(shared_desk: Desk) -> Client:
    """A client of a desk."""
    return client_of(shared_desk)


def test_a_file_is_ready_when_it_has_been_added(client: Client, tmp_path: Path):
    file = tmp_path / "circles.csv"
    file.write_text("x,label\n" + "".join(f"{i / 7},{i % 2}\n" for i in range(50)))
    changes: list[str] = []
    dataset = client.add_dataset(file, progress=lambda each: changes.append(each.status))
    assert (dataset.status, dataset.name, dataset.rows) == ("ready", "circles.csv", 50)
    assert changes[-1] == "ready"
    assert client.dataset(dataset.id) == dataset
    assert [each.id for each in client.datasets()] == [dataset.id]
    assert client.profile(dataset.id).proposal.target == ("label",)
    client.delete_dataset(dataset.id)
    assert not list(client.datasets())


def test_what_is_refused_at_once_or_when_it_is_read_is_said(client: Client, tmp_path: Path):
    file = tmp_path / "broken.npz"
    file.write_bytes(b"PK\x03\x04" + bytes(200))
    with pytest.raises(Refused, match="expected arrays"):
        client.add_dataset(file)
    table = tmp_path / "twice.csv"
    table.write_text("x,x\n1,2\n")
    with pytest.raises(Refused, match="no other column has"):
        client.add_dataset(table)
    with pytest.raises(Invalid, match=r"nowhere.csv: expected a file with samples; received No such file"):
        client.add_dataset(tmp_path / "nowhere.csv")
    pickled = tmp_path / "data.pkl"
    pickled.write_bytes(b"x")
    with pytest.raises(Invalid, match=r"one of \.csv, \.parquet, \.npz; received \.pkl"):
        client.add_dataset(pickled)


def test_commands_add_list_show_and_delete(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(actions, "_client", lambda url: client)

    def gradlab(*arguments: object) -> str:
        result = CliRunner().invoke(main.app, ["dataset", *map(str, arguments)], env={"COLUMNS": "200"})
        assert result.exit_code == 0, result.output
        return str(result.output)

    file = tmp_path / "two.csv"
    file.write_text("x,constant,who\n" + "".join(f"{i / 7},1,{'ab'[i % 2]}\n" for i in range(50)))
    shown = " ".join(gradlab("add", file).split())
    assert "two.csv" in shown
    assert "▇" in shown or "█" in shown
    assert "a (25), b (25)" in shown
    assert "target" in shown, shown
    assert "constant columns:" in shown
    digits = json.loads(gradlab("list", "--json"))[0]["id"].removeprefix("sha256:")
    assert digits in gradlab("list")
    assert json.loads(gradlab("show", digits[:8], "--json"))["profile"]["rows"] == 50
    assert gradlab("rm", digits[:8]) == f"deleted sha256:{digits}\n"
    unknown = CliRunner().invoke(main.app, ["dataset", "show", digits])
    assert unknown.exit_code == 2


def test_a_name_is_printed_as_it_is():
    fields = {"status": "ready", "format": "csv", "bytes": 9, "rows": 1, "column_count": 2, "name": "[red]a[/red][/b]"}
    when = datetime(2026, 11, 29, tzinfo=UTC)
    dataset = DatasetSummaryResponse.model_construct(id="sha256:" + "a" * 64, created_at=when, **fields)
    console = Console(width=200)
    with console.capture() as captured:
        console.print(_listed([dataset]))
    assert "[red]a[/red][/b]" in captured.get()


@pytest.mark.parametrize(("counts", "line"), [((), ""), ((0, 1, 4, 1000), " ▁▁█"), (range(32), "▂▃▄▄▅▅▆▆▆▇▇▇████")])
def test_a_histogram_is_one_line_of_bars(counts: tuple[int, ...], line: str):
    assert bars(counts) == line
