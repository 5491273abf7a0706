"""The compiled loop: always the same numbers, whatever interrupts it, and good company for Keras."""

import threading
from dataclasses import replace
from itertools import product

import keras
import numpy as np
import pytest
import tensorflow as tf
from structlog.testing import capture_logs

from core.plan import widths
from core.training import program_cache
from core.training import train as engine
from core.training.checkpoint import join, pack, split, unpack
from core.training.program import Program
from core.training.recorder import Recorder
from core.training.resumable import resumable
from core.training.train import train
from gradlab.keras import GradientStatistics
from gradlab.measurement.history import Chunk
from gradlab.measurement.statistics.gradients import MEAN_GRADIENT_STATISTICS
from gradlab.spec import ExperimentSpec
from tests.campaigns import one_in
from tests.fitting import fit_with_keras, trained

HE = {"kind": "dense", "units": 6, "activation": "relu", "kernel_initializer": "he_uniform"}
OUTPUT = {"kind": "dense", "units": 1, "activation": "sigmoid"}
SGD = {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.9}
NORMALISED = [
    {"kind": "dense", "units": 6, "use_bias": False},
    {"kind": "batch_normalization"},
    {"kind": "activation", "activation": "tanh"},
]
DROPPED = [HE, {"kind": "dropout", "rate": 0.3}, OUTPUT]


def a_spec(*, layers=(HE, HE, OUTPUT), optimizer=SGD, train_size=70, batch_size=32, epochs=5, seeds=(0,), **more):
    training = {"loss": "binary_crossentropy", "optimizer": optimizer, "epochs": epochs, "batch_size": batch_size}
    fields = {
        "dataset": {"kind": "circles", "samples": 120, "seed": 1, "scale": [-1, 1], "train_size": train_size},
        "model": {"layers": list(layers)},
        "training": training | more.pop("training", {}),
        "record": "lean",
        "seeds": list(seeds),
    }
    return ExperimentSpec.model_validate(fields | more)


def assert_same(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray], skipped: int = 0) -> None:
    assert ours.keys() == theirs.keys()
    for kind, values in ours.items():
        np.testing.assert_array_equal(values, theirs[kind][skipped:])


def test_gradient_statistics_in_a_plain_model_fit_agrees_with_the_compiled_loop():
    spec = a_spec(optimizer={**SGD, "global_clipnorm": 0.05})
    ours = GradientStatistics()
    assert ours.statistics == tuple(each.name for each in MEAN_GRADIENT_STATISTICS)
    gradients = trained(list(train(spec, callbacks=[ours])))["gradients"][..., : len(ours.statistics)]
    observer = GradientStatistics()
    fit_with_keras(spec, seed=0, callbacks=[observer], jit_compile="auto")
    assert ours.epochs == [1, 2, 3, 4, 5]
    assert ours.tensors == observer.tensors == spec.layout["gradients"].tensors
    np.testing.assert_array_equal(ours.gradients, gradients)
    np.testing.assert_allclose(observer.gradients, gradients, rtol=2e-4, atol=1e-7)
    column = spec.layout["gradients"].columns.index("l2")
    np.testing.assert_array_equal(ours.of("l2", layer="dense_3", parameter="bias"), gradients[:, 5, column])


@pytest.mark.campaign  # fits of other kinds are watched in tests/integration/test_callback.py
def test_watching_a_model_fit_changes_nothing_and_leaves_nothing_behind():
    spec = a_spec(epochs=2)
    unwatched, plain = fit_with_keras(spec, seed=0, jit_compile="auto")
    watched, observed = fit_with_keras(spec, seed=0, callbacks=[GradientStatistics()], jit_compile="auto")
    np.testing.assert_array_equal(watched, unwatched)
    for left, right in zip(plain.model.get_weights(), observed.model.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)
    assert "apply" not in vars(observed.model.optimizer)


def test_a_standard_keras_callback_hears_of_every_epoch_and_can_stop_the_run():
    heard = []
    spec = a_spec(epochs=40, seeds=[0, 1])
    teller = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: heard.append((epoch, logs["val_loss"])))
    stopper = keras.callbacks.EarlyStopping(monitor="loss", min_delta=10.0, patience=3)
    chunks = list(train(spec, callbacks=[teller, stopper]))
    ended = [run for chunk in chunks for run in chunk.runs if run.run_ended]
    assert [run.seed for run in ended] == [0, 1]
    assert all(4 <= run.history.last_epoch < 40 for run in ended)
    seen = np.concatenate([trained(chunks, seed)["metrics"][:, 2] for seed in (0, 1)])
    np.testing.assert_array_equal([loss for _, loss in heard], seen)


