"""The share of weights without gradient in every mini-batch of an epoch, and who is called dead by it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from bench.treating import runs_of
from core.plan import widths as side_by_side
from core.training import program_cache
from core.training.gradient_series import GradientSeries
from core.training.train import train
from gradlab.diagnosis import diagnose
from gradlab.diagnosis.rules import dead_network
from gradlab.measurement.history import Chunk
from gradlab.spec import ExperimentSpec
from tests.campaigns import one_in
from tests.integration.test_recording import SIGMOID, a_spec, dense, trained

# Some units are dead from the beginning, and with these steps others die on the way.
DYING = dense("relu", 12, bias_initializer={"kind": "random_normal", "stddev": 1.0})
STEEP = {"kind": "sgd", "learning_rate": 1.0, "momentum": 0.9}


def dying(batch_size: int, seeds: Sequence[int]) -> ExperimentSpec:
    layers = [DYING, DYING, SIGMOID]
    return a_spec(layers, seeds=seeds, batch_size=batch_size, optimizer=STEEP, epochs=4, record="lean")


def column(spec: ExperimentSpec, chunks: list[Chunk], seed: int, statistic: str) -> np.ndarray:
    """(epochs, tensors) from epoch 1 on."""
    values: np.ndarray = trained(chunks, seed)["gradients"][..., spec.layout["gradients"].columns.index(statistic)]
    return values


def kept_gradients(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Takes what programs leave behind from here on: (epochs, batches, seeds, numbers) a time."""
    left: list[np.ndarray] = []
    add = GradientSeries.add

    def spying(self: GradientSeries, rows: np.ndarray, missing: np.ndarray) -> None:
        if rows.shape[1] > 1:  # epoch 0 has one batch
            left.append(rows)
        add(self, rows, missing)

    monkeypatch.setattr(GradientSeries, "add", spying)
    return left


@pytest.mark.parametrize(("batch_size", "seeds"), one_in(3, [(16, (0, 1)), (1, (0,)), (3, (2, 0, 1))]))
def test_it_is_counted_entry_by_entry_over_the_batches_of_each_epoch(batch_size, seeds, monkeypatch):
    """From the gradients of whole epochs, and batch by batch."""
    left = kept_gradients(monkeypatch)
    spec = dying(batch_size, seeds)
    at_once = list(train(spec))
    gradients = np.concatenate(left)
    monkeypatch.setattr(side_by_side, "MAX_TRACED_NUMBERS", 1)
    monkeypatch.setattr(program_cache, "_programs", type(program_cache._programs)())
    in_pieces = list(train(spec))
    ends = np.cumsum([int(np.prod(each.shape)) for each in spec.layout["gradients"].tensors])
    rises = False
    for place, seed in enumerate(seeds):
        expected = [
            [np.mean([all(entry == 0) for entry in tensor]) for tensor in np.split(epoch[:, place].T, ends[:-1])]
            for epoch in gradients
        ]
        for chunks in (at_once, in_pieces):
            found = column(spec, chunks, seed, "always_zero_fraction")
            np.testing.assert_allclose(found, expected, rtol=1e-6)
            mean = column(spec, chunks, seed, "zero_fraction")
            assert (found <= mean + 1e-6).all()
            assert (found < mean).any()
        assert np.max(expected) > 0
        rises = rises or bool((np.diff(expected, axis=0) > 0).any())
    assert rises  # what has had a gradient in an earlier epoch is not remembered
    losses = [trained(chunks, seeds[0])["metrics"][:, 0] for chunks in (at_once, in_pieces)]
    np.testing.assert_array_equal(*losses)


def test_at_epoch_0_it_is_the_share_of_zeros_of_the_one_gradient():
    spec = dying(3, (0, 1))
    columns = spec.layout["gradients"].columns
    (first,) = train(spec.model_copy(update={"training": spec.training.model_copy(update={"epochs": 0})}))
    for run in first.runs:
        values = run.history.series["gradients"][0]
        always, plain = (values[:, columns.index(name)] for name in ("always_zero_fraction", "zero_fraction"))
        np.testing.assert_array_equal(always, plain)


def words(batch_size: int, *layers: dict[str, Any], **training: Any) -> ExperimentSpec:
    """Texts of five words out of 400, of which each batch has few and an epoch has all."""
    dataset = {"kind": "multilabel", "samples": 1200, "features": 400, "length": 5, "labels": 3, "train_size": 1000}
    return a_spec(
        [*layers, {"kind": "dense", "units": 3, "activation": "sigmoid"}],
        dataset=dataset,
        batch_size=batch_size,
        seeds=(0, 1),
        record="lean",
        **training,
    )


@pytest.mark.parametrize("batch_size", one_in(3, [1, 16, 32]))
def test_rare_inputs_are_no_dead_network(batch_size):
    spec = words(batch_size, dense("relu", 16))
    runs = runs_of(spec)
    for run in runs:
        zeros = run.series("gradients", "zero_fraction", lambda tensor: tensor.layer == "dense_1" and tensor.is_kernel)
        assert zeros is not None
        assert zeros.last[0] > 0.7
        assert dead_network.RULE(run) is None
    assert "dead_network" not in {each.rule for each in diagnose(spec, runs).findings}


@pytest.mark.parametrize("batch_size", one_in(3, [1, 16, 32]))
def test_a_network_that_is_dead_is_called_so_whatever_the_batch(batch_size):
    """Among rare inputs too."""
    barely = dense("relu", 16, bias_initializer={"kind": "constant", "value": -20.0})
    # With momentum it is the program of the test above.
    for run in runs_of(words(batch_size, barely, optimizer={"kind": "sgd", "learning_rate": 0.0001, "momentum": 0.9})):
        sighting = dead_network.RULE(run)
        assert sighting is not None
        assert "dense_1" in sighting.layers


@pytest.mark.parametrize("batch_size", one_in(2, [16, 32]))
def test_words_that_a_batch_does_not_have_are_no_dead_network(batch_size):
    spec = a_spec(
        [
            {"kind": "embedding", "input_dim": 1000, "output_dim": 4},
            {"kind": "simple_rnn", "units": 4, "return_sequences": True},
            {"kind": "dense", "units": 9, "activation": "softmax"},
        ],
        dataset={"kind": "copy_memory", "samples": 120, "symbols": 2, "length": 5, "one_hot": False, "train_size": 100},
        loss="categorical_crossentropy",
        batch_size=batch_size,
        record="lean",
    )
    (run,) = runs_of(spec)
    rows = run.series("gradients", "always_zero_fraction", lambda tensor: tensor.parameter == "embeddings")
    assert rows is not None
    assert rows.last[0] == pytest.approx(0.99)  # eight letters, the blank and the delimiter occur
    assert dead_network.RULE(run) is None
