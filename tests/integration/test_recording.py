"""Records hold what a network really did: every series against an eager re-run, or NumPy by hand."""

from dataclasses import dataclass
from functools import cache
from itertools import product

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.plan import widths as side_by_side
from core.training import program as programs
from core.training import program_cache
from core.training.checkpoint import unpack
from core.training.network import Network
from core.training.sample_order import sample_order
from core.training.train import train
from gradlab.measurement.history import Chunk
from gradlab.measurement.kinds import STATISTICS
from gradlab.measurement.statistics import Flow, histogram
from gradlab.spec import ExperimentSpec
from tests.by_hand import deltas, forward, named
from tests.campaigns import one_in
from tests.fitting import trained

SGD = {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9}
CIRCLES = {"kind": "circles", "samples": 120, "seed": 1, "scale": [-1, 1], "train_size": 70}
BLOBS = {"kind": "blobs", "samples": 200, "centers": 3, "features": 4, "scale": "standard", "train_size": 150}
REGRESSION = {"kind": "friedman", "samples": 120, "train_size": 70}
SIGMOID = {"kind": "dense", "units": 1, "activation": "sigmoid"}
SOFTMAX = {"kind": "dense", "units": 3, "activation": "softmax"}
PENALISED = {"kind": "dense", "units": 6, "activation": "tanh", "kernel_regularizer": {"kind": "l2", "l2": 0.05}}
NORMALISED = [
    {"kind": "dense", "units": 6, "use_bias": False},
    {"kind": "batch_normalization"},
    {"kind": "activation", "activation": "relu"},
]


def dense(activation: str, units: int = 6, **more) -> dict:
    return {"kind": "dense", "units": units, "activation": activation, **more}


def a_spec(layers, *, dataset=CIRCLES, loss="binary_crossentropy", seeds=(0,), record="full", **training):
    chosen = {"loss": loss, "optimizer": SGD, "epochs": 3, "batch_size": 32} | training
    fields = {"dataset": dataset, "model": {"layers": layers}, "training": chosen, "record": record, "seeds": seeds}
    return ExperimentSpec.model_validate(fields)


# 70 samples make two full batches and one of six; 150 are more than a probe batch has.
CASES = {
    "tanh": a_spec([dense("tanh"), dense("tanh"), SIGMOID]),
    "relu to softmax": a_spec(
        [dense("relu", kernel_initializer="he_normal"), dense("relu", 17), SOFTMAX],
        dataset=BLOBS,
        loss="categorical_crossentropy",
        optimizer={"kind": "adam", "learning_rate": 0.01},
    ),
    "batch normalised": a_spec([*NORMALISED, dense("sigmoid", 4), SIGMOID]),
    "penalised and decaying": a_spec(
        [PENALISED, dense("linear", 3), dense("linear", 1, use_bias=False)],
        dataset=REGRESSION | {"target_scale": "standard", "scale": "standard"},
        loss="mean_squared_error",
        optimizer={"kind": "sgd", "learning_rate": 0.02, "weight_decay": 0.1},
    ),
    "residual": a_spec([dense("tanh"), {"kind": "residual", "layers": [dense("relu")], "scale": 0.5}, SIGMOID]),
    "one wide batch, clipped": a_spec(
        [dense("tanh", 40), dense("tanh", 40), SIGMOID], batch_size=500, optimizer={**SGD, "global_clipnorm": 0.02}
    ),
    "clipnorm": a_spec([dense("tanh"), SIGMOID], optimizer={**SGD, "clipnorm": 0.05}),
    "clipvalue": a_spec([dense("tanh"), SIGMOID], optimizer={**SGD, "clipvalue": 0.02}),
}
# Others have tanh layers and clip, too.
OF_CAMPAIGN = {"tanh": [pytest.mark.campaign], "clipvalue": [pytest.mark.campaign]}
NAMES = [pytest.param(name, marks=OF_CAMPAIGN.get(name, [])) for name in CASES]
# Those whose layers `tests.by_hand` knows; the probe batch does not care how they were trained.
WATCHED = [pytest.param(name, marks=OF_CAMPAIGN.get(name, [])) for name in CASES if not name.startswith("clip")]