def in_chunks_of(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "next_length", lambda *_: length)


@pytest.mark.parametrize(("length", "seeds"), one_in(6, product([3, 1, 1000], [[0], [0, 1, 2]])))
def test_the_chunk_length_changes_no_bit(length, seeds, monkeypatch):
    spec = a_spec(layers=DROPPED if len(seeds) == 1 else [HE, OUTPUT], epochs=20, seeds=seeds, record="standard")
    expected = list(train(spec))
    in_chunks_of(length, monkeypatch)
    chunks = list(train(spec))
    for seed in seeds:
        assert_same(trained(chunks, seed), trained(expected, seed))


RESUMED = {
    "normed and dropped": [*NORMALISED, *DROPPED],
    "normed": [*NORMALISED, OUTPUT],
    "dense": [HE, OUTPUT],
    "dropout": DROPPED,
}


@pytest.mark.parametrize("network", one_in(4, RESUMED))
def test_a_training_resumed_from_any_checkpoint_ends_with_the_same_bits(network, monkeypatch):
    in_chunks_of(3, monkeypatch)
    spec = a_spec(layers=RESUMED[network], epochs=7, seeds=[4, 2], optimizer={"kind": "adam"})
    undisturbed, checkpoints = [], []
    for chunk in train(spec):
        undisturbed.append(chunk)
        checkpoints.append(chunk.checkpoint())
    for number, checkpoint in enumerate(checkpoints):
        resumed = list(train(spec, resume=checkpoint))
        done = {run.seed: run.history.last_epoch for chunk in undisturbed[: number + 1] for run in chunk.runs}
        for seed in spec.seeds:
            if done.get(seed) == 7:
                assert seed not in [run.seed for run in runs_of(resumed)]
            else:
                assert_same(trained(resumed, seed), trained(undisturbed, seed), skipped=done.get(seed, 0))


def test_a_training_begins_anew_where_its_checkpoint_cannot_be_read():
    """Damaged, of another form, of another network: the same bits, as wide as ever, and a line in the log says so."""
    spec = a_spec(layers=[HE, OUTPUT], seeds=range(9), epochs=3)
    undisturbed = list(train(spec))
    first, second = split(undisturbed[-1].checkpoint())
    state = unpack(first.state)
    unreadable = {
        "damaged": b"another form",
        "empty": b"",
        "cut": first.state[:-100],
        "fewer variables": pack(state[:-1]),
        "another network": pack([state[0][:, 1:], *state[1:]]),
        "no variables": pack([]),
        "no rows": pack([state[0][:0], *state[1:]]),
        "wider": pack([np.tile(state[0], (4, 1)), *state[1:]]),
        "text": pack([state[0].astype(str), *state[1:]]),
        "doubles": pack([state[0].astype(np.float64), *state[1:]]),
    }
    for name, content in unreadable.items():
        with capture_logs() as logs:
            assert resumable(spec, replace(first, state=content), alone=False) == (8, {}), name
        ((level, event, reason),) = [(log["log_level"], log["event"], log["reason"]) for log in logs]
        assert (level, event) == ("error", "checkpoint_unreadable"), name
        assert len(reason) < 100, name
    assert reason == "variable 0: expected float32; received float64"
    chunks = list(train(spec, resume=replace(first, state=unreadable["wider"])))
    assert_same(trained(chunks, 0), trained(undisturbed, 0))
    assert unpack(split(chunks[-1].checkpoint())[0].state)[0].shape == state[0].shape
    for of_first, of_second, anew in [(first.state, b"cut", {8}), (b"cut", second.state, set(range(8)))]:
        damaged = join([replace(first, state=of_first), replace(second, state=of_second)])
        chunks = list(train(spec, resume=damaged))
        assert {run.seed for run in runs_of(chunks)} == anew, "the other group had ended"
        for seed in anew:
            assert_same(trained(chunks, seed), trained(undisturbed, seed))


