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
from gradlab.errors import Unavailable
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
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore("", folder=tmp_path / "blobs", cache=tmp_path / "cache")


@pytest.fixture
def store(sqlite_url: str, clock: Clock) -> Iterator[ExperimentStore]:
    made = ExperimentStore(sqlite_url, lease=MINUTE, max_attempts=3, clock=clock)
    yield made
    made.close()


@pytest.fixture
def received(store: ExperimentStore, blobs: BlobStore) -> str:
    """The id of a dataset that was uploaded and is not checked yet."""
    named = {"name": "two", "format": FileFormat.csv, "size": len(CONTENT), "store": store, "blobs": blobs}
    record, is_due = datasets.receive(io.BytesIO(CONTENT), hashlib.sha256(CONTENT).hexdigest(), **named)
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
    named = {"name": "again", "format": FileFormat.csv, "size": len(CONTENT), "store": store, "blobs": blobs}
    again, is_due = datasets.receive(io.BytesIO(CONTENT), received.removeprefix(ID_PREFIX), **named)
    assert (is_due, again.id, again.name) == (True, received, "two")
    assert check(received) == "ready"


def test_a_dataset_that_is_deleted_while_it_is_checked_stays_deleted(store, blobs, received, parser, tmp_path):
    record = store.datasets.claim(received, lease=MINUTE)
    checked = datasets._checked(blobs.fetch(received.removeprefix(ID_PREFIX)), record, tmp_path / "t", blobs, parser)
    datasets.delete(received, store=store, blobs=blobs)
    assert not store.datasets.accept(received, checked)
    assert store.datasets.find(received) is None
    assert not blobs.exists(received.removeprefix(ID_PREFIX))


def test_a_claim_is_renewed_while_a_file_is_read(store, clock, received, monkeypatch):
    monkeypatch.setattr(datasets, "LEASE", timedelta(seconds=0.03))
    store.datasets.claim(received, lease=timedelta(seconds=0.03))
    clock.forward(MINUTE)
    with datasets._renewed(received, store):
        while store.datasets.due():
            pass
    clock.forward(MINUTE)
    assert store.datasets.due() == [received]