@dataclass(frozen=True, eq=False)
class Recording:
    """The records of the compiled program, and the weights that it really had.

    Attributes:
        weights: of each epoch's end from epoch 0 on, in the order of the spec's tensors.
        metrics: (epochs, metrics), from epoch 0 on.
        series: kind -> (epochs, tensors, columns), likewise.
    """

    weights: list[list[np.ndarray]]
    metrics: np.ndarray
    series: dict[str, np.ndarray]


class KeptWeights(keras.callbacks.Callback):
    """Keeps the weights of every epoch's end, where a chunk is one epoch."""

    def __init__(self, spec: ExperimentSpec) -> None:
        super().__init__()
        self.tensors = [(tensor.layer, tensor.parameter) for layer in spec.layers for tensor in layer.tensors]
        self.epochs: list[list[np.ndarray]] = []

    def on_train_begin(self, logs=None):
        self.on_epoch_end(0)

    def on_epoch_end(self, epoch, logs=None):
        layers = [(layer.name, each) for layer in self.model.layers for each in layer.trainable_variables]
        held = {(layer, each.name): each.numpy() for layer, each in layers}
        self.epochs.append([held[tensor] for tensor in self.tensors])


@cache
def recording(case: str) -> Recording:
    """Seed 0 of a case, trained epoch by epoch."""
    kept = KeptWeights(CASES[case])
    chunks = list(train(CASES[case], callbacks=[kept], chunk_seconds=0))
    assert all(chunk.compiled for chunk in chunks)
    histories = [chunk.runs[0].history for chunk in chunks]
    assert [len(history) for history in histories] == [1] * len(kept.epochs)
    series = {kind: np.concatenate([each.series[kind] for each in histories]) for kind in histories[0].series}
    return Recording(kept.epochs, np.concatenate([each.metrics for each in histories]), series)


@dataclass(frozen=True, eq=False)
class Step:
    """One update of the eager re-run: the gradient that the tape gave, and the weights before and after."""

    gradients: list[np.ndarray]
    before: list[np.ndarray]
    after: list[np.ndarray]


@cache
def rerun(case: str) -> list[list[Step]]:
    """Seed 0 of a case by eager Keras, with Keras's own clipping: the updates of each epoch."""
    spec = CASES[case]
    network, optimizer = Network(spec, 0), spec.training.optimizer.build(keras)
    x, y = samples(spec)
    epochs = []
    for epoch in range(1, spec.training.epochs + 1):
        order = sample_order(0, epoch, len(x))
        batches = [
            order[begin : begin + spec.training.batch_size] for begin in range(0, len(x), spec.training.batch_size)
        ]
        epochs.append([update(spec, network, optimizer, x[batch], y[batch]) for batch in batches])
    return epochs


def update(spec: ExperimentSpec, network: Network, optimizer: keras.Optimizer, x: np.ndarray, y: np.ndarray) -> Step:
    before = [variable.numpy() for variable in network.trainable]
    gradients = gradients_of(spec, network, x, y)
    optimizer.apply([tf.constant(gradient) for gradient in gradients], network.trainable)
    return Step(gradients, before, [variable.numpy() for variable in network.trainable])


def gradients_of(spec: ExperimentSpec, network: Network, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """Of the mean loss and the penalties, as `model.fit` makes them."""
    with tf.GradientTape() as tape:
        losses = keras.losses.get(spec.training.loss.kind)(y, network.model(x, training=True))
        loss = tf.reduce_mean(losses) + sum(network.model.losses)
    return [gradient.numpy() for gradient in tape.gradient(loss, [each.value for each in network.trainable])]


def samples(spec: ExperimentSpec) -> tuple[np.ndarray, np.ndarray]:
    """The training samples; classes one-hot, or one column of 0 and 1."""
    data = spec.dataset.load()
    if spec.dataset.target.kind != "classes":
        return data.train_x, data.train_y
    wide = spec.layers[-1].output_shape[-1] > 1
    return data.train_x, (np.eye(3)[data.train_y] if wide else data.train_y[:, None]).astype(np.float32)


def double(tensors: list[np.ndarray]) -> list[np.ndarray]:
    return [tensor.astype(np.float64).ravel() for tensor in tensors]


def statistics_of(kind: str, *columns: list[np.ndarray]) -> np.ndarray:
    """(tensors, statistics) by NumPy, in double precision."""
    rows = zip(*(double(column) for column in columns), strict=True)
    return np.array([[statistic.compute(*row, np) for statistic in STATISTICS[kind]] for row in rows])


def norm_of(tensors: list[np.ndarray]) -> float:
    return float(np.linalg.norm(np.concatenate(double(tensors))))


def over_batches(batches: list[list[np.ndarray]]) -> np.ndarray:
    """(tensors, statistics) of an epoch from the gradients of its batches: means, but for the zeros of every batch."""
    found = np.mean([statistics_of("gradients", gradients) for gradients in batches], axis=0)
    always = [np.mean(np.all([each == 0 for each in tensor], axis=0)) for tensor in zip(*batches, strict=True)]
    found[:, [each.name for each in STATISTICS["gradients"]].index("always_zero_fraction")] = always
    return found


@pytest.mark.parametrize("case", NAMES)
def test_gradients_are_the_means_over_the_batches_of_an_eager_rerun(case):
    expected = [over_batches([step.gradients for step in epoch]) for epoch in rerun(case)]
    found = recording(case).series["gradients"][1:]
    # A mean near zero is a difference of larger numbers: its rounding is that of the entries.
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-5 * np.max(expected))


