"""Runs that are trained side by side: stored together, ended one by one, resumed as a group."""

import numpy as np
import pytest

from core.records import WorkerCommand
from gradlab.measurement.history import Culprit
from gradlab.schemas.status import Status
from tests.builders import MINUTE, a_chunk, a_group, a_run, a_spec, a_training, measured

SPEC = a_spec(epochs=12, seeds=(0, 1, 2, 3, 4), record={"weights": 4, "histograms": 5})
GROUP = (1, 2, 3)


def claimed(store, spec=SPEC):
    it = store.add(spec)[0].id
    claim = store.claim(it, worker="one")
    assert claim
    return it, claim


def some(first_epoch, last_epoch, seeds=GROUP, **stopped):
    """Some epochs of the group; `stopped` holds, under `seed_<its seed>`, the epoch in which a run diverged."""
    runs = []
    for seed in seeds:
        end = stopped.get(f"seed_{seed}", last_epoch)
        why = "nonfinite" if f"seed_{seed}" in stopped else None
        runs.append(a_run(SPEC, seed=seed, first_epoch=first_epoch, epochs=end + 1 - first_epoch, stopped_by=why))
    return a_group(GROUP, *runs)


def holds(store, it, **last_epochs):
    """True if each run's series are those of an undisturbed training until then, and no longer."""
    for seed in SPEC.seeds:
        wanted = measured(SPEC, seed, 0, last_epochs[f"seed_{seed}"] + 1)
        found = store.metrics(it)[seed]
        assert found.epochs.tolist() == list(range(last_epochs[f"seed_{seed}"] + 1))
        assert found.values.tobytes() == wanted.metrics.tobytes()
        for kind, values in wanted.series.items():
            found = store.series(it, kind)[seed]
            assert found.epochs.tolist() == list(wanted.epochs_of(kind))
            assert found.values.tobytes() == values.tobytes()
    return True


def test_a_chunk_of_several_runs_is_stored_in_one_transaction(store):
    it, claim = claimed(store)
    before = store.get(it)
    assert store.append(claim, some(0, 0)) is WorkerCommand.continue_
    assert store.append(claim, some(1, 6, seed_2=5)) is WorkerCommand.continue_
    after = store.get(it)
    assert after.revision == before.revision + 2
    assert [run.epochs_done for run in after.runs] == [0, 6, 5, 6, 0]
    assert [run.ended for run in after.runs] == [False, False, True, False, False]
    assert [run.stopped_by for run in after.runs] == [None, None, "nonfinite", None, None]
    assert holds(store, it, seed_0=-1, seed_1=6, seed_2=5, seed_3=6, seed_4=-1)
    assert list(store.summaries(it)) == [2]


def test_a_gap_in_one_run_keeps_the_whole_chunk_out(store):
    it, claim = claimed(store)
    store.append(claim, some(0, 3, seeds=(1, 2)))
    before = store.get(it)
    with pytest.raises(ValueError, match="would leave a gap"):
        store.append(claim, some(4, 5))
    assert store.get(it) == before
    assert holds(store, it, seed_0=-1, seed_1=3, seed_2=3, seed_3=-1, seed_4=-1)


def test_a_run_that_has_ended_is_left_alone_by_the_chunks_that_follow(store):
    it, claim = claimed(store)
    culprit = Culprit(2, 3, "activation", "dense_1", "activation", "inf", 4)
    diverged = a_run(SPEC, seed=2, first_epoch=0, epochs=3, stopped_by="nonfinite", culprit=culprit)
    others = (a_run(SPEC, seed=seed, first_epoch=0, epochs=7) for seed in (1, 3))
    store.append(claim, a_group(GROUP, diverged, *others))
    store.append(claim, some(7, 12, seeds=(1, 3)))
    found = store.get(it).runs[2]
    assert (found.epochs_done, found.ended, found.stopped_by, found.culprit) == (3 - 1, True, "nonfinite", culprit)
    assert [run.ended for run in store.get(it).runs] == [False, True, True, True, False]
    assert list(store.summaries(it)) == [1, 2, 3]


