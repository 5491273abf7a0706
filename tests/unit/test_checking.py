"""Checks of uploaded datasets: each is made once, survives its checker and outages, and gives up on deadly files."""

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.blobs import BlobStore
from core.samples.parser import Parser
from core.store import ExperimentStore
from core.store.dataset_store import MAX_CHECKS
from core.use_cases import datasets
from gradlab.errors import Problem, Unavailable
from gradlab.schemas.datasets import ID_PREFIX, FileFormat
from tests.builders import MINUTE, Clock

pytestmark = pytest.mark.slow  # a child process reads the files
CONTENT = b"x,y\n1,2\n3,4\n"


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    made = Parser(1_000_000, os.environ)
    yield made
    made.close()


@pytest.fixture
def store(sqlite_url: str, clock: Clock) -> Iterator[ExperimentStore]:
    made = ExperimentStore(sqlite_url, lease=MINUTE, max_attempts=3, clock=clock)
    yield made
    made.close()


def receive(store: ExperimentStore, blobs: BlobStore, content: bytes = CONTENT, name: str = "two"):
    """The dataset of an uploaded file, and True if a check of it is due."""
    named = {"name": name, "format": FileFormat.csv, "size": len(content), "store": store, "blobs": blobs}
    return datasets.receive(io.BytesIO(content), hashlib.sha256(content).hexdigest(), **named)


@pytest.fixture
def received(store: ExperimentStore, blobs: BlobStore) -> str:
    """The id of a dataset that was uploaded and is not checked yet."""
    record, is_due = receive(store, blobs)
    assert is_due
    return record.id


@pytest.fixture
def check(store: ExperimentStore, blobs: BlobStore, parser: Parser, tmp_path: Path) -> Callable[[str], str]:
    """Checks a dataset, and returns its status."""

    def run(id: str) -> str:
        datasets.check(id, store=store, blobs=blobs, parser=parser, folder=tmp_path)
        return store.datasets.get(id).status

    return run


def test_what_a_checker_that_died_has_left_is_checked_by_another(store, clock, received, check):
    assert store.datasets.claim(received, lease=datasets.LEASE)
    assert store.datasets.due() == []
    assert check(received) == "checking", "the other one has it"
    clock.forward(datasets.LEASE + timedelta(seconds=1))
    assert store.datasets.due() == [received]
    assert check(received) == "ready"
    assert store.datasets.due() == []


def test_a_file_on_which_every_checker_died_is_refused(store, clock, received, check):
    for _ in range(MAX_CHECKS):
        assert store.datasets.claim(received, lease=MINUTE)
        clock.forward(2 * MINUTE)
    assert check(received) == "refused"
    assert "the service ended every time" in str(store.datasets.get(received).problems[0])


def test_an_outage_is_no_fault_of_the_file_and_costs_no_check(store, blobs, received, check, monkeypatch):
    def away(*_: object) -> Path:
        raise Unavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(blobs, "fetch", away)
        for _ in range(2 * MAX_CHECKS):
            with pytest.raises(Unavailable):
                check(received)
    assert check(received) == "ready"


def test_a_file_that_is_lost_is_refused_and_may_be_sent_again(store, blobs, received, check):
    blobs.delete(received.removeprefix(ID_PREFIX))
    assert check(received) == "refused"
    again, is_due = receive(store, blobs, name="again")
    assert (is_due, again.id, again.name) == (True, received, "two")
    assert check(received) == "ready"


def test_a_dataset_that_is_deleted_while_it_is_checked_stays_deleted(store, blobs, received, parser, tmp_path):
    claim = store.datasets.claim(received, lease=MINUTE)
    checked = datasets._outcome(claim, tmp_path / "t", blobs, parser)
    datasets.delete(received, store=store, blobs=blobs)
    assert not store.datasets.accept(claim, checked)
    assert store.datasets.find(received) is None
    assert store.named_blobs([received.removeprefix(ID_PREFIX), checked.blob]) == set(), "the sweep collects them"