@pytest.mark.parametrize("case", NAMES)
def test_gradient_histograms_count_every_entry_of_every_batch(case):
    expected = [
        sum(np.array([histogram(each, np) for each in double(step.gradients)]) for step in epoch)
        for epoch in rerun(case)
    ]
    found = recording(case).series["gradient_histograms"][1:]
    np.testing.assert_array_equal(found.sum(axis=-1), np.sum(expected, axis=-1))
    # A rounding may take an entry over the edge of its bin.
    assert np.abs(found - expected).sum() <= 0.01 * np.sum(expected)


@pytest.mark.parametrize("case", NAMES)
def test_weights_are_those_of_the_epochs_end_beside_those_of_its_beginning(case):
    recorded = recording(case)
    moves = zip(recorded.weights[1:], recorded.weights, strict=False)
    expected = [statistics_of("weights", after, before) for after, before in moves]
    np.testing.assert_allclose(recorded.series["weights"][1:], expected, rtol=1e-5, atol=1e-6)
    counted = [[histogram(each.ravel(), np) for each in weights] for weights in recorded.weights]
    np.testing.assert_array_equal(recorded.series["weight_histograms"], counted)


@pytest.mark.parametrize("case", NAMES)
def test_the_weights_themselves_are_those_of_the_eager_rerun(case):
    for weights, steps in zip(recording(case).weights[1:], rerun(case), strict=True):
        for ours, theirs in zip(weights, steps[-1].after, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def probe(spec: ExperimentSpec) -> tuple[np.ndarray, np.ndarray]:
    """The first 128 training samples, in double precision."""
    x, y = samples(spec)
    return x[:128].astype(np.float64), y[:128].astype(np.float64)


@pytest.mark.parametrize("case", WATCHED)
def test_activations_are_those_of_the_probe_batch_by_hand(case):
    spec, recorded = CASES[case], recording(case)
    for weights, found in zip(recorded.weights, recorded.series["activations"], strict=True):
        _, seen = forward(spec, named(spec, weights), probe(spec)[0])
        assert [tensor.layer for tensor in spec.layout["activations"].tensors] == list(seen)
        flows = [Flow(each.z, each.h, each.slope, each.steepest) for each in seen.values()]
        expected = [[statistic.compute(flow, np) for statistic in STATISTICS["activations"]] for flow in flows]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", WATCHED)
def test_signals_are_the_derivatives_of_each_samples_own_loss(case):
    spec, recorded = CASES[case], recording(case)
    for weights, found in zip(recorded.weights, recorded.series["signals"], strict=True):
        signals = deltas(spec, named(spec, weights), *probe(spec))
        expected = [[statistic.compute(each, np) for statistic in STATISTICS["signals"]] for each in signals.values()]
        np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("case", NAMES)
def test_epoch_0_is_the_untouched_network_on_all_training_samples_at_once(case):
    spec, recorded = CASES[case], recording(case)
    network, (x, y) = Network(spec, 0), samples(spec)
    untouched = [variable.numpy() for variable in network.trainable]
    for ours, theirs in zip(recorded.weights[0], untouched, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    gradients = gradients_of(spec, network, x, y)
    expected = statistics_of("gradients", gradients)
    np.testing.assert_allclose(recorded.series["gradients"][0], expected, rtol=1e-4, atol=1e-5 * np.max(expected))
    counted = np.array([histogram(each, np) for each in double(gradients)])
    assert np.abs(recorded.series["gradient_histograms"][0] - counted).sum() <= 0.01 * counted.sum()
    np.testing.assert_allclose(recorded.series["weights"][0], statistics_of("weights", untouched, untouched), rtol=1e-5)
    norm = norm_of(gradients)
    np.testing.assert_allclose(recorded.metrics[0, -3:], [norm, norm, 0], rtol=1e-5)


@pytest.mark.parametrize("case", NAMES)
def test_epoch_0_has_the_loss_and_the_accuracy_of_the_untrained_network(case):
    spec, network = CASES[case], Network(CASES[case], 0)
    # Nothing is traced for one evaluation.
    network.model.compile(loss=spec.training.loss.kind, metrics=list(spec.metric_names), run_eagerly=True)
    expected = network.model.evaluate(*samples(spec), verbose=0)
    np.testing.assert_allclose(recording(case).metrics[0, : len(expected)], expected, rtol=1e-5)


def clipped_by_hand(gradients: list[np.ndarray], rule) -> list[np.ndarray]:
    if rule.clipnorm is not None:
        return [each * min(1, rule.clipnorm / np.linalg.norm(each)) for each in gradients]
    if rule.clipvalue is not None:
        return [np.clip(each, -rule.clipvalue, rule.clipvalue) for each in gradients]
    if rule.global_clipnorm is not None:
        return [each * min(1, rule.global_clipnorm / norm_of(gradients)) for each in gradients]
    return gradients


@pytest.mark.parametrize("case", NAMES)
def test_the_norm_is_told_before_and_after_clipping_and_how_often_it_was_clipped(case):
    spec, recorded = CASES[case], recording(case)
    expected = []
    for epoch in rerun(case):
        pairs = [(step.gradients, clipped_by_hand(step.gradients, spec.training.optimizer)) for step in epoch]
        changed = [any((a != b).any() for a, b in zip(*pair, strict=True)) for pair in pairs]
        expected.append([np.mean([norm_of(raw) for raw, _ in pairs]), np.mean([norm_of(cut) for _, cut in pairs]),
                         np.mean(changed)])  # fmt: skip
    assert spec.layout.metrics[-3:] == ("gradient_norm", "clipped_gradient_norm", "clipped_fraction")
    np.testing.assert_allclose(recorded.metrics[1:, -3:], expected, rtol=1e-4)
    clips = "clip" in case
    assert (recorded.metrics[1:, -1] > 0).any() == clips


@pytest.mark.parametrize("limit", one_in(2, [0.05, 1e-3]))
def test_clipping_by_the_global_norm_keeps_to_its_limit_and_to_the_direction(limit):
    """Pascanu, Mikolov & Bengio 2013: g ← g·limit/‖g‖ where ‖g‖ is above the limit. One batch an epoch: each update."""
    optimizer = {"kind": "sgd", "learning_rate": 0.5, "global_clipnorm": limit}
    spec = a_spec([dense("tanh"), SIGMOID], optimizer=optimizer, batch_size=70, epochs=4, record="lean")
    kept, network, (x, y) = KeptWeights(spec), Network(spec, 0), samples(spec)
    norms = trained(list(train(spec, callbacks=[kept], chunk_seconds=0)))["metrics"][:, -3:]
    for before, after, (raw, clipped, share) in zip(kept.epochs, kept.epochs[1:], norms, strict=False):
        for variable, value in zip(network.trainable, before, strict=True):
            variable.assign(value)
        gradient = np.concatenate(double(gradients_of(spec, network, x, y)))
        step = np.concatenate(double([old - new for old, new in zip(before, after, strict=True)]))
        assert raw == pytest.approx(np.linalg.norm(gradient), rel=1e-5)  # what was before is told as it was
        assert clipped <= limit * (1 + 1e-6)
        assert share == float(raw > limit)
        assert np.linalg.norm(step) == pytest.approx(0.5 * clipped, rel=2e-3)  # the rest is the weights' rounding
        assert step @ gradient / np.linalg.norm(step) / np.linalg.norm(gradient) == pytest.approx(1, abs=1e-5)
    assert norms[:, 2].any()


def test_the_learning_rate_is_the_schedules_at_the_epochs_end():
    schedule = {"kind": "exponential_decay", "initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5}
    spec = a_spec([SIGMOID], optimizer={"kind": "sgd", "learning_rate": schedule}, epochs=4, record="nothing")
    rates = np.concatenate([run.history.metrics[:, -1] for chunk in train(spec) for run in chunk.runs])
    np.testing.assert_allclose(rates, [0.1 * 0.5 ** (3 * epoch / 2) for epoch in range(5)], rtol=1e-6)  # 3 updates each


def recorded_epochs(spec: ExperimentSpec) -> dict[str, list[int]]:
    histories = [run.history for chunk in train(spec) for run in chunk.runs]
    return {kind: [epoch for each in histories for epoch in each.epochs_of(kind)] for kind in histories[0].series}


def test_each_kind_is_recorded_at_epoch_0_and_every_so_many_epochs_with_the_same_values():
    layers = [dense("tanh"), SIGMOID]
    often = trained(list(train(a_spec(layers, epochs=7))))
    every = {"gradients": 2, "weights": 3, "activations": 2, "signals": 4, "histograms": 5, "boundary": 3}
    spec = a_spec(layers, epochs=7, record=every)
    assert recorded_epochs(spec) == {
        "gradients": [0, 2, 4, 6],
        "weights": [0, 3, 6],
        "activations": [0, 2, 4, 6],
        "signals": [0, 4],
        "gradient_histograms": [0, 5],
        "weight_histograms": [0, 5],
        "boundary": [0, 3, 6],
    }
    seldom = trained(list(train(spec)))
    for kind, values in seldom.items():
        rows = np.array([epoch - 1 for epoch in recorded_epochs(spec).get(kind, range(1, 8)) if epoch])
        np.testing.assert_array_equal(values, often[kind][rows])


def test_what_is_recorded_seldom_is_not_lost_at_the_end_of_a_long_chunk(monkeypatch):
    """The longest chunk that a program takes, begun just before an epoch that is recorded."""
    spec = a_spec(
        [SIGMOID], epochs=40, record={"weights": 4, "gradients": 0, "activations": 0, "signals": 0, "histograms": 0}
    )
    expected = trained(list(train(spec)))
    monkeypatch.setattr(programs, "MAX_CHUNK_EPOCHS", 6)
    monkeypatch.setattr(program_cache, "_programs", type(program_cache._programs)())
    chunks = list(train(spec))
    assert max(len(run.history) for chunk in chunks for run in chunk.runs) == 6
    np.testing.assert_array_equal(trained(chunks)["weights"], expected["weights"])


KINDS = ["gradients", "weights", "activations", "signals", "gradient_histograms", "weight_histograms", "boundary"]


@pytest.mark.parametrize(
    ("bundle", "kinds"),
    [
        ("nothing", []),
        ("lean", ["gradients"]),
        ("standard", KINDS),
        ("full", KINDS),
    ],
)
def test_a_bundle_records_what_it_says(bundle, kinds):
    spec = a_spec([dense("tanh"), SIGMOID], epochs=0, record=bundle)
    histories = [run.history for chunk in train(spec) for run in chunk.runs]
    assert [list(each.series) for each in histories] == [kinds]
    assert ("gradient_norm" in spec.layout.metrics) == ("gradients" in kinds)
    assert spec.layout.metrics[:5] == ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


UNCHANGED = {
    "dropout": ([dense("relu"), {"kind": "dropout", "rate": 0.3}, *NORMALISED, SIGMOID], {}, (0,)),
    "clipped": ([dense("tanh", 30), dense("tanh"), SIGMOID], {"optimizer": {**SGD, "clipnorm": 0.05}}, (0,)),
    "globally clipped": ([dense("tanh"), SIGMOID], {"optimizer": {**SGD, "global_clipnorm": 0.05}}, (0, 1, 2)),
    "side by side": ([dense("relu"), *NORMALISED, SIGMOID], {"optimizer": {"kind": "adam"}}, (0, 1, 2)),
}  # fmt: skip


def final(layers, training, seeds, bundle) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """Metrics by name, (seeds, epochs), and all that training changed, after a training that records a bundle."""
    spec = a_spec(layers, seeds=seeds, record=bundle, epochs=4, **training)
    chunks, state = [], b""
    for chunk in train(spec):
        assert chunk.group == seeds
        chunks.append(chunk)
        state = chunk.checkpoint().state
    metrics = np.array([trained(chunks, seed)["metrics"] for seed in seeds])
    return dict(zip(spec.layout.metrics, np.moveaxis(metrics, 2, 0), strict=True)), unpack(state)


@pytest.mark.parametrize(("case", "bundle"), one_in(8, product(UNCHANGED, ["full", "lean"])))
def test_recording_changes_no_bit(case, bundle):
    plain_metrics, plain = final(*UNCHANGED[case], "nothing")
    metrics, state = final(*UNCHANGED[case], bundle)
    for name, values in plain_metrics.items():
        np.testing.assert_array_equal(metrics[name], values, err_msg=name)
    for ours, theirs in zip(state, plain, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def bits_at_epoch_0(chunks: list[Chunk], seed: int) -> dict[str, bytes]:
    (history,) = [run.history for run in chunks[0].runs if run.seed == seed]
    assert (history.first_epoch, history.last_epoch) == (0, 0)
    return {"metrics": history.metrics.tobytes()} | {kind: each.tobytes() for kind, each in history.series.items()}


def test_every_series_of_seeds_side_by_side_agrees_with_each_alone():
    clipped = {**SGD, "clipnorm": 0.1}
    spec = a_spec([dense("tanh"), *NORMALISED, SIGMOID], seeds=(5, 3, 4), epochs=2, optimizer=clipped)
    among = list(train(spec))
    assert {chunk.group for chunk in among} == {(5, 3, 4)}
    for seed in spec.seeds:
        by_itself = list(train(spec.model_copy(update={"seeds": (seed,)})))
        untrained, like = bits_at_epoch_0(among, seed), bits_at_epoch_0(by_itself, seed)
        assert untrained == like, "before training, networks are measured one after another"
        ours, alone = trained(among, seed), trained(by_itself)
        assert ours.keys() == alone.keys()
        for kind, values in ours.items():
            if kind.endswith("histograms"):
                assert np.abs(values - alone[kind]).sum() <= 0.02 * values.sum()
            else:
                np.testing.assert_allclose(values, alone[kind], rtol=2e-4, atol=1e-5, err_msg=kind)


@pytest.mark.parametrize("at_once", one_in(2, [1, 2]))
def test_epochs_in_pieces_are_trained_and_measured_as_whole_ones(at_once, monkeypatch):
    """Seeds stop one after another; the last batch is padded, or a step of its own."""
    stopping = {"early_stopping": {"monitor": "val_loss", "patience": 1}, "epochs": 8}
    padded = a_spec([dense("tanh"), SIGMOID], seeds=(0, 1), optimizer={**SGD, "clipnorm": 0.05}, **stopping)
    apart = CASES["batch normalised"].model_copy(update={"seeds": (0, 1)})
    for spec in (padded, apart):
        monkeypatch.setattr(program_cache, "_programs", type(program_cache._programs)())
        with monkeypatch.context() as patched:
            whole = list(train(spec))
            patched.setattr(side_by_side, "MAX_TRACED_NUMBERS", at_once * 2 * spec.parameter_count)
            patched.setattr(program_cache, "_programs", type(program_cache._programs)())
            in_pieces = list(train(spec))
        for seed in spec.seeds:
            expected, found = trained(whole, seed), trained(in_pieces, seed)
            assert expected.keys() == found.keys()
            for kind, values in expected.items():
                np.testing.assert_array_equal(values, found[kind], err_msg=kind)
        last = [unpack(chunks[-1].checkpoint().state) for chunks in (whole, in_pieces)]
        for values, same in zip(*last, strict=True):
            np.testing.assert_array_equal(values, same)


def test_a_network_without_weights_is_looked_at_too():
    spec = a_spec(
        [{"kind": "activation", "activation": "softmax"}],
        dataset={"kind": "blobs", "samples": 60, "centers": 3, "features": 3, "train_size": 40},
        loss="categorical_crossentropy",
        seeds=(0, 1),
    )
    chunks = list(train(spec))
    assert {run.seed for chunk in chunks for run in chunk.runs} == {0, 1}
    found = trained(chunks, 1)
    assert set(found) == {"metrics", "activations", "signals"}
    np.testing.assert_allclose(
        found["metrics"][:, 0], found["metrics"][0, 0], rtol=1e-6
    )  # only the order of sums changes
