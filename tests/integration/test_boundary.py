"""The answers of a network over the plane while it trains: as plain Keras predicts it, whatever interrupts it."""

import keras
import numpy as np
import pytest

from core.training import program_cache
from core.training import train as engine
from core.training.train import train
from gradlab.measurement.history import Chunk, Snapshot
from gradlab.spec import ExperimentSpec
from tests.campaigns import one_in

TANH = {"kind": "dense", "units": 5, "activation": "tanh"}
SIGMOID = {"kind": "dense", "units": 1, "activation": "sigmoid"}
NORMALISED = [TANH, {"kind": "batch_normalization", "momentum": 0.5}, {"kind": "dropout", "rate": 0.2}]
CIRCLES = {"kind": "circles", "samples": 120, "seed": 1, "train_size": 70}
BLOBS = {"kind": "blobs", "samples": 90, "centers": 3, "seed": 1, "train_size": 60}
ONLY = {"gradients": 0, "weights": 0, "activations": 0, "signals": 0, "histograms": 0}


def a_spec(layers, *, dataset=CIRCLES, loss="binary_crossentropy", every=3, epochs=7, seeds=(0,), **record):
    training = {"loss": loss, "optimizer": {"kind": "adam", "learning_rate": 0.05}, "epochs": epochs, "batch_size": 16}
    fields = {
        "dataset": dataset,
        "model": {"layers": layers},
        "training": training,
        "record": {**ONLY, **record, "boundary": every},
        "seeds": list(seeds),
    }
    return ExperimentSpec.model_validate(fields)


def boundaries(chunks: list[Chunk], seed: int) -> dict[int, np.ndarray]:
    """Epoch -> (units, points) of one run."""
    found: dict[int, np.ndarray] = {}
    for chunk in chunks:
        for run in chunk.runs:
            if run.seed == seed:
                found |= zip(run.history.epochs_of("boundary"), run.history.series["boundary"], strict=True)
    return found


def snapshots(chunks: list[Chunk], seed: int) -> dict[int, Snapshot]:
    return {
        run.snapshot.epoch: run.snapshot
        for chunk in chunks
        for run in chunk.runs
        if run.seed == seed and run.snapshot is not None
    }


def predicted(spec: ExperimentSpec, snapshot: Snapshot) -> np.ndarray:
    """(units, points) that plain Keras predicts with a run's weights, point by point of the plane."""
    model = keras.Sequential([keras.layers.Input((2,))])
    for layer in spec.model.layers:
        if layer.kind == "dense":
            model.add(keras.layers.Dense(layer.units, activation=layer.activation.kind))
        elif layer.kind == "batch_normalization":
            model.add(keras.layers.BatchNormalization())
    values = [each for each in snapshot.values if each.dtype == np.float32]  # not the states of generators
    for variable, value in zip([*model.trainable_variables, *model.non_trainable_variables], values, strict=True):
        variable.assign(value)
    first, second = spec.dataset.load().plane()
    points = np.array([(x, y) for y in second for x in first], np.float32)
    return np.asarray(model(points, training=False)).T


CASES = {
    "two circles": a_spec([TANH, TANH, SIGMOID]),
    "several seeds": a_spec([TANH, SIGMOID], seeds=(3, 1, 2)),
    "normalised by running means": a_spec([*NORMALISED, SIGMOID], seeds=(0, 1)),
    "three classes": a_spec(
        [TANH, {"kind": "dense", "units": 3, "activation": "softmax"}],
        dataset=BLOBS,
        loss="categorical_crossentropy",
        seeds=(0, 1),
    ),
    "margins": a_spec([TANH, {"kind": "dense", "units": 1}], loss="hinge"),
}


@pytest.mark.parametrize("case", one_in(3, CASES))
def test_the_grid_holds_what_plain_keras_predicts_before_the_first_update_and_after_the_last(case):
    spec = CASES[case]
    spec = spec.model_copy(update={"training": spec.training.model_copy(update={"epochs": 6})})
    chunks = list(train(spec))
    for seed in spec.seeds:
        found, kept = boundaries(chunks, seed), snapshots(chunks, seed)
        assert list(found) == [0, 3, 6]
        for epoch in (0, 6):
            np.testing.assert_allclose(found[epoch], predicted(spec, kept[epoch]), rtol=1e-4, atol=1e-5)
        assert np.abs(found[6] - found[0]).max() > 0.05
    if len(spec.seeds) > 1:
        assert not np.allclose(*(boundaries(chunks, seed)[6] for seed in spec.seeds[:2]))


@pytest.mark.parametrize("case", one_in(2, ["normalised by running means", "several seeds"]))
def test_a_training_resumed_from_any_checkpoint_has_the_same_boundaries_bit_for_bit(case, monkeypatch):
    spec = CASES[case]
    monkeypatch.setattr(engine, "next_length", lambda *_: 2)
    undisturbed, checkpoints = [], []
    for chunk in train(spec):
        undisturbed.append(chunk)
        checkpoints.append(chunk.checkpoint())
    expected = {seed: boundaries(undisturbed, seed) for seed in spec.seeds}
    assert all(list(each) == [0, 3, 6] for each in expected.values())
    for checkpoint in checkpoints:
        resumed = list(train(spec, resume=checkpoint))
        for seed in spec.seeds:
            for epoch, values in boundaries(resumed, seed).items():
                np.testing.assert_array_equal(values, expected[seed][epoch])


def test_the_boundary_changes_no_bit_of_the_training_and_chunks_change_none_of_the_boundary(monkeypatch):
    layers = [*NORMALISED, SIGMOID]
    recorded = list(train(a_spec(layers)))
    plain = list(train(a_spec(layers, every=0)))
    for ours, theirs in zip(snapshots(recorded, 0)[7].values, snapshots(plain, 0)[7].values, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    monkeypatch.setattr(engine, "next_length", lambda *_: 1)
    one_by_one = boundaries(list(train(a_spec(layers))), 0)
    for epoch, values in boundaries(recorded, 0).items():
        np.testing.assert_array_equal(values, one_by_one[epoch])


def test_how_often_it_is_recorded_asks_for_no_other_program(monkeypatch):
    """Half as many epochs are recorded twice as often, by default: by the program that there is."""
    monkeypatch.setattr(program_cache, "_programs", type(program_cache._programs)())
    for epochs, every in ((40, 2), (20, 1), (60, 3)):
        spec = a_spec([TANH, SIGMOID], every=None, epochs=epochs)
        assert list(boundaries(list(train(spec)), 0)) == list(range(0, epochs + 1, every))
    assert len(program_cache._programs) == 1


def test_a_run_that_explodes_keeps_the_boundaries_up_to_where_it_did():
    layers = [{"kind": "dense", "units": 4}, {"kind": "dense", "units": 1}]
    fields = a_spec(layers, loss="squared_hinge", every=1, epochs=60).model_dump(mode="json")
    fields["training"]["optimizer"] = {"kind": "sgd", "learning_rate": 1e6}
    chunks = list(train(ExperimentSpec.model_validate(fields)))
    (ended,) = (run for chunk in chunks for run in chunk.runs if run.run_ended)
    assert ended.stopped_by == "nonfinite"
    found = boundaries(chunks, 0)
    assert list(found) == list(range(ended.history.last_epoch + 1))
    assert np.isfinite(found[0]).all()
    assert not np.isfinite(found[ended.history.last_epoch]).all()
