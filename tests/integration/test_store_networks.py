"""Networks: kept as they were before the first update and after the last one, and gone with what they belong to."""

import pytest
from sqlalchemy import func, select

from core.records import WorkerCommand
from core.store.database import reading
from core.store.tables import architectures, snapshots
from gradlab.errors import NotFound
from tests.builders import ARCHITECTURE, MINUTE, a_chunk, a_group, a_run, a_snapshot, a_spec

SPEC = a_spec(epochs=6, seeds=(3, 5))


def begun(store):
    """An experiment with epoch 0 of its first run."""
    it = store.add(SPEC)[0].id
    claim = store.claim(it, worker="one")
    chunk = a_chunk(SPEC, first_epoch=0, epochs=1)
    store.append(claim, chunk, checkpoint=chunk.checkpoint(), architecture=chunk.architecture())
    return it, claim


def is_kept(store, it, seed, measured, **asked) -> bool:
    """True if a run's network of an epoch is the measured one, every bit of it."""
    form, found = store.network(it, seed, **asked)
    values = [(each.dtype, each.shape, each.tobytes()) for each in found.values]
    expected = [(each.dtype, each.shape, each.tobytes()) for each in a_snapshot(seed, measured).values]
    return form == ARCHITECTURE and found.epoch == measured and values == expected


def rows(store) -> tuple[int, int]:
    """The numbers of architectures and of snapshots."""
    with reading(store._engine) as connection:
        counted = (connection.execute(select(func.count()).select_from(each)) for each in (architectures, snapshots))
        return tuple(each.scalar_one() for each in counted)


def test_a_runs_network_is_kept_before_the_first_update_and_after_the_last(store):
    it, claim = begun(store)
    assert is_kept(store, it, 3, 0, epoch=0)
    store.append(claim, a_chunk(SPEC, first_epoch=1, epochs=3))
    with pytest.raises(NotFound, match="kept when a run has ended: kept is that of epoch 0"):
        store.network(it, 3)
    store.append(claim, a_chunk(SPEC, first_epoch=4, epochs=3))
    store.append(claim, a_chunk(SPEC, seed=5, first_epoch=0, epochs=1))
    store.append(claim, a_chunk(SPEC, seed=5, first_epoch=1, epochs=2, stopped_by="nonfinite"))
    assert is_kept(store, it, 3, 6)
    assert is_kept(store, it, 3, 6, epoch=6)
    assert is_kept(store, it, 3, 0, epoch=0)
    assert is_kept(store, it, 5, 2)
    assert rows(store) == (1, 4)


def test_what_is_not_kept_is_said(store):
    it = store.add(SPEC)[0].id
    with pytest.raises(NotFound, match="its training has not begun"):
        store.network(it, 3)
    it, _ = begun(store)
    with pytest.raises(NotFound, match="no network of epoch 2: kept is that of epoch 0"):
        store.network(it, 3, epoch=2)
    with pytest.raises(NotFound, match="none is kept yet"):
        store.network(it, 5, epoch=0)
    with pytest.raises(NotFound, match="seeds are 3, 5"):
        store.network(it, 4)


def test_a_chunk_that_comes_again_changes_nothing(store):
    it, claim = begun(store)
    for _ in range(2):
        store.append(claim, a_chunk(SPEC, first_epoch=0, epochs=1), architecture=ARCHITECTURE)
        store.append(claim, a_chunk(SPEC, first_epoch=1, epochs=6))
    assert rows(store) == (1, 2)
    assert is_kept(store, it, 3, 6)
    # An attempt that goes on from an earlier checkpoint: the last epoch has not come yet.
    store.append(claim, a_chunk(SPEC, first_epoch=3, epochs=1))
    assert rows(store) == (1, 1)
    assert is_kept(store, it, 3, 0, epoch=0)


def test_a_later_run_that_is_forgotten_has_no_network(store, clock):
    it, claim = begun(store)
    store.append(claim, a_chunk(SPEC, first_epoch=1, epochs=6))
    store.append(claim, a_chunk(SPEC, seed=5, first_epoch=0, epochs=1))
    assert rows(store) == (1, 3)
    clock.forward(2 * MINUTE)
    second = store.claim(it, worker="two")
    assert (
        store.append(second, a_chunk(SPEC, first_epoch=1, epochs=6), architecture=ARCHITECTURE)
        is WorkerCommand.continue_
    )
    assert rows(store) == (1, 2)
    with pytest.raises(NotFound, match="none is kept yet"):
        store.network(it, 5, epoch=0)


def test_runs_side_by_side_have_networks_of_their_own(store):
    it = store.add(SPEC)[0].id
    claim = store.claim(it, worker="one")
    runs = [a_run(SPEC, seed=seed, first_epoch=0, epochs=7) for seed in SPEC.seeds]
    store.append(claim, a_group(SPEC.seeds, *runs), architecture=ARCHITECTURE)
    assert is_kept(store, it, 3, 6)
    assert is_kept(store, it, 5, 6)


def test_networks_are_deleted_with_their_experiment(store):
    it, _ = begun(store)
    other, _ = begun(store)
    store.delete(it)
    assert rows(store) == (1, 1)
    assert is_kept(store, other, 3, 0, epoch=0)