def test_an_epoch_is_measured_while_the_pieces_of_the_next_one_are_trained(monkeypatch):
    monkeypatch.setattr(widths, "MAX_TRACED_NUMBERS", 1)
    in_chunks_of(1, monkeypatch)
    spec = a_spec(epochs=5, record="full")
    undisturbed, begun = trained(list(train(spec))), {3: threading.Event(), 5: threading.Event()}
    call, series = Program._call, Recorder.series

    def calling(self, arguments):
        if event := begun.get(int(arguments[5])):
            event.set()
        return call(self, arguments)

    def measuring(self, traces, *others):
        # Epochs 2 and 4 are not measured before the next one is trained: then they are yielded in the middle of it.
        if traces.first_epoch in (2, 4):
            assert begun[traces.first_epoch + 1].wait(30)
        return series(self, traces, *others)

    monkeypatch.setattr(Program, "_call", calling)
    monkeypatch.setattr(Recorder, "series", measuring)
    chunks, checkpoints = [], []
    for chunk in train(spec):
        chunks.append(chunk)
        checkpoints.append(chunk.checkpoint())
    assert [each.epoch for each in checkpoints] == [*range(6)]
    assert_same(trained(chunks), undisturbed)
    for checkpoint in checkpoints[2:5]:
        assert_same(trained(list(train(spec, resume=checkpoint))), undisturbed, skipped=checkpoint.epoch)


def test_an_epoch_is_yielded_before_the_failure_of_the_next_one(monkeypatch):
    monkeypatch.setattr(widths, "MAX_TRACED_NUMBERS", 1)
    in_chunks_of(1, monkeypatch)
    call = Program._call

    def calling(self, arguments):
        if int(arguments[5]) == 4:
            raise MemoryError("epoch 4")
        return call(self, arguments)

    monkeypatch.setattr(Program, "_call", calling)
    chunks = []
    with pytest.raises(MemoryError, match="epoch 4"):
        chunks.extend(train(a_spec(epochs=5)))
    assert [chunk.runs[0].history.last_epoch for chunk in chunks] == [0, 1, 2, 3]


def test_a_training_goes_on_as_wide_as_it_began(monkeypatch):
    """Earlier versions trained up to 32 seeds side by side, and their checkpoints hold as many."""
    spec = a_spec(layers=[HE, OUTPUT], seeds=range(9), epochs=3)
    with monkeypatch.context() as earlier:
        earlier.setattr("core.training.resumable.width_for", lambda _: 16)
        chunks = train(spec)
        begun = [next(chunks), next(chunks)]
        checkpoint = begun[-1].checkpoint()
        begun += chunks
    resumed = list(train(spec, resume=checkpoint))
    assert resumed[0].group == spec.seeds
    for seed in spec.seeds:
        assert_same(trained(resumed, seed), trained(begun, seed), skipped=1)
    in_order = [chunk.runs[0].seed for chunk in train(spec)]
    assert in_order[:2] == [0, 0]
    assert {*in_order} == {0, 8}  # groups of eight


