"""The client's datasets: a file is uploaded, waited for, listed, profiled and deleted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gradlab.client.client import Client, Refused
from gradlab.errors import Invalid
from tests.unit.desk import a_desk, client_of

pytestmark = pytest.mark.slow  # a child process reads the files


@pytest.fixture(scope="module")
def client(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a desk."""
    with a_desk(migrated_file, tmp_path_factory.mktemp("desk")) as opened:
        yield client_of(opened)


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
