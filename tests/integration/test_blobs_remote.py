"""Blobs on S3, for which a server of the same protocol stands in: two machines share them by its address alone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.blobs import MIN_BLOB_BYTES, BlobStore, open_blobs
from core.settings import Settings
from core.store import ExperimentStore
from core.use_cases import collecting
from gradlab.errors import NotFound, Unavailable
from tests.builders import MINUTE, a_chunk, a_spec
from tests.servers import DEADLINE


@pytest.fixture(scope="module")
def s3() -> Iterator["subprocess.Popen[str]"]:
    """A server with a bucket, whose address and keys are in the environment."""
    quiet = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-m", "scripts.objects"], **quiet)
    address = f"http://127.0.0.1:{int(process.stdout.readline())}"
    names = {"ENDPOINT_URL": address, "ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "y", "REGION": "us-east-1"}
    with pytest.MonkeyPatch.context() as patched:
        for name, value in names.items():
            patched.setenv(f"AWS_{name}", value)
        yield process
    process.kill()
    process.wait(DEADLINE)
    process.stdout.close()


def machine(folder: Path) -> BlobStore:
    """The storage as a machine with a data directory of its own sees it."""
    settings = Settings(_env_file=None, data_dir=folder, storage_url="s3://lab/blobs", storage_plain_http=True)
    return open_blobs(settings)


def test_two_machines_share_blobs_and_download_each_once(s3, tmp_path):
    one, other = machine(tmp_path / "one"), machine(tmp_path / "other")
    content = os.urandom(12_000_000)  # several parts
    (tmp_path / "file").write_bytes(content)
    digest = one.put(tmp_path / "file")
    copy = other.fetch(digest)
    assert copy.is_relative_to(tmp_path / "other")
    assert copy.read_bytes() == other.read(digest) == content
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert [(each.hash, each.size) for each in other.sweep(soon)] == [(digest, len(content))]
    one.delete(digest)
    assert not other.exists(digest)
    assert other.fetch(digest) == copy, "it is not asked for again"
    with pytest.raises(NotFound, match=digest):
        one.read(digest)


def test_copies_of_what_is_deleted_are_deleted(s3, tmp_path, sqlite_url):
    one, other = machine(tmp_path / "one"), machine(tmp_path / "other")
    digest = one.put(b"samples")
    copies = one.fetch(digest), other.fetch(digest)
    one.delete(digest)
    assert [each.exists() for each in copies] == [False, True]
    store = ExperimentStore(sqlite_url, lease=MINUTE, max_attempts=3)
    collecting.forget_copies(store=store, blobs=other)
    store.close()
    assert not copies[1].exists()


def test_a_training_goes_on_from_the_storage_on_another_machine(s3, tmp_path, sqlite_url):
    spec = a_spec(epochs=2)
    stores = [
        ExperimentStore(sqlite_url, lease=MINUTE, max_attempts=3, blobs=machine(tmp_path / each)) for each in "ab"
    ]
    experiment = stores[0].add(spec)[0].id
    claim, chunk = stores[0].claim(experiment, worker="a"), a_chunk(spec, first_epoch=0, epochs=1)
    checkpoint = type(chunk.checkpoint())(spec.seeds[0], 0, b"s" * MIN_BLOB_BYTES)
    stores[0].append(claim, chunk, checkpoint=checkpoint)
    stores[0].release(claim)
    assert stores[1].claim(experiment, worker="b").checkpoint == checkpoint
    for each in stores:
        each.close()


def test_a_storage_that_is_away_is_reported_soon_and_without_its_address(s3, tmp_path):
    s3.kill()
    s3.wait(DEADLINE)
    with pytest.raises(Unavailable) as away:
        machine(tmp_path).put(b"samples")
    assert str(away.value) == "The storage of datasets and networks does not answer."