def groups_at_a_time(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(widths, "GROUPS_AT_A_TIME", count)


def test_two_groups_at_a_time_have_the_bits_of_one_after_another_and_of_any_resumed_training(monkeypatch):
    """Three groups, of which some seeds stop early: a pair, and one alone behind it."""
    stop = {"early_stopping": {"monitor": "loss", "min_delta": 0.02, "patience": 2}}
    spec = a_spec(layers=[HE, OUTPUT], seeds=range(18), epochs=25, record="standard", training=stop)
    groups_at_a_time(1, monkeypatch)
    one_by_one = list(train(spec))
    earlier = one_by_one[2].checkpoint()  # as versions before wrote them: of one group
    in_chunks_of(1, monkeypatch)
    groups_at_a_time(2, monkeypatch)
    initially, measured = Program.initially, threading.Semaphore(0)

    def measuring(self, data):
        trained = initially(self, data)
        measured.release()
        return trained

    monkeypatch.setattr(Program, "initially", measuring)
    chunks, checkpoints = [], []
    for number, chunk in enumerate(train(spec)):
        chunks.append(chunk)
        checkpoints.append(chunk.checkpoint())
        if number in (0, 2):  # the first group stands still after its second trained epoch until the other has begun
            assert measured.acquire(timeout=30)
    groups = [chunk.runs[0].seed // 8 for chunk in chunks]
    assert groups[:2] == [0, 0]
    assert 1 in groups[: len(groups) - groups[::-1].index(0)], "both at work"
    assert {chunk.group for chunk in chunks} == {spec.seeds[:16], spec.seeds[16:]}
    assert {run.stopped_by for run in runs_of(chunks)} >= {"early_stopping", None}
    reached = [
        (each.seed, each.epoch)
        for each, chunk in zip(checkpoints, chunks, strict=True)
        if chunk.runs[0].history.last_epoch
    ]
    assert reached == sorted(set(reached)), "each is newer than the one before"
    for seed in spec.seeds:
        assert_same(trained(chunks, seed), trained(one_by_one, seed))
    epochs = [[each.epoch for each in split(checkpoint)] for checkpoint in checkpoints]
    untrained = next(number for number, each in enumerate(epochs) if each[1:] == [0])  # of the second group epoch 0
    for number in {untrained, *range(0, len(checkpoints) - 1, len(checkpoints) // 5)}:
        resumed = runs_of(list(train(spec, resume=checkpoints[number])))
        done = {run.seed: run for run in runs_of(chunks[: number + 1])}
        for seed in spec.seeds:
            if seed in done and done[seed].run_ended:
                assert seed not in [run.seed for run in resumed]
            else:
                last = done[seed].history.last_epoch if seed in done else -1
                mine = [run.history for run in resumed if run.seed == seed]
                assert mine[0].first_epoch == last + 1
                metrics = np.concatenate([each.metrics for each in mine])
                whole = np.concatenate([run.history.metrics for run in runs_of(one_by_one) if run.seed == seed])
                np.testing.assert_array_equal(metrics, whole[last + 1 :])
    resumed = list(train(spec, resume=earlier))
    for seed in range(8, 18):
        assert_same(trained(resumed, seed), trained(one_by_one, seed))


def runs_of(chunks: list[Chunk]):
    return [run for chunk in chunks for run in chunk.runs]


@pytest.mark.campaign  # in two epochs they do by all series in tests/integration/test_recording.py
def test_seeds_side_by_side_agree_with_each_alone():
    spec = a_spec(seeds=[3, 1, 2], layers=[HE, *NORMALISED, OUTPUT], optimizer={**SGD, "clipnorm": 0.1})
    among = list(train(spec))
    assert {chunk.group for chunk in among} == {(3, 1, 2)}
    for seed in spec.seeds:
        alone = trained(list(train(spec.model_copy(update={"seeds": (seed,)}))))
        found = trained(among, seed)
        np.testing.assert_allclose(found["metrics"], alone["metrics"], rtol=2e-4, atol=2e-6)
        # Rounding decides whether a gradient is exactly 0.
        exact = [not name.endswith("zero_fraction") for name in spec.layout["gradients"].columns]
        ours, theirs = found["gradients"][..., exact], alone["gradients"][..., exact]
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-6)


def test_a_seed_gives_the_same_bits_again():
    spec = a_spec(seeds=[3, 1])
    assert_same(trained(list(train(spec)), 1), trained(list(train(spec)), 1))


def test_a_seed_that_has_ended_stands_still_while_the_others_go_on():
    stop = {"early_stopping": {"monitor": "loss", "min_delta": 0.02, "patience": 2}}
    spec = a_spec(seeds=[0, 1, 2, 3], epochs=60, training=stop)
    chunks = list(train(spec))
    ended = {run.seed: run for run in runs_of(chunks) if run.run_ended}
    lengths = {seed: run.history.last_epoch for seed, run in ended.items()}
    assert len(set(lengths.values())) > 1
    assert all(run.stopped_by == "early_stopping" for run in ended.values() if run.history.last_epoch < 60)
    for seed in spec.seeds:
        loss = trained(chunks, seed)["metrics"][:, 0]
        assert len(loss) == lengths[seed] == keras_stops_at(loss, min_delta=0.02, patience=2)


def keras_stops_at(losses: np.ndarray, min_delta: float, patience: int) -> int:
    """After which epoch `keras.callbacks.EarlyStopping` ends a training with these losses."""
    callback = keras.callbacks.EarlyStopping(monitor="loss", min_delta=min_delta, patience=patience)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.stop_training = False
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"loss": float(loss)})
        if model.stop_training:
            return epoch + 1
    return len(losses)


def test_seeds_and_learning_rates_share_one_program(monkeypatch):
    monkeypatch.setattr(program_cache, "_programs", type(program_cache._programs)())
    for rate in (0.01, 0.1):
        list(train(a_spec(layers=DROPPED, optimizer={**SGD, "learning_rate": rate}, seeds=[0, 1, 2])))
    (program,) = program_cache._programs.values()
    assert program._run.traces == 1


def test_the_learning_rate_is_not_lost_in_the_shared_program():
    slow, fast = (
        trained(list(train(a_spec(optimizer={**SGD, "learning_rate": rate}, epochs=3))))["metrics"]
        for rate in (1e-7, 0.1)
    )
    still, moved = (abs(metrics[0, 2] - metrics[-1, 2]) for metrics in (slow, fast))
    assert still < 1e-5 < 1e-4 < moved


def test_two_trainings_side_by_side_do_not_disturb_each_other():
    spec = a_spec(epochs=30)
    expected = trained(list(train(spec)))
    pairs = list(zip(train(spec), train(spec), strict=False))
    assert len(pairs) > 1
    for which in (0, 1):
        seen = trained([pair[which] for pair in pairs])["gradients"]
        np.testing.assert_array_equal(seen, expected["gradients"][: len(seen)])


@pytest.mark.parametrize("seeds", one_in(2, [[0, 1], [0]]))
def test_an_exploding_run_ends_with_the_epoch_in_which_it_left_the_finite_numbers(seeds):
    wild = {"kind": "variance_scaling", "scale": 20000, "mode": "fan_in", "distribution": "uniform"}
    spec = a_spec(
        layers=[{**HE, "units": 64, "kernel_initializer": wild, "repeat": 5}, OUTPUT],
        optimizer={"kind": "sgd", "learning_rate": 10.0},
        epochs=50,
        seeds=seeds,
    )
    chunks = list(train(spec))
    ended = [run for run in runs_of(chunks) if run.run_ended]
    assert [(run.seed, run.stopped_by) for run in ended] == [(seed, "nonfinite") for seed in seeds]
    found = trained(chunks, 0)
    assert len(found["metrics"]) < 50
    for run in ended:  # one update with this rate makes weights whose products leave float32 at once
        assert run.culprit.epoch == run.history.last_epoch == 1
        assert (run.culprit.batch, run.culprit.where, run.culprit.kind) in [
            (batch, "activation", kind) for batch in (1, 2) for kind in ("inf", "-inf", "nan")
        ]
        assert run.culprit.layer in [f"dense_{number}" for number in range(1, 7)]
        assert run.culprit.count > 0
    assert np.isfinite(found["metrics"][:-1]).all()
    assert not np.isfinite(np.concatenate([found["metrics"][-1], found["gradients"][-1].ravel()])).all()
    assert list(train(spec, resume=chunks[-1].checkpoint())) == []


def test_what_xla_cannot_compile_trains_as_a_plain_graph_and_says_so(monkeypatch):
    outside = tf.autograph.experimental.do_not_convert(
        lambda x: tf.ensure_shape(tf.numpy_function(np.tanh, [x], tf.float32), x.shape)
    )

    @tf.custom_gradient
    def tanh_in_numpy(x):
        y = outside(x)
        return y, lambda upstream: upstream * (1 - y * y)

    spec = a_spec(layers=[{**HE, "activation": "tanh"}, OUTPUT])
    expected = trained(list(train(spec)))["metrics"]
    monkeypatch.setattr(keras.activations, "tanh", tanh_in_numpy)
    monkeypatch.setattr(program_cache, "_programs", type(program_cache._programs)())
    with capture_logs() as logs:
        begun, *chunks = train(spec)
    assert begun.compiled, "nobody knows before the compilation"
    assert not any(chunk.compiled for chunk in chunks)
    ((level, event, layers, reason),) = [(log["log_level"], log["event"], log["layers"], log["reason"]) for log in logs]
    assert (level, event, layers) == ("warning", "not_compiled", ["dense"])
    assert "PyFunc" in reason
    assert "\n" not in reason
    with capture_logs() as logs:
        list(train(spec))
    assert [log["event"] for log in logs] == ["not_compiled"], "also where the process has the program"
    np.testing.assert_allclose(trained(chunks)["metrics"], expected, rtol=1e-4)