def test_a_claim_is_renewed_while_a_file_is_read(store, clock, received, monkeypatch):
    monkeypatch.setattr(datasets, "LEASE", timedelta(seconds=0.03))
    claim = store.datasets.claim(received, lease=timedelta(seconds=0.03))
    clock.forward(MINUTE)
    with datasets._renewed(claim, store):
        while store.datasets.due():
            pass
    clock.forward(MINUTE)
    assert store.datasets.due() == [received]


def away(*_: object, **__: object) -> None:
    raise Unavailable("away")


def test_a_claim_that_is_lost_changes_nothing(store, clock, received):
    first = store.datasets.claim(received, lease=MINUTE)
    clock.forward(2 * MINUTE)
    second = store.datasets.claim(received, lease=MINUTE)
    assert not store.datasets.refuse(first, [Problem("x", "y", "z")])
    store.datasets.release(first)
    store.datasets.renew(first, lease=9 * MINUTE)
    assert store.datasets.due() == []
    clock.forward(2 * MINUTE)
    assert store.datasets.due() == [received], "the second one's lease has expired, and the first cannot extend it"
    assert store.datasets.refuse(second, [Problem("x", "y", "z")])


def test_a_dataset_that_is_uploaded_again_is_not_ended_by_the_check_before(store, blobs, received):
    before = store.datasets.claim(received, lease=MINUTE)
    store.datasets.delete(received)
    receive(store, blobs)
    store.datasets.claim(received, lease=MINUTE)
    assert not store.datasets.refuse(before, [Problem("x", "y", "z")])
    assert store.datasets.get(received).status == "checking"


def test_an_outage_at_the_end_of_a_check_gives_it_back(store, received, check, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(store.datasets, "accept", away)
        for _ in range(2 * MAX_CHECKS):
            with pytest.raises(Unavailable):
                check(received)
            assert store.datasets.due() == [received]
    assert check(received) == "ready"


def test_the_file_of_a_refused_dataset_is_left_to_the_sweep(store, blobs, check):
    record, _ = receive(store, blobs, b"x,y\n1,2\n1,2,3\n")
    file = record.id.removeprefix(ID_PREFIX)
    assert check(record.id) == "refused"
    assert blobs.exists(file)
    assert store.named_blobs([file]) == set()


def test_equal_tables_of_two_files_are_two_blobs(store, blobs, received, check):
    other, _ = receive(store, blobs, CONTENT.replace(b"\n", b"\r\n"))
    assert check(received) == check(other.id) == "ready"
    tables = [store.datasets.get(each).blob for each in (received, other.id)]
    assert tables[0] != tables[1]
    datasets.delete(received, store=store, blobs=blobs)
    assert [blobs.exists(each) for each in tables] == [False, True]


def test_a_dataset_whose_table_is_lost_is_made_again_from_its_file(store, blobs, received, check):
    assert check(received) == "ready"
    blobs.delete(store.datasets.get(received).blob)
    again, is_due = receive(store, blobs)
    assert (is_due, again.status, again.contents) == (True, "checking", None)
    assert check(received) == "ready"
    assert blobs.exists(store.datasets.get(received).blob)
    assert not receive(store, blobs)[1]


def test_a_dataset_is_deleted_while_the_storage_is_away(store, blobs, received, check, monkeypatch):
    assert check(received) == "ready"
    table = store.datasets.get(received).blob
    monkeypatch.setattr(blobs, "delete", away)
    datasets.delete(received, store=store, blobs=blobs)
    assert store.datasets.find(received) is None
    assert store.named_blobs([table]) == set(), "the sweep collects it"


def test_a_service_with_a_storage_of_its_own_checks_what_was_sent_to_it(store, blobs, received, tmp_path):
    other = BlobStore("", folder=tmp_path / "other", cache=tmp_path / "cache")
    assert datasets.due(store=store, blobs=blobs, is_shared=False) == [received]
    assert datasets.due(store=store, blobs=other, is_shared=False) == []
    assert datasets.due(store=store, blobs=other, is_shared=True) == [received]
    receive(store, other)
    assert datasets.due(store=store, blobs=other, is_shared=False) == [received], "it was sent to the other one, too"
