"""Large networks and checkpoints are blobs: written before their rows, replaced, lost, and collected."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from core.blobs import MIN_BLOB_BYTES, BlobStore
from core.store import ExperimentStore
from core.use_cases import collecting
from gradlab.errors import NotFound, Unavailable
from gradlab.measurement.history import Architecture, Snapshot, Variable
from tests.builders import MINUTE, a_chunk, a_spec

SPEC = a_spec(epochs=2)
WEIGHTS = np.arange(MIN_BLOB_BYTES // 4 + 1, dtype=np.float32)
FORM = Architecture("{}", (Variable("kernel", WEIGHTS.shape, "float32"),), "3")


@pytest.fixture
def store(database_url: str, blobs: BlobStore, clock) -> Iterator[ExperimentStore]:
    made = ExperimentStore(database_url, lease=MINUTE, max_attempts=3, clock=clock, blobs=blobs)
    yield made
    made.close()


def large(state: bytes = b"s", **more):
    """A chunk and its checkpoint, both too large for a row."""
    chunk = a_chunk(SPEC, **more)
    runs = tuple(replace(run, snapshot=run.snapshot and Snapshot(run.snapshot.epoch, (WEIGHTS,))) for run in chunk.runs)
    return replace(chunk, runs=runs), replace(chunk.checkpoint(), state=state * MIN_BLOB_BYTES)


def begun(store):
    """An experiment with a large network of epoch 0 and a large checkpoint; its claim."""
    experiment = store.add(SPEC)[0].id
    claim = store.claim(experiment, worker="one")
    chunk, checkpoint = large(first_epoch=0, epochs=1)
    store.append(claim, chunk, checkpoint=checkpoint, architecture=FORM)
    return experiment, claim


def hashes(blobs: BlobStore, clock) -> set[str]:
    return {each.hash for each in blobs.sweep(clock.now + timedelta(days=9999))}


def make_old(folder: Path) -> None:
    """Set the time of all files in a folder to 1970."""
    for file in (path for path in folder.rglob("*") if path.is_file()):
        os.utime(file, (0, 0))


def test_large_networks_and_checkpoints_are_blobs_and_come_back_whole(store, blobs, clock):
    experiment, claim = begun(store)
    assert len(hashes(blobs, clock)) == 2
    np.testing.assert_array_equal(store.network(experiment, SPEC.seeds[0], epoch=0)[1].values[0], WEIGHTS, strict=True)
    store.release(claim)
    assert store.claim(experiment, worker="two").checkpoint.state == b"s" * MIN_BLOB_BYTES


def test_a_checkpoint_that_is_replaced_is_deleted_unless_another_experiment_has_it(store, blobs, clock):
    (first, claim), (other, _) = begun(store), begun(store)
    before = hashes(blobs, clock)
    assert len(before) == 3, "equal networks are one blob, equal checkpoints are not"
    chunk, checkpoint = large(b"t", first_epoch=1, epochs=1)
    store.append(claim, chunk, checkpoint=checkpoint)
    assert len(hashes(blobs, clock) - before) == len(before - hashes(blobs, clock)) == 1
    store.release(claim)
    assert store.claim(first, worker="two").checkpoint.state == b"t" * MIN_BLOB_BYTES
    clock.forward(timedelta(days=1))
    assert store.claim(other, worker="two").checkpoint.state == b"s" * MIN_BLOB_BYTES


def test_a_training_whose_checkpoint_is_lost_begins_anew(store, blobs, clock):
    experiment, claim = begun(store)
    for digest in hashes(blobs, clock):
        blobs.delete(digest)
    store.release(claim)
    assert store.claim(experiment, worker="two").checkpoint is None
    with pytest.raises(NotFound, match="GRADLAB_STORAGE_URL"):
        store.network(experiment, SPEC.seeds[0], epoch=0)


def test_while_the_storage_is_away_nothing_is_claimed_and_no_row_names_what_is_not_there(store, blobs, monkeypatch):
    experiment, claim = begun(store)

    def away(*_: object) -> bytes:
        raise Unavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(blobs, "put", away)
        chunk, checkpoint = large(b"t", first_epoch=1, epochs=1)
        with pytest.raises(Unavailable):
            store.append(claim, chunk, checkpoint=checkpoint)
    store.release(claim)
    with monkeypatch.context() as patched:
        patched.setattr(blobs, "read", away)
        for _ in range(5):
            with pytest.raises(Unavailable):
                store.claim(experiment, worker="two")
    resumed = store.claim(experiment, worker="two")
    assert (resumed.attempt, resumed.checkpoint.epoch) == (2, 0)


def test_rows_of_a_store_without_blobs_stay_readable(database_url, store, blobs, clock):
    rows = ExperimentStore(database_url, lease=MINUTE, max_attempts=3, clock=clock)
    experiment, claim = begun(rows)
    assert hashes(blobs, clock) == set()
    rows.release(claim)
    rows.close()
    assert store.claim(experiment, worker="two").checkpoint.state == b"s" * MIN_BLOB_BYTES


def test_blobs_that_no_row_names_are_collected_once_they_are_old(store, blobs, clock, tmp_path):
    assert collecting.claim_storage(store=store, blobs=blobs)
    experiment, _ = begun(store)
    named = hashes(blobs, clock)
    orphan = blobs.put(b"whose writer died")
    make_old(tmp_path / "blobs")
    young = blobs.put(b"whose row comes next")
    assert collecting.collect(store=store, blobs=blobs) == 1
    assert hashes(blobs, clock) == named | {young}
    store.delete(experiment)
    assert collecting.collect(store=store, blobs=blobs) == len(named)
    assert hashes(blobs, clock) == {young}
    assert orphan != young


def test_nothing_is_collected_from_the_storage_of_another_database(store, blobs, tmp_path):
    assert collecting.claim_storage(store=store, blobs=blobs)
    blobs.put(b"what a row of the other database names")
    blobs.belong_to("0" * 32)
    make_old(tmp_path / "blobs")
    assert collecting.collect(store=store, blobs=blobs) == 0
    blobs.belong_to(store.identity())
    assert collecting.collect(store=store, blobs=blobs) == 1


def test_a_storage_that_names_no_database_is_claimed_unless_another_may_use_it(store, blobs, clock):
    begun(store)
    unknown = blobs.put(b"what no row names")
    assert not collecting.claim_storage(store=store, blobs=blobs)
    assert blobs.owner() is None
    blobs.delete(unknown)
    assert collecting.claim_storage(store=store, blobs=blobs)
    assert blobs.owner() == store.identity()
    assert len(hashes(blobs, clock)) == 2, "the name is no blob"