@pytest.mark.parametrize("first_epoch", [5, 6, 8, 9])
def test_a_group_goes_on_from_its_checkpoint_and_only_what_lies_beyond_is_redone(store, clock, first_epoch):
    it, claim = claimed(store)
    store.append(claim, a_chunk(SPEC, seed=0, first_epoch=0, epochs=13))
    kept = some(0, first_epoch - 1, seed_1=3)  # ended before the checkpoint
    store.append(claim, kept, checkpoint=kept.checkpoint())
    store.append(claim, some(first_epoch, 12, seeds=(2, 3), seed_2=10))  # ended after it
    store.append(claim, a_chunk(SPEC, seed=4, first_epoch=0, epochs=2))
    clock.forward(2 * MINUTE)
    heir = store.claim(it, worker="two")
    assert (heir.checkpoint.seed, heir.checkpoint.epoch) == (GROUP[0], first_epoch - 1)
    store.append(heir, some(first_epoch, first_epoch, seeds=(2, 3)))
    assert [run.epochs_done for run in store.get(it).runs] == [12, 3, first_epoch, first_epoch, 0]
    assert [run.ended for run in store.get(it).runs] == [True, True, False, False, False]
    assert [run.stopped_by for run in store.get(it).runs] == [None, "nonfinite", None, None, None]
    assert holds(store, it, seed_0=12, seed_1=3, seed_2=first_epoch, seed_3=first_epoch, seed_4=-1)
    assert list(store.summaries(it)) == [0, 1]


@pytest.mark.parametrize("begin", [0, 1])
@pytest.mark.parametrize("first_epoch", range(1, 11))
def test_a_block_is_cut_between_rows_that_are_epochs_apart(store, first_epoch, begin):
    spec = a_spec(epochs=12, record={"gradients": 3, "weights": 4, "histograms": 5})
    it, claim = claimed(store, spec)
    store.append(claim, a_chunk(spec, first_epoch=begin, epochs=12 - begin))
    store.append(claim, a_chunk(spec, first_epoch=first_epoch, epochs=1))
    whole = measured(spec, 0, begin, first_epoch + 1 - begin)
    for kind, values in whole.series.items():
        found = store.series(it, kind)[0]
        assert found.epochs.tolist() == list(whole.epochs_of(kind))
        np.testing.assert_array_equal(found.values, values)


def test_a_run_of_which_only_epoch_0_is_stored_is_dropped_like_any_other(store):
    it, claim = claimed(store, spec := a_spec(seeds=(0, 1)))
    store.append(claim, a_chunk(spec, seed=1, first_epoch=0, epochs=1))
    assert store.get(it).runs[1].final_metrics is not None
    store.append(claim, a_chunk(spec, seed=0, first_epoch=0, epochs=1))
    assert len(store.metrics(it)[1].epochs) == 0
    assert store.get(it).runs[1].final_metrics is None


def test_chunks_of_groups_that_train_at_a_time_leave_each_other_alone(store, clock):
    it, claim = claimed(store)
    pair = (0, 1, 2, 3, 4)

    def some_of(seeds, first_epoch, last_epoch):
        runs = (a_run(SPEC, seed=seed, first_epoch=first_epoch, epochs=last_epoch + 1 - first_epoch) for seed in seeds)
        return a_group(pair, *runs)

    kept = some_of((0, 1), 5, 8)
    for chunk in (some_of((0, 1), 0, 4), some_of((2, 3, 4), 0, 6), kept):
        store.append(claim, chunk, checkpoint=kept.checkpoint() if chunk is kept else None)
    store.append(claim, some_of((2, 3, 4), 7, 12))  # measured in vain: the checkpoint is of epochs 8 and 6
    clock.forward(2 * MINUTE)
    heir = store.claim(it, worker="two")
    store.append(heir, some_of((0, 1), 9, 10))
    assert holds(store, it, seed_0=10, seed_1=10, seed_2=12, seed_3=12, seed_4=12)
    store.append(heir, some_of((2, 3, 4), 7, 9))
    assert holds(store, it, seed_0=10, seed_1=10, seed_2=9, seed_3=9, seed_4=9)
    assert [run.ended for run in store.get(it).runs] == [False] * 5


def test_a_whole_training_in_groups_is_stored_bit_for_bit_whenever_it_was_interrupted(store, clock):
    train = a_training(length=3, side_by_side=2, stops={1: 5, 2: 8})
    it = store.add(SPEC)[0].id
    chunks = 2
    while store.get(it).status is not Status.completed:
        claim = store.claim(it, worker="next")
        for number, chunk in enumerate(train(SPEC, claim.checkpoint), start=1):
            # Every second chunk is measured in vain.
            store.append(claim, chunk, checkpoint=chunk.checkpoint() if number % 2 else None)
            if number == chunks:
                break
        else:
            store.finish(claim, Status.completed)
        clock.forward(2 * MINUTE)
    assert holds(store, it, seed_0=12, seed_1=5, seed_2=8, seed_3=12, seed_4=12)
    assert len(store.attempts(it)) > 5
