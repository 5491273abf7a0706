"""Blobs in a folder and in an object storage: whole or not at all, found by their hash, collected when they are old."""

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.blobs import BlobStore, cache
from gradlab.errors import Invalid, NotFound

SOON = datetime.now(UTC) + timedelta(hours=1)
LONG_AGO = datetime.now(UTC) - timedelta(hours=1)


def test_bytes_and_files_are_found_by_their_hash(blobs: BlobStore, tmp_path: Path):
    (tmp_path / "file").write_bytes(b"samples")
    expected = hashlib.sha256(b"samples").hexdigest()
    assert blobs.put(b"samples") == blobs.put(tmp_path / "file") == expected
    assert blobs.exists(expected)
    assert blobs.read(expected) == blobs.fetch(expected).read_bytes() == b"samples"
    assert [each.hash for each in blobs.sweep(SOON)] == [expected]
    assert list(blobs.sweep(LONG_AGO)) == []


def test_what_is_not_there_is_missed_by_name_and_deleted_without_error(blobs: BlobStore):
    digest = "0" * 64
    blobs.delete(digest)
    assert not blobs.exists(digest)
    for reading in (blobs.read, blobs.fetch):
        with pytest.raises(NotFound, match=digest):
            reading(digest)


def test_damaged_bytes_are_not_returned(blobs: BlobStore):
    digest = blobs.put(b"whole")
    blobs.fetch(digest).write_bytes(b"torn")
    with pytest.raises(NotFound, match="damaged"):
        blobs.read(digest)


def test_a_hash_is_no_path(blobs: BlobStore):
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        blobs.read("../../etc/passwd")


def test_what_killed_writers_left_is_swept(blobs: BlobStore, tmp_path: Path):
    digest = blobs.put(b"whole")
    unfinished = tmp_path / "blobs" / digest[:2] / f"{digest}#1"
    unfinished.write_bytes(b"tor")
    assert list(blobs.sweep(LONG_AGO)) == []
    assert unfinished.exists()
    assert len(list(blobs.sweep(SOON))) == 1
    assert not unfinished.exists()


@pytest.mark.parametrize("url", ["http://storage/bucket", "s3://", "bucket", "memory:///"])
def test_other_addresses_are_refused_by_the_name_of_the_setting(tmp_path: Path, url: str):
    with pytest.raises(Invalid, match="GRADLAB_STORAGE_URL"):
        BlobStore(url, folder=tmp_path, cache=tmp_path)


def test_a_shared_folder_is_named_by_url(tmp_path: Path):
    one, other = (
        BlobStore(f"file://{tmp_path}/shared", folder=tmp_path / each, cache=tmp_path / each) for each in "ab"
    )
    assert other.read(one.put(b"samples")) == b"samples"


def test_copies_are_whole_and_the_oldest_make_room(tmp_path: Path, monkeypatch):
    def torn() -> Iterator[bytes]:
        yield b"to"
        raise ConnectionError

    monkeypatch.setattr(cache, "MAX_CACHE_BYTES", 10)
    copies = cache.Cache(tmp_path)
    hashes = [hashlib.sha256(each).hexdigest() for each in (b"first", b"other", b"third")]
    assert copies.get(hashes[0]) is None
    for digest, content in zip(hashes, (b"first", b"other", b"third"), strict=True):
        assert copies.add(digest, 5, [content[:2], content[2:]]).read_bytes() == content
    assert copies.get(hashes[0]) is None
    assert copies.get(hashes[2]) is not None
    for pieces, error in ((torn(), ConnectionError), (iter([b"else"]), NotFound)):
        with pytest.raises(error):
            copies.add(hashes[0], 4, pieces)
    assert all(file.name in hashes for file in tmp_path.iterdir())


def test_a_copy_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch):
    digest, synced = hashlib.sha256(b"whole").hexdigest(), []

    def fsync(descriptor: int) -> None:
        synced.append((os.fstat(descriptor).st_size, (tmp_path / digest).exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    cache.Cache(tmp_path).add(digest, 5, [b"whole"])
    assert synced == [(5, False)]
