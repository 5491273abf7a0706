"""The store keeps what it is told, the same on SQLite and PostgreSQL."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from uuid import uuid4

import numpy as np
import pytest

from core.records import Filters, Summary, WorkerCommand
from core.store import ExperimentStore, Submission
from gradlab.errors import Conflict, Invalid, NotFound
from gradlab.measurement.history import Culprit
from gradlab.remedies.rewriting.start import with_start
from gradlab.schemas.status import Status
from gradlab.spec.initial_weights import InitialWeights
from tests.builders import MINUTE, Clock, a_chunk, a_spec, an_external_spec, measured

KINDS = [series.kind for series in a_spec().layout.series]


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
    layout = store.layout(experiment.id)
    metrics = store.metrics(experiment.id)
    assert list(metrics) == [0, 1]
    assert all(rows.epochs.shape == (0,) and rows.values.shape == (0, len(layout.metrics)) for rows in metrics.values())
    for kind in KINDS:
        assert store.series(experiment.id, kind)[1].values.shape == (0, *layout[kind].shape)
    assert store.summaries(experiment.id) == {}


def test_what_is_read_together_is_of_one_moment(store):
    """In its thread alone, on either database, and as itself: a second block in it ends nothing."""
    it, claim = claimed(store, a_spec(epochs=2))
    with ThreadPoolExecutor(1) as another, store.reading_together():
        before = store.revision(it)
        with pytest.raises(NotFound), store.reading_together():
            store.revision(uuid4())
        another.submit(store.append, claim, a_chunk(claim.spec, first_epoch=0, epochs=2)).result()
        assert (store.revision(it), len(store.metrics(it)[0].epochs)) == (before, 0)
        assert another.submit(store.revision, it).result() > before
    assert store.revision(it) > before
    assert len(store.metrics(it)[0].epochs) == 2


def test_a_block_that_has_ended_in_another_thread_is_not_joined(store):
    it, block = store.add(a_spec())[0].id, store.reading_together()
    with ThreadPoolExecutor(1) as another:
        another.submit(block.__enter__).result()
        block.__exit__(None, None, None)
        assert another.submit(store.revision, it).result() == store.revision(it)


@pytest.mark.parametrize("ask", ["get", "revision", "cancel", "delete", "layout", "metrics", "summaries"])
def test_what_does_not_exist_is_not_found(store, ask):
    with pytest.raises(NotFound, match="There is no experiment"):
        getattr(store, ask)(uuid4())
    with pytest.raises(NotFound, match="There is no experiment"):
        store.series(uuid4(), "gradients")


def test_what_is_not_recorded_is_not_found(store):
    it, claim = claimed(store, spec := a_spec(record="lean"))
    store.append(claim, a_chunk(spec, first_epoch=0))
    assert list(store.series(it, "gradients")[0].epochs) == [0, 1]
    for kind in ("weights", "nonsense"):
        with pytest.raises(NotFound, match=f"does not record {kind}"):
            store.series(it, kind)


def test_nan_and_infinities_are_kept_bit_for_bit(store):
    spec = a_spec(epochs=3)
    it, claim = claimed(store, spec)
    history = measured(spec, 0, 1, 3)
    # A signalling NaN with a payload, a negative NaN, both infinities, minus zero, the smallest subnormal.
    odd = np.array([0x7FA00001, 0xFFC00001, 0x7F800000, 0xFF800000, 0x80000000, 1], "<u4").view("<f4")
    for kind in ("gradients", "signals"):
        history.series[kind][1, 0, :] = np.resize(odd, spec.layout[kind].shape[1])
    history.metrics[2, :] = np.resize(odd, len(spec.layout.metrics))
    culprit = Culprit(2, 1, "gradient", "dense_1", "kernel", "nan", 6)
    store.append(claim, a_chunk(spec, history=history, stopped_by="nonfinite", culprit=culprit))
    assert store.metrics(it)[0].values.tobytes() == history.metrics.tobytes()
    for kind, values in history.series.items():
        assert store.series(it, kind)[0].values.tobytes() == values.tobytes()
    (run,) = store.get(it).runs
    final = np.array(list(run.final_metrics.values()))
    assert np.isnan(final[:2]).all()
    assert final[2:4].tolist() == [np.inf, -np.inf]
    assert (run.ended, run.stopped_by, store.get(it).stopped_by) == (True, "nonfinite", "nonfinite")
    assert run.culprit == culprit
    first = store.summaries(it)[0][0]
    assert first.first_nonfinite_epoch == 2
    assert first.last == history.series["gradients"][2, 0, 0]


def test_a_summary_is_about_the_finite_values(store):
    spec = a_spec(epochs=4)
    it, claim = claimed(store, spec)
    history = measured(spec, 0, 0, 5)
    gradients = history.series["gradients"]
    gradients[:, 0, 0] = [9.0, 2.0, 0.5, np.inf, 1.0]
    gradients[:, 1, 0] = np.nan
    store.append(claim, a_chunk(spec, history=history))
    # Without epoch 0, whose gradient is over all samples.
    assert store.summaries(it)[0][:2] == (Summary(1.0, 0.5, 2.0, 3), Summary(None, None, None, 1))
    assert len(store.summaries(it)[0]) == len(spec.layout["gradients"].tensors)


def test_a_tensor_without_gradient_has_left_no_finite_numbers(store):
    spec = a_spec(epochs=4)
    it, claim = claimed(store, spec)
    history = measured(spec, 0, 0, 5)
    history.series["gradients"][:, 0] = np.nan  # all statistics, the count of what is not finite among them
    store.append(claim, a_chunk(spec, history=history))
    assert store.summaries(it)[0][0] == Summary(None, None, None, None)


def test_a_summary_knows_the_epochs_of_gradients_that_are_not_recorded_in_each(store):
    spec = a_spec(epochs=7, record={"gradients": 3})
    it, claim = claimed(store, spec)
    history = measured(spec, 0, 0, 8)
    history.series["gradients"][:, 0, 0] = [1.0, 2.0, np.nan]  # epochs 0, 3 and 6
    store.append(claim, a_chunk(spec, history=history))
    assert store.summaries(it)[0][0] == Summary(2.0, 2.0, 2.0, 6)
    it, claim = claimed(store, spec := a_spec(record="nothing"))
    store.append(claim, a_chunk(spec, epochs=6))
    assert store.get(it).runs[0].ended
    assert store.summaries(it) == {}


@pytest.mark.parametrize("begin", [0, 1])
def test_chunks_of_any_length_join_to_one_series_that_can_be_cut(store, begin):
    spec = a_spec(epochs=12, seeds=(5, 6), record={"weights": 5, "activations": 3})
    it, claim = claimed(store, spec)
    for seed in spec.seeds:
        for first, last in ((begin, 1), (2, 5), (6, 7), (8, 12)):
            store.append(claim, a_chunk(spec, seed=seed, first_epoch=first, epochs=last + 1 - first))
    for seed in spec.seeds:
        whole = measured(spec, seed, begin, 13 - begin)
        joined = store.metrics(it)[seed]
        assert joined.epochs.tolist() == list(range(begin, 13))
        np.testing.assert_array_equal(joined.values, whole.metrics)
        for kind in KINDS:
            joined = store.series(it, kind)[seed]
            assert joined.epochs.tolist() == list(whole.epochs_of(kind))
            assert joined.values.tobytes() == whole.series[kind].tobytes()
    for first, last in ((0, None), (1, None), (2, 5), (3, 3), (6, 7), (7, 9), (12, 12), (13, None), (5, 4), (4, 99)):
        for kind, every in (("gradients", 1), ("weights", 5), ("activations", 3), ("weight_histograms", 10)):
            cut = store.series(it, kind, seeds=[6], from_epoch=first, to_epoch=last)
            assert list(cut) == [6]
            epochs = [each for each in range(begin, 13) if each % every == 0 and first <= each <= (last or 12)]
            assert cut[6].epochs.tolist() == epochs
            assert cut[6].values.shape == (len(epochs), *spec.layout[kind].shape)
            for epoch, values in zip(*cut[6], strict=True):
                np.testing.assert_array_equal(values, measured(spec, 6, epoch, 1).series[kind][0])
    with pytest.raises(NotFound, match=r"no run with the seed 7; the seeds are 5, 6"):
        store.metrics(it, seeds=[7])


def test_a_network_without_trainable_tensors_has_metrics_alone(store):
    training = a_spec(epochs=3).model_dump(mode="json")["training"] | {"loss": "categorical_crossentropy"}
    spec = a_spec(model={"layers": [{"kind": "activation", "activation": "softmax"}]}, training=training)
    it, claim = claimed(store, spec)
    store.append(claim, a_chunk(spec, epochs=3))
    assert "gradients" not in store.layout(it)
    assert store.metrics(it)[0].values.shape == (3, len(spec.layout.metrics))
    assert store.summaries(it) == {}


def test_progress_lease_and_revision_move_with_each_chunk(store, clock):
    spec = a_spec(epochs=4, seeds=(0, 1))
    it, claim = claimed(store, spec)
    before = store.get(it)
    assert (before.status, before.attempt, before.worker) == (Status.running, 1, "one")
    assert (before.started_at, before.lease_until) == (clock.now, clock.now + MINUTE)
    clock.forward(MINUTE / 2)
    assert store.append(claim, a_chunk(spec, epochs=4, compiled=False)) is WorkerCommand.continue_
    assert store.append(claim, a_chunk(spec, seed=1, epochs=1)) is WorkerCommand.continue_
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
        store.append(claim, a_chunk(spec, first_epoch=0, epochs=1))
    assert store.metrics(it)[0].epochs.tolist() == [0]
    assert store.get(it).epochs_done == 0
    for _ in range(2):
        store.append(claim, a_chunk(spec, epochs=3))
    np.testing.assert_array_equal(store.metrics(it)[0].values, measured(spec, 0, 0, 4).metrics)


def test_an_idempotency_key_makes_one_experiment(store):
    first, new = store.add(a_spec(), idempotency_key="key")
    again, made = store.add(a_spec(), idempotency_key="key")
    assert (new, made, again) == (True, False, first)
    with pytest.raises(Conflict, match="'key' was used for another spec"):
        store.add(a_spec(epochs=7), idempotency_key="key")
    assert store.add(a_spec())[1], "without a key every submission is new"


def test_submissions_that_are_added_together_have_outcomes_of_their_own(store):
    missing = with_start(a_spec(), InitialWeights(id=f"sha256:{'5' * 64}"))
    earlier, _ = store.add(a_spec(), idempotency_key="old")
    submitted = [
        Submission(a_spec(seeds=(5, 6)), "new"),
        Submission(missing),
        Submission(a_spec(), "old"),
        Submission(a_spec(epochs=7), "old"),
        Submission(an_external_spec()),
        Submission(a_spec(seeds=(7,))),
    ]
    one, refused, again, conflict, sent, last = store.add_all(submitted)
    assert (type(refused), type(conflict), again) == (Invalid, Conflict, (earlier, False))
    added = [one, sent, last]
    assert [(each.spec, new) for each, new in added] == [(submitted[i].spec, True) for i in (0, 4, 5)]
    assert [store.get(each.id) for each, _ in added] == [each for each, _ in added]
    assert [store.layout(each.id) for each, _ in added] == [each.spec.layout for each, _ in added]
    listed = [each.id for each in store.page(limit=9).experiments]
    assert listed == [each.id for each, _ in reversed([(earlier, False), *added])], "in the order of the submissions"


def test_what_the_database_refuses_of_a_group_does_not_hinder_the_others(store):
    # Of two with one new key the second is found out only when the rows are written.
    one, two, three = store.add_all([Submission(a_spec(), "key"), Submission(a_spec(), "key"), Submission(a_spec())])
    assert (one[1], two) == (True, (one[0], False))
    assert three[1]
    assert {each.id for each in store.page(limit=9).experiments} == {one[0].id, three[0].id}


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
    either = store.page(limit=10, status=(Status.queued, Status.cancelled))
    assert either == store.page(limit=10)


def test_a_deleted_experiment_leaves_nothing_and_its_number_is_not_reused(store):
    spec = a_spec()
    it, claim = claimed(store, spec)
    store.append(claim, a_chunk(spec), checkpoint=a_chunk(spec).checkpoint())
    store.delete(it)
    assert store.page(limit=5).experiments == ()
    with pytest.raises(NotFound):
        store.metrics(it)
    other, _ = store.add(spec)
    assert store.metrics(other.id)[0].epochs.size == 0


def test_times_without_a_zone_are_refused(database_url):
    store = ExperimentStore(database_url, lease=MINUTE, max_attempts=1, clock=lambda: Clock().now.replace(tzinfo=None))
    with pytest.raises(Exception, match="expected a time with a time zone"):
        store.add(a_spec())
    store.close()


def test_ids_are_looked_up_by_their_beginning(store):
    ids = [store.add(a_spec())[0].id for _ in range(3)]
    for it in ids:
        beginning = Filters(id_prefix=str(it)[:13].upper())
        assert [each.id for each in store.page(limit=9, filters=beginning).experiments] == [it]
