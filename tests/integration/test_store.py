"""The store keeps what it is told, the same on SQLite and PostgreSQL."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from uuid import uuid4

import numpy as np
import pytest

from core.errors import Conflict, NotFound
from core.store import ExperimentStore, Orders, Status, Summary
from tests.builders import MINUTE, Clock, a_chunk, a_spec, measured


def claimed(store: ExperimentStore, spec, worker="one"):
    experiment, _ = store.add(spec)
    claim = store.claim(experiment.id, worker=worker)
    assert claim
    return experiment.id, claim


def test_what_is_added_can_be_read(store, clock):
    spec = a_spec(epochs=6, seeds=(3, 2**32 - 1))
    experiment, new = store.add(spec)
    assert new
    assert store.get(experiment.id) == experiment
    assert (experiment.spec, experiment.status, experiment.attempt) == (spec, Status.queued, 0)
    assert experiment.created_at == clock.now
    assert experiment.created_at.tzinfo is UTC
    assert (experiment.epochs_done, experiment.epochs_total) == (0, 12)
    assert [run.seed for run in experiment.runs] == [3, 2**32 - 1]
    assert all(run.final_metrics is None and not run.ended for run in experiment.runs)
    assert store.layout(experiment.id) == spec.layout


def test_the_series_of_a_waiting_experiment_are_empty(store):
    experiment, _ = store.add(a_spec(seeds=(0, 1)))
    assert {seed: values.shape for seed, values in store.metrics(experiment.id).items()} == {0: (0, 4), 1: (0, 4)}
    assert store.gradients(experiment.id)[1].shape == (0, 4, 6)
    assert store.summaries(experiment.id) == {}


@pytest.mark.parametrize("ask", ["get", "revision", "cancel", "delete", "layout", "metrics", "gradients", "summaries"])
def test_what_does_not_exist_is_not_found(store, ask):
    with pytest.raises(NotFound, match="There is no experiment"):
        getattr(store, ask)(uuid4())


def test_nan_and_infinities_are_kept_bit_for_bit(store):
    spec = a_spec(epochs=3)
    it, claim = claimed(store, spec)
    history = measured(spec, 0, 1, 3)
    # A signalling NaN with a payload, a negative NaN, both infinities, minus zero, the smallest subnormal.
    odd = np.array([0x7FA00001, 0xFFC00001, 0x7F800000, 0xFF800000, 0x80000000, 1], "<u4").view("<f4")
    history.gradients[1, 0, :] = odd
    history.metrics[2, :] = odd[:4]
    store.append(claim, a_chunk(spec, history=history, stopped_by="nonfinite"))
    assert store.metrics(it)[0].tobytes() == history.metrics.tobytes()
    assert store.gradients(it)[0].tobytes() == history.gradients.tobytes()
    (run,) = store.get(it).runs
    final = np.array(list(run.final_metrics.values()))
    assert np.isnan(final[:2]).all()
    assert final[2:].tolist() == [np.inf, -np.inf]
    assert (run.ended, run.stopped_by, store.get(it).stopped_by) == (True, "nonfinite", "nonfinite")
    first = store.summaries(it)[0][0]
    assert first.first_nonfinite_epoch == 2
    assert first.last == history.gradients[2, 0, 0]


def test_a_summary_is_about_the_finite_values(store):
    spec = a_spec(epochs=4)
    it, claim = claimed(store, spec)
    history = measured(spec, 0, 1, 4)
    history.gradients[:, 0, 0] = [2.0, 0.5, np.inf, 1.0]
    history.gradients[:, 1, 0] = np.nan
    store.append(claim, a_chunk(spec, history=history))
    assert store.summaries(it)[0][:2] == (Summary(1.0, 0.5, 2.0, 3), Summary(None, None, None, 1))
    assert len(store.summaries(it)[0]) == len(spec.layout.tensors)


def test_chunks_of_any_length_join_to_one_series_that_can_be_cut(store):
    spec = a_spec(epochs=12, seeds=(5, 6))
    it, claim = claimed(store, spec)
    for seed in spec.seeds:
        for first, epochs in ((1, 1), (2, 4), (6, 2), (8, 5)):
            store.append(claim, a_chunk(spec, seed=seed, first_epoch=first, epochs=epochs))
    whole = {seed: measured(spec, seed, 1, 12) for seed in spec.seeds}
    for seed in spec.seeds:
        np.testing.assert_array_equal(store.metrics(it)[seed], whole[seed].metrics)
    for begin, end in ((1, None), (2, 5), (3, 3), (6, 7), (7, 9), (12, 12), (13, None), (5, 4), (4, 99)):
        cut = store.gradients(it, seeds=[6], from_epoch=begin, to_epoch=end)
        assert list(cut) == [6]
        np.testing.assert_array_equal(cut[6], whole[6].gradients[begin - 1 : end])
    with pytest.raises(NotFound, match=r"no run with the seed 7; the seeds are 5, 6"):
        store.metrics(it, seeds=[7])


def test_a_network_without_trainable_tensors_has_a_series_of_nothing(store):
    spec = a_spec(epochs=3)
    training = spec.training.model_dump() | {"loss": "categorical_crossentropy"}
    spec = a_spec(model={"layers": [{"kind": "activation", "activation": "softmax"}]}, training=training)
    it, claim = claimed(store, spec)
    store.append(claim, a_chunk(spec, epochs=3))
    assert store.gradients(it)[0].shape == (3, 0, 6)
    assert store.metrics(it)[0].shape == (3, 4)
    assert store.summaries(it) == {}


def test_progress_lease_and_revision_move_with_each_chunk(store, clock):
    spec = a_spec(epochs=4, seeds=(0, 1))
    it, claim = claimed(store, spec)
    before = store.get(it)
    assert (before.status, before.attempt, before.worker) == (Status.running, 1, "one")
    assert (before.started_at, before.lease_until) == (clock.now, clock.now + MINUTE)
    clock.forward(MINUTE / 2)
    assert store.append(claim, a_chunk(spec, epochs=4, compiled=False)) is Orders.go_on
    assert store.append(claim, a_chunk(spec, seed=1, epochs=1)) is Orders.go_on
    after = store.get(it)
    assert after.revision == store.revision(it) == before.revision + 2
    assert after.lease_until == clock.now + MINUTE
    assert (after.epochs_done, after.compiled) == (5, False)
    assert [run.ended for run in after.runs] == [True, False]
    final = measured(spec, 1, 1, 1).metrics[-1]
    assert after.runs[1].final_metrics == dict(zip(spec.layout.metrics, map(float, final), strict=True))
    store.finish(claim, Status.completed, versions={"python": "3"})
    done = store.get(it)
    assert (done.status, done.finished_at, done.lease_until) == (Status.completed, clock.now, None)
    assert done.versions == {"python": "3"}


def test_a_gap_is_refused_and_nothing_is_written(store):
    spec = a_spec()
    it, claim = claimed(store, spec)
    before = store.get(it)
    with pytest.raises(ValueError, match="would leave a gap"):
        store.append(claim, a_chunk(spec, first_epoch=2))
    assert store.get(it) == before


def test_storing_a_chunk_twice_is_storing_it_once(store):
    spec = a_spec()
    it, claim = claimed(store, spec)
    for _ in range(2):
        store.append(claim, a_chunk(spec, epochs=3))
    np.testing.assert_array_equal(store.metrics(it)[0], measured(spec, 0, 1, 3).metrics)


def test_an_idempotency_key_makes_one_experiment(store):
    first, new = store.add(a_spec(), idempotency_key="key")
    again, made = store.add(a_spec(), idempotency_key="key")
    assert (new, made, again) == (True, False, first)
    with pytest.raises(Conflict, match="'key' was used for another spec"):
        store.add(a_spec(epochs=7), idempotency_key="key")
    assert store.add(a_spec())[1], "without a key every submission is new"


def test_an_idempotency_key_used_by_many_at_once_makes_one_experiment(database_url):
    together, threads = threading.Barrier(4), 4

    def add(_: int):
        store = ExperimentStore(database_url, lease=MINUTE, max_attempts=3)
        together.wait()
        try:
            return [store.add(a_spec(), idempotency_key=f"key {i}") for i in range(10)]
        finally:
            store.close()

    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(add, range(threads)))
    for same_key in zip(*answers, strict=True):
        assert len({experiment.id for experiment, _ in same_key}) == 1
        assert sum(new for _, new in same_key) == 1


def test_pages_do_not_shift_when_experiments_arrive(store):
    old = [store.add(a_spec(seeds=(seed,)))[0].id for seed in range(7)]
    page = store.page(limit=3)
    seen = [experiment.id for experiment in page.experiments]
    while page.next is not None:
        store.add(a_spec())
        page = store.page(limit=3, before=page.next)
        seen += [experiment.id for experiment in page.experiments]
    assert seen == old[::-1]


def test_pages_can_be_asked_for_by_status(store):
    ids = [store.add(a_spec())[0].id for _ in range(4)]
    store.cancel(ids[1])
    page = store.page(limit=10, status=Status.queued)
    assert [each.id for each in page.experiments] == [ids[3], ids[2], ids[0]]
    assert page.next is None
    assert [each.id for each in store.page(limit=1, status=Status.cancelled).experiments] == [ids[1]]
    assert store.page(limit=5, status=Status.failed).experiments == ()


def test_a_deleted_experiment_leaves_nothing_and_its_number_is_not_reused(store):
    spec = a_spec()
    it, claim = claimed(store, spec)
    store.append(claim, a_chunk(spec), checkpoint=a_chunk(spec).checkpoint())
    store.delete(it)
    assert store.page(limit=5).experiments == ()
    with pytest.raises(NotFound):
        store.gradients(it)
    other, _ = store.add(spec)
    assert store.gradients(other.id)[0].shape[0] == 0


def test_times_without_a_zone_are_refused(database_url):
    store = ExperimentStore(database_url, lease=MINUTE, max_attempts=1, clock=lambda: Clock().now.replace(tzinfo=None))
    with pytest.raises(Exception, match="expected an aware time"):
        store.add(a_spec())
    store.close()
